//! Samples of questions about placement, and of drains.

use wayfare_protocol::control::{Control, DrainOrder};
use wayfare_protocol::placement::{Judged, Placement, PlacementAsk, PlacementDecision, PlacementReason, Verdict};

use super::daemon::entity;
use super::daemon_calls::daemon_key;
use super::*;

crate::variants!(verdict: Verdict { Eligible, Vetoed });

pub fn verdicts() -> Vec<Verdict> {
    vec![
        Verdict::Eligible { score: 250_000, factors: vec![("load".into(), 500_000), ("resources".into(), 500_000)] },
        Verdict::Vetoed { why: "is offline".into() },
    ]
}

pub fn placement() -> Placement {
    let judged = |verdict| Judged { node: NODE, name: "desk".into(), verdict };
    Placement {
        decision: Some(PlacementDecision { target_node: NODE, reason: PlacementReason::Migration }),
        candidates: verdicts().into_iter().map(judged).collect(),
    }
}

pub fn controls() -> Vec<Control> {
    let set = capability::announcement().said.capabilities;
    let ask = PlacementAsk {
        daemon: entity(),
        kind: daemon_key().kind,
        from: NODE,
        filter: capability::filter(),
        required: set.clone(),
        optional: set,
    };
    vec![
        Control::Announce(Box::new(capability::announcement())),
        Control::Place { request: REQUEST, ask: Box::new(ask) },
        Control::Placed { request: REQUEST, placement: Box::new(placement()) },
        Control::Drain { request: REQUEST, node: NODE, order: DrainOrder::Begin },
        Control::Drained { request: REQUEST, outcome: Ok(vec![entity()]) },
    ]
}
