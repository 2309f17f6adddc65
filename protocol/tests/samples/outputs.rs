//! Samples of events, output records and run updates.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::Wall;
use wayfare_protocol::asset::AssetMessage;
use wayfare_protocol::document::DocumentMessage;
use wayfare_protocol::mrp::{Asset, ExecuteError, MimeBundle, RunEvent, RunResult};
use wayfare_protocol::output::{OutputBody, OutputRecord, RunOutcome};
use wayfare_protocol::stream::RunUpdate;

use super::*;

crate::variants!(event: RunEvent {
    Start, Stdout, Stderr, StdinRequest, StdinAnswered, Display, DisplayUpdate, Asset, ClearOutput, Omitted, Result, Error,
});
crate::variants!(body: OutputBody { Event, Ended });
crate::variants!(outcome: RunOutcome { Succeeded, Failed, Interrupted, Cancelled, Unknown });
crate::variants!(asset: AssetMessage { Get, Put, Has, Wants, Piece, Kept });
crate::variants!(document: DocumentMessage { Frame, Kept });
crate::variants!(update: RunUpdate { Attached, Event, Ended, Waiting, Refused });

fn bundle() -> MimeBundle {
    let data = [("text/html", "<b>2</b>"), ("text/plain", "2")];
    let data: BTreeMap<_, _> = data.into_iter().map(|(kind, text)| (kind.to_owned(), text.to_owned())).collect();
    MimeBundle { data, metadata: "{}".into() }
}

pub fn events() -> Vec<RunEvent> {
    let asset = Asset {
        path: "plot.png".into(),
        url: "/assets/plot.png".into(),
        mime_type: "image/png".into(),
        asset_type: "image".into(),
        size: 2_048,
    };
    let error = ExecuteError {
        kind: "ZeroDivisionError".into(),
        message: "division by zero".into(),
        traceback: vec!["line 1".into()],
        line: Some(1),
        column: None,
    };
    vec![
        RunEvent::Start { at: Wall(1_767_323_045_000), kernel: 1 },
        RunEvent::Stdout { content: "hé\n".into() },
        RunEvent::Stderr { content: "careful\n".into() },
        RunEvent::StdinRequest { prompt: "sure? ".into(), password: false },
        RunEvent::StdinAnswered,
        RunEvent::Display { bundle: bundle(), display_id: Some("d1".into()) },
        RunEvent::DisplayUpdate { bundle: bundle(), display_id: "d1".into() },
        RunEvent::Asset(asset),
        RunEvent::ClearOutput { wait: true },
        RunEvent::Omitted { from: 5, through: 9, bytes: 70_000 },
        RunEvent::Result(RunResult { result: Some(bundle()), execution_count: Some(3), duration_ms: 300 }),
        RunEvent::Error { error, duration_ms: 300, execution_count: Some(3) },
    ]
}

pub fn record() -> OutputRecord {
    let body = OutputBody::Event { number: 2, event: RunEvent::Stdout { content: "hé\n".into() } };
    OutputRecord { sequence: 300, run: RUN, attempt: 1, body }
}

pub fn records() -> Vec<OutputRecord> {
    let ended = OutputRecord { sequence: 301, body: OutputBody::Ended(RunOutcome::Succeeded), ..record() };
    vec![record(), ended]
}

pub fn outcomes() -> Vec<RunOutcome> {
    vec![
        RunOutcome::Succeeded,
        RunOutcome::Failed,
        RunOutcome::Interrupted { seen_through: 4 },
        RunOutcome::Cancelled,
        RunOutcome::Unknown,
    ]
}

pub fn documents() -> Vec<DocumentMessage> {
    vec![
        DocumentMessage::Frame { more: true, bytes: Bytes::from_static(&[0, 2, 3, 0, 0]) },
        DocumentMessage::Kept { through: 300 },
    ]
}

pub fn assets() -> Vec<AssetMessage> {
    vec![
        AssetMessage::Get { from: 300 },
        AssetMessage::Put { size: 70_000 },
        AssetMessage::Has { size: 70_000 },
        AssetMessage::Wants { from: 300 },
        AssetMessage::Piece { bytes: Bytes::from_static(&[0x89, b'P', b'N', b'G']) },
        AssetMessage::Kept,
    ]
}

pub fn updates() -> Vec<RunUpdate> {
    vec![
        RunUpdate::Attached { owner: NODE, device_name: "desk".into(), attempt: 1 },
        RunUpdate::Event { number: 2, event: RunEvent::Stdout { content: "hé\n".into() } },
        RunUpdate::Ended(RunOutcome::Interrupted { seen_through: 4 }),
        RunUpdate::Waiting,
        RunUpdate::Refused(refusal()),
    ]
}
