//! What an event weighs, and how one that is too large is cut.

use wayfare_protocol::mrp::{ExecuteError, MimeBundle, RunEvent};
use wayfare_protocol::output::{OutputBody, OutputRecord};

/// What a record weighs beside its texts: ids, numbers, lengths. At least what they take when encoded.
const RECORD_OVERHEAD: u64 = 64;

/// Bytes that a record counts for in every bound.
#[must_use]
pub(super) fn weight(record: &OutputRecord) -> u64 {
    match &record.body {
        OutputBody::Event { event, .. } => RECORD_OVERHEAD + event_bytes(event),
        OutputBody::Ended(_) => RECORD_OVERHEAD,
    }
}

/// Bytes of the texts of an event.
#[must_use]
pub fn event_bytes(event: &RunEvent) -> u64 {
    let bytes = match event {
        RunEvent::Stdout { content } | RunEvent::Stderr { content } => content.len(),
        RunEvent::StdinRequest { prompt, .. } => prompt.len(),
        RunEvent::Display { bundle, display_id } => bundle_bytes(bundle) + display_id.as_ref().map_or(0, String::len),
        RunEvent::DisplayUpdate { bundle, display_id } => bundle_bytes(bundle) + display_id.len(),
        RunEvent::Asset(asset) => asset.path.len() + asset.url.len() + asset.mime_type.len() + asset.asset_type.len(),
        RunEvent::Result(result) => result.result.as_ref().map_or(0, bundle_bytes),
        RunEvent::Error { error, .. } => error_bytes(error),
        RunEvent::Start { .. } | RunEvent::StdinAnswered | RunEvent::ClearOutput { .. } | RunEvent::Omitted { .. } => 0,
    };
    bytes as u64
}

fn bundle_bytes(bundle: &MimeBundle) -> usize {
    bundle.metadata.len() + bundle.data.iter().map(|(kind, text)| kind.len() + text.len() + 16).sum::<usize>()
}

fn error_bytes(error: &ExecuteError) -> usize {
    error.kind.len() + error.message.len() + error.traceback.iter().map(|line| line.len() + 8).sum::<usize>()
}

/// Cuts a text to at most `max` bytes at a character's border and returns the rest.
pub(super) fn split_text(text: &mut String, max: usize) -> String {
    if text.len() <= max { String::new() } else { text.split_off(text.floor_char_boundary(max)) }
}

/// Leaves the largest values of a bundle out until it has at most `max` bytes; returns how many bytes went.
pub(super) fn cut_bundle(bundle: &mut MimeBundle, max: usize) -> u64 {
    let before = bundle_bytes(bundle);
    if before <= max {
        return 0;
    }
    if bundle.metadata.len() > max / 2 {
        bundle.metadata = "{}".to_owned();
    }
    while bundle_bytes(bundle) > max {
        let largest =
            bundle.data.iter().max_by_key(|(kind, text)| kind.len() + text.len()).map(|(kind, _)| kind.clone());
        match largest {
            Some(kind) => bundle.data.remove(&kind),
            None => break,
        };
    }
    (before - bundle_bytes(bundle)) as u64
}

/// Cuts the texts of an error to about `max` bytes, the innermost lines of the traceback last; returns how many went.
pub(super) fn cut_error(error: &mut ExecuteError, max: usize) -> u64 {
    let before = error_bytes(error);
    if before <= max {
        return 0;
    }
    split_text(&mut error.kind, max / 8);
    split_text(&mut error.message, max / 4);
    let mut room = (max / 2).saturating_sub(8);
    let mut kept = Vec::new();
    for mut line in error.traceback.drain(..).rev() {
        if room == 0 {
            break;
        }
        split_text(&mut line, room);
        room = room.saturating_sub(line.len() + 8);
        kept.push(line);
    }
    kept.reverse();
    error.traceback = kept;
    (before - error_bytes(error)) as u64
}
