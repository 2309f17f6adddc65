//! Samples of what is asked of daemons, of what they log, and of what they say.

use bytes::Bytes;
use wayfare_protocol::control::Control;
use wayfare_protocol::daemon::{
    DaemonAnswer, DaemonCall, DaemonInfo, DaemonKey, DaemonOutput, DaemonRequest, DaemonResponse, DaemonState,
    DaemonStats, DaemonUpdate, DeadLetter, Durability, FeedInfo, Health, InboxEntry, InboxFrame, Input, OutputFrame,
    ReplayInfo, Replayed, Source, StartDaemon,
};
use wayfare_protocol::migration::{MoveMode, TakeOver};
use wayfare_protocol::ownership::ResourceKey;
use wayfare_protocol::{Origin, Wall};

use super::daemon::{LINK, entity};
use super::*;

crate::variants!(call: DaemonCall {
    Publish, Lost, Subscribe, Acknowledge, Unsubscribe, Describe, DeadLetters, Redrive, Snapshot, Stop, Resume, Move,
    Relocate, ExplainPlacement, Fetch, Feed, EndFeed, Feeds, ReplayInbox, Spare, TakeOver, Recover,
    DescribeSpare,
});
crate::variants!(answer: DaemonAnswer {
    Accepted, Gap, Done, Daemon, DeadLetters, Refused, Moved, Placement, Outputs, Feeds, Replayed, Spare, Recovered,
    SpareKept,
});
crate::variants!(replayed: Replayed { Same, Different, Unknown });
crate::variants!(state: DaemonState { Recovering, Live, Following, Sealed, Elsewhere, Failed, Unreachable, Stopped });
crate::variants!(health: Health { Healthy, Degraded, Unhealthy });
crate::variants!(durability: Durability { Memory, Process, Disk });
crate::variants!(source: Source { Published, Tick, Worked, WorkFailed });
crate::variants!(input: Input { Published, Lost, Tick, Worked, Redriven, Subscribed, Unsubscribed, Fed, Unfed });
crate::variants!(update: DaemonUpdate { Output, Omitted });
crate::variants!(resource_key: ResourceKey { Session, Daemon });

const AT: Wall = Wall(1_767_323_045_000);
const ORIGIN: Origin = Origin(1 << 40);

pub fn daemon_key() -> DaemonKey {
    DaemonKey { name: "votes".parse().expect("a name"), kind: "tally".parse().expect("a kind") }
}

pub fn resource_keys() -> Vec<ResourceKey> {
    vec![key().into(), daemon_key().into()]
}

fn payload() -> Bytes {
    Bytes::from_static(b"pear")
}

pub fn info() -> DaemonInfo {
    DaemonInfo {
        entity: entity(),
        key: daemon_key(),
        owner: NODE,
        device_name: "desk".into(),
        epoch: EPOCH,
        state: DaemonState::Live,
        health: Health::Degraded { reason: "slow".into() },
        durability: Durability::Process,
        head: HEAD,
        stats: DaemonStats { processed: 299, emitted: 70_000, errors: 3, snapshots: 2, dead: 1 },
    }
}

pub fn calls() -> Vec<DaemonCall> {
    vec![
        DaemonCall::Publish { origin: ORIGIN, first: 300, payloads: vec![payload(), Bytes::new()] },
        DaemonCall::Lost { origin: ORIGIN, through: 299 },
        DaemonCall::Subscribe { subscriber: ORIGIN, after: 12 },
        DaemonCall::Acknowledge { subscriber: ORIGIN, through: 70_000 },
        DaemonCall::Unsubscribe { subscriber: ORIGIN },
        DaemonCall::Describe,
        DaemonCall::DeadLetters,
        DaemonCall::Redrive { position: 7 },
        DaemonCall::Snapshot,
        DaemonCall::Stop,
        DaemonCall::Resume,
        DaemonCall::Move { to: NODE, mode: MoveMode::StopAndCopy },
        DaemonCall::Relocate { mode: MoveMode::Live },
        DaemonCall::ExplainPlacement,
        DaemonCall::Fetch { subscriber: ORIGIN, after: 70_000, bytes: 256 },
        DaemonCall::Feed { from: entity(), after: 12 },
        DaemonCall::EndFeed { from: entity() },
        DaemonCall::Feeds,
        DaemonCall::ReplayInbox,
        DaemonCall::Spare { nodes: vec![migration::sealing_key()] },
        DaemonCall::TakeOver(Box::new(TakeOver { target: NODE, ready: migration::ready() })),
        DaemonCall::Recover { to: Some(NODE) },
        DaemonCall::DescribeSpare,
    ]
}

pub fn answers() -> Vec<DaemonAnswer> {
    let source = Source::Published { origin: ORIGIN, sequence: 5 };
    let letter = DeadLetter { position: 7, at: AT, source, payload: payload(), reason: "not this one".into() };
    vec![
        DaemonAnswer::Accepted { through: 301 },
        DaemonAnswer::Gap { expected: 300 },
        DaemonAnswer::Done,
        DaemonAnswer::Daemon(Box::new(info())),
        DaemonAnswer::DeadLetters(vec![letter]),
        DaemonAnswer::Refused(refusal()),
        DaemonAnswer::Moved(Box::new(migration::info())),
        DaemonAnswer::Placement(Box::new(placement::placement())),
        DaemonAnswer::Outputs(vec![output()]),
        DaemonAnswer::Feeds(vec![FeedInfo { from: entity(), through: 300, trouble: Some("it sleeps".into()) }]),
        DaemonAnswer::Replayed(ReplayInfo {
            from: 12,
            through: 300,
            outputs: Replayed::Same,
            state: Replayed::Unknown,
        }),
        DaemonAnswer::Spare(Box::new(migration::spare())),
        DaemonAnswer::Recovered(Box::new(migration::recovery())),
        DaemonAnswer::SpareKept(Box::new((&migration::spare()).into())),
    ]
}

pub fn sources() -> Vec<Source> {
    vec![
        Source::Published { origin: ORIGIN, sequence: 300 },
        Source::Tick { tag: 7 },
        Source::Worked { tag: 8 },
        Source::WorkFailed { tag: 9 },
    ]
}

pub fn inputs() -> Vec<Input> {
    vec![
        Input::Published { origin: ORIGIN, sequence: 300, payload: payload() },
        Input::Lost { origin: ORIGIN, through: 299 },
        Input::Tick { due: AT, tick: 2 },
        Input::Worked { work: 3, result: Err("no".into()) },
        Input::Redriven { position: 7 },
        Input::Subscribed { subscriber: ORIGIN, after: 12 },
        Input::Unsubscribed { subscriber: ORIGIN },
        Input::Fed { from: entity() },
        Input::Unfed { from: entity() },
    ]
}

pub fn inbox_frame() -> InboxFrame {
    let entries = inputs().into_iter().map(|input| InboxEntry { at: AT, input }).collect();
    InboxFrame { first: 300, seed: 1 << 60, entries }
}

fn output() -> DaemonOutput {
    DaemonOutput { link: LINK, position: 300, payload: payload() }
}

pub fn output_frame() -> OutputFrame {
    OutputFrame { through: 301, outputs: vec![output()], dead: vec![(301, "not this one".into())] }
}

pub fn updates() -> Vec<DaemonUpdate> {
    vec![DaemonUpdate::Output(output()), DaemonUpdate::Omitted { from: 1, through: 69_999 }]
}

pub fn states() -> Vec<DaemonState> {
    vec![
        DaemonState::Recovering,
        DaemonState::Live,
        DaemonState::Following,
        DaemonState::Sealed,
        DaemonState::Elsewhere,
        DaemonState::Failed,
        DaemonState::Unreachable,
        DaemonState::Stopped,
    ]
}

pub fn healths() -> Vec<Health> {
    let reason = || "slow".to_owned();
    vec![Health::Healthy, Health::Degraded { reason: reason() }, Health::Unhealthy { reason: reason() }]
}

pub fn replays() -> Vec<Replayed> {
    vec![Replayed::Same, Replayed::Different, Replayed::Unknown]
}

pub fn durabilities() -> Vec<Durability> {
    vec![Durability::Memory, Durability::Process, Durability::Disk]
}

pub fn controls() -> Vec<Control> {
    let start = StartDaemon { key: daemon_key(), durability: Durability::Disk, device: Some(NODE) };
    let call = DaemonCall::Describe;
    vec![
        Control::StartDaemon { request: REQUEST, start },
        Control::DaemonStarted { request: REQUEST, outcome: Ok(Box::new(info())) },
        Control::DaemonRequest(DaemonRequest { request: REQUEST, daemon: entity(), epoch: Some(EPOCH), call }),
        Control::DaemonResponse(DaemonResponse { request: REQUEST, answer: DaemonAnswer::Done }),
        Control::ListDaemons { request: REQUEST },
        Control::DaemonList { request: REQUEST, daemons: vec![info()] },
        Control::DaemonUp(Box::new(info())),
    ]
}
