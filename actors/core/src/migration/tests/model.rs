//! What must have come of the recorded inbox, worked out without a host.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use wayfare_protocol::Head;
use wayfare_protocol::causal::Chain;
use wayfare_protocol::daemon::{Context, DaemonOutput, Event, InboxDigest, InboxFrame, Input, MeshDaemon, Source};
use wayfare_protocol::entity::Origin;
use wayfare_protocol::horizon::Horizon;

use crate::daemon::desk::{Tally, entity};

pub(super) struct Model {
    pub(super) head: Head,
    pub(super) outputs: Vec<DaemonOutput>,
    pub(super) state: Option<Bytes>,
    /// Last number of each publisher: each came once, in order.
    pub(super) last: BTreeMap<Origin, u64>,
}

/// Folds frames by their first position.
pub(super) fn fold(frames: &BTreeMap<u64, Bytes>) -> Model {
    let mut code = Tally::default();
    let (mut chain, mut horizon) = (Chain::genesis(entity().origin()), Horizon::default());
    let (mut position, mut digest) = (0, InboxDigest::default());
    let (mut outputs, mut last) = (Vec::new(), BTreeMap::new());
    for bytes in frames.values() {
        let frame = InboxFrame::decode(bytes).expect("a frame");
        assert_eq!(frame.first, position + 1, "the inbox has no gap and no overlap");
        digest = digest.after(bytes);
        for (at, entry) in (frame.first..).zip(&frame.entries) {
            position = at;
            let Input::Published { origin, sequence, payload } = &entry.input else { continue };
            let before = last.insert(*origin, *sequence).unwrap_or(0);
            assert_eq!(*sequence, before + 1, "every event of a publisher once and in order");
            let source = Source::Published { origin: *origin, sequence: *sequence };
            let event = Event { position: at, at: entry.at, source, payload: payload.clone() };
            for payload in process(&mut code, &event, frame.seed_of(at), &mut horizon) {
                let link = chain.append(horizon.summary(), &payload).expect("a link");
                outputs.push(DaemonOutput { link, position: at, payload });
            }
        }
    }
    let head = Head {
        inbox_position: position,
        inbox_digest: digest.0,
        output_sequence: chain.sequence(),
        output_hash: chain.hash(),
    };
    Model { head, outputs, state: code.snapshot().expect("a state"), last }
}

/// An event that the code refuses, or at which it breaks, changes nothing.
fn process(code: &mut Tally, event: &Event, seed: u64, horizon: &mut Horizon) -> Vec<Bytes> {
    let mut context = Context::new(event.at, seed);
    let result = catch_unwind(AssertUnwindSafe(|| code.process(event, &mut context)));
    match (result, event.source) {
        (Ok(Ok(payloads)), Source::Published { origin, sequence }) => {
            horizon.observe(origin, sequence);
            payloads
        }
        _ => Vec::new(),
    }
}
