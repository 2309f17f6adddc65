//! The page: one file, a lane per place, messages as arrows, faults as bands.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::{Value, json};
use wayfare_protocol::StreamId;
use wayfare_protocol::codec::Codec;
use wayfare_protocol::control::Control;
use wayfare_protocol::frame::{Frame, Kind};

use super::{Recording, beginning, without_bytes};
use crate::plan::Plan;
use crate::simulation::Report;

const TEMPLATE: &str = include_str!("page.html");
/// Where the data goes in the template.
const PLACE_OF_DATA: &str = "/* the run */ null";
/// Letters of a line of the page.
const LETTERS: usize = 400;

/// What a message is, for people.
pub(super) fn message(frame: &Bytes) -> String {
    let Ok(frame) = Frame::decode(frame) else { return format!("{} bytes", frame.len()) };
    let stream = frame.stream.0;
    match frame.kind {
        Kind::Data { more: false } if frame.stream == StreamId(0) => {
            match Codec::Bincode.decode::<Control>(&frame.body) {
                Ok(control) => format!("{control:?}"),
                Err(_) => format!("handshake, {} bytes", frame.body.len()),
            }
        }
        Kind::Data { .. } => format!("stream {stream}: {} bytes", frame.body.len()),
        Kind::Open => format!("stream {stream}: open"),
        Kind::Credit => format!("stream {stream}: credit"),
        Kind::Close => format!("stream {stream}: close"),
        Kind::Reset => format!("stream {stream}: reset"),
    }
}

impl Recording {
    /// The page of a run.
    #[must_use]
    pub fn page(&self, plan: &Plan, report: &Report) -> String {
        let (entries, passages) = (self.entries(), self.passages());
        let mut places: BTreeSet<&str> = entries.iter().map(|entry| entry.place.as_str()).collect();
        places.remove("world");
        let sessions: BTreeSet<&str> = entries
            .iter()
            .filter_map(|entry| entry.actor.strip_prefix("session ").or(entry.actor.strip_prefix("journal ")))
            .collect();
        let faults: Vec<Value> = plan
            .faults
            .iter()
            .map(|fault| {
                let on: Vec<_> = fault.places().iter().map(ToString::to_string).collect();
                json!([fault.at.as_secs_f64(), (fault.at + fault.lasts).as_secs_f64(), on, format!("{:?}", fault.what)])
            })
            .chain(plan.chores.iter().map(|chore| {
                let (from, to) = (chore.at.as_secs_f64(), (chore.at + chore.lasts).as_secs_f64());
                json!([from, to, [chore.work.place().to_string()], format!("{:?}", chore.work)])
            }))
            .collect();
        let said: Vec<Value> = entries
            .iter()
            .map(|it| {
                let text = beginning(&without_bytes(&it.text), LETTERS);
                json!([it.at.as_secs_f64(), it.place, it.actor, text])
            })
            .collect();
        let sent: Vec<Value> = passages
            .iter()
            .map(|it| {
                let text = beginning(&it.text, LETTERS);
                json!([it.sent.as_secs_f64(), it.arrives.as_secs_f64(), it.from, it.to, text])
            })
            .collect();
        let data = json!({
            "title": format!("seed {}", plan.seed),
            "about": plan.about,
            "plan": plan.describe(),
            "violations": report.violations.iter().map(|it| format!("{:?}: {}", it.oracle, it.detail)).collect::<Vec<_>>(),
            "ends": report.elapsed.as_secs_f64(),
            "places": places,
            "sessions": sessions,
            "faults": faults,
            "entries": said,
            "passages": sent,
        });
        // No text of a run may end the script.
        TEMPLATE.replacen(PLACE_OF_DATA, &data.to_string().replace("</", "<\\/"), 1)
    }
}
