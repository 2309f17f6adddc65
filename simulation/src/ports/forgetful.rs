//! Disks that no longer find what they keep: what a log must not do, for mutations.

use bytes::Bytes;
use wayfare_actors::ports::LogName;
use wayfare_core::session::InboxRecord;
use wayfare_core::{daemon, document, ownership};
use wayfare_protocol::daemon::{InboxFrame, Input};
use wayfare_protocol::{Origin, codec};

use super::Sync;
use crate::ledger::Line;

/// An update of Yjs without changes and deletions.
const NOTHING: [u8; 2] = [0, 0];

/// What a disk of that kind makes of records that are read from one of its logs.
pub(super) fn forget(sync: Sync, name: LogName, records: &mut [Bytes]) {
    match (sync, name) {
        (Sync::ForgetsRuns, LogName::Inbox(_)) => forget_started(records),
        (Sync::ForgetsEvents, LogName::DaemonInbox(_)) => forget_newest(records, |_| true),
        (Sync::ForgetsFeeds, LogName::DaemonInbox(_)) => {
            forget_newest(records, |payload| codec::decode::<Line>(payload).is_ok());
        }
        (Sync::ForgetsSeals, LogName::DaemonInbox(_)) => forget_seals(records),
        (Sync::ForgetsChanges, LogName::Document(..)) => forget_newest_change(records),
        _ => {}
    }
}

/// Puts something that means nothing in the place of the newest event of a kind.
fn forget_newest(records: &mut [Bytes], is_of_kind: impl Fn(&Bytes) -> bool) {
    for record in records.iter_mut().rev() {
        let Ok(daemon::InboxRecord::Frame(bytes)) = codec::decode(record) else { continue };
        let Ok(mut frame) = InboxFrame::decode(&bytes) else { continue };
        let newest = frame
            .entries
            .iter_mut()
            .rev()
            .find(|entry| matches!(&entry.input, Input::Published { payload, .. } if is_of_kind(payload)));
        if let Some(newest) = newest {
            newest.input = Input::Unsubscribed { subscriber: Origin(0) };
            *record = codec::encode(&daemon::InboxRecord::Frame(codec::encode(&frame)));
            return;
        }
    }
}

/// Puts an update with nothing in it in the place of the newest one of a document.
fn forget_newest_change(records: &mut [Bytes]) {
    for bytes in records.iter_mut().rev() {
        let Ok(record) = codec::decode::<document::Record>(bytes) else { continue };
        if record.piece == 0 && !record.more && !record.is_history && record.bytes[..] != NOTHING {
            *bytes = codec::encode(&document::Record { bytes: Bytes::from_static(&NOTHING), ..record });
            return;
        }
    }
}

/// Puts something that means nothing in the place of every seal.
fn forget_seals(records: &mut [Bytes]) {
    let is_seal = |record: &ownership::Record| matches!(record, ownership::Record::Sealed { .. });
    for bytes in records {
        let Ok(mut record) = codec::decode(bytes) else { continue };
        match &mut record {
            daemon::InboxRecord::Ownership(seal) if is_seal(seal) => record = daemon::InboxRecord::Stopped(false),
            daemon::InboxRecord::Snapshot { ownership, .. } => ownership.retain(|record| !is_seal(record)),
            _ => continue,
        }
        *bytes = codec::encode(&record);
    }
}

/// Puts something that means nothing in the place of every run that was started.
fn forget_started(records: &mut [Bytes]) {
    let read = |record: &Bytes| codec::decode::<InboxRecord>(record).ok();
    let started: Vec<_> = records
        .iter()
        .filter_map(|record| match read(record)? {
            InboxRecord::Started { position, .. } => Some(position),
            _ => None,
        })
        .collect();
    for record in records {
        if let Some(InboxRecord::Accepted { position, .. }) = read(record)
            && started.contains(&position)
        {
            *record = codec::encode(&InboxRecord::OutputsForgotten { runs: Vec::new() });
        }
    }
}
