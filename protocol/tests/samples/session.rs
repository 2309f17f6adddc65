//! Samples of what is asked of sessions and session hosts, and of refusals.

use wayfare_protocol::ask::{
    Completeness, Completion, Detail, HistoryEntry, Inspection, KernelAsk, KernelTold, Variable, VariableDetail,
};
use wayfare_protocol::document::{CharacterId, DocumentCell};
use wayfare_protocol::host::{HostHello, HostMessage, HostRequest, KernelCondition};
use wayfare_protocol::mrp::{CellRef, ExecuteRequest};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{
    RouteReason, RunInfo, RunRequest, SessionAnswer, SessionCall, SessionInfo, SessionState,
};
use wayfare_protocol::{ErrorCode, Wall};

use super::outputs::record;
use super::*;

crate::variants!(call: SessionCall { Run, Interrupt, Input, SetEnvironment, Stop, Describe, Runs, Ask, Reset, RunCell });
crate::variants!(answer: SessionAnswer { Accepted, UnknownRun, Done, Session, Refused, Runs, Told });
crate::variants!(state: SessionState { Cold, Starting, Idle, Busy, Unreachable });
crate::variants!(reason: RouteReason {
    LocalOwner, RunningElsewhere, ChosenByUser, ColdStartHere, ColdStartByCapability, SameNetwork,
});
crate::variants!(host_request: HostRequest { HandOver, Attach, Acknowledge, Interrupt, Input, Prepare, ShutDown, Ask });
crate::variants!(host_message: HostMessage { Hello, Output, Kernel, Prepared, Refused, Told });
crate::variants!(condition: KernelCondition { Starting, Idle, Busy, Gone });
crate::variants!(code: ErrorCode {
    Malformed, Unsupported, VersionMismatch, Unauthenticated, Forbidden, PairingRefused, RateLimited, NotFound, Ambiguous,
    NoCapability, OwnerUnreachable, StaleEpoch, SessionFull, TooLarge, Overloaded, DeadlineExceeded, Draining,
    KernelStartFailed, StorageFailed, NotWaiting, KernelBusy,
});
crate::variants!(ask: KernelAsk { Complete, Inspect, IsComplete, Variables, Variable, History });
crate::variants!(told: KernelTold { Completions, Inspection, Completeness, Variables, Variable, History });

pub fn info() -> SessionInfo {
    SessionInfo {
        id: SESSION,
        key: key(),
        owner: NODE,
        device_name: "desk".into(),
        epoch: EPOCH,
        state: SessionState::Idle,
        environment: environment(),
    }
}

pub fn execute() -> ExecuteRequest {
    let cell = Some(CellRef { document: "hello.md".into(), index: 2 });
    ExecuteRequest { cell, ..ExecuteRequest::of("print('hé')") }
}

pub fn cell() -> DocumentCell {
    DocumentCell { project: PROJECT, document: DOCUMENT, begins: CharacterId { client: 4_000_000_000, clock: 17 } }
}

pub fn calls() -> Vec<SessionCall> {
    vec![
        SessionCall::Run(RunRequest { run: RUN, again: true, request: execute() }),
        SessionCall::Interrupt { run: Some(RUN) },
        SessionCall::Input { run: RUN, text: "yes".into() },
        SessionCall::SetEnvironment(environment()),
        SessionCall::Stop,
        SessionCall::Describe,
        SessionCall::Runs { last: 20 },
        SessionCall::Ask(KernelAsk::Variables),
        SessionCall::Reset,
        SessionCall::RunCell { asked: RunRequest { run: RUN, again: false, request: execute() }, cell: cell() },
    ]
}

pub fn run_info() -> RunInfo {
    let outcome = Some(RunOutcome::Interrupted { seen_through: 4 });
    RunInfo { run: RUN, position: 9, accepted_at: Wall(1_767_323_045_000), last_event: 4, outcome }
}

pub fn answers() -> Vec<SessionAnswer> {
    vec![
        SessionAnswer::Accepted { position: 9, owner: NODE, epoch: EPOCH },
        SessionAnswer::UnknownRun,
        SessionAnswer::Done,
        SessionAnswer::Session(info()),
        SessionAnswer::Refused(refusal()),
        SessionAnswer::Runs(vec![run_info()]),
        SessionAnswer::Told(completeness()),
    ]
}

fn completeness() -> KernelTold {
    KernelTold::Completeness { status: Completeness::Incomplete, indent: "    ".into() }
}

fn variable() -> Variable {
    Variable {
        name: "a".into(),
        r#type: "ndarray".into(),
        value: "[[0 1]]".into(),
        size: Some(16),
        expandable: true,
        shape: Some(vec![1, 2]),
        dtype: Some("int64".into()),
        length: Some(1),
        keys: Some(vec!["k".into()]),
    }
}

pub fn asks() -> Vec<KernelAsk> {
    vec![
        KernelAsk::Complete { code: "pri".into(), cursor: 3 },
        KernelAsk::Inspect { code: "print".into(), cursor: 2, detail: Detail::Documentation },
        KernelAsk::IsComplete { code: "if x:".into() },
        KernelAsk::Variables,
        KernelAsk::Variable { name: "a".into(), path: vec!["[0]".into()], max_children: 100, max_value: 1000 },
        KernelAsk::History { last: 20, before: 0, contains: "x".into() },
    ]
}

pub fn tolds() -> Vec<KernelTold> {
    let completion =
        Completion { label: "print".into(), kind: Some("function".into()), detail: Some("(*args)".into()) };
    let inspection = Inspection {
        found: true,
        name: "print".into(),
        kind: Some("builtin_function_or_method".into()),
        signature: Some("print(*args)".into()),
        value: None,
        docstring: Some("Prints.".into()),
        source_code: None,
        file: None,
    };
    let detail = VariableDetail {
        variable: variable(),
        full_value: "[[0 1]]".into(),
        children: vec![variable()],
        methods: vec!["sum".into()],
        truncated: false,
    };
    vec![
        KernelTold::Completions { matches: vec![completion], cursor_start: 0, cursor_end: 3 },
        KernelTold::Inspection(inspection),
        completeness(),
        KernelTold::Variables { variables: vec![variable()], truncated: true },
        KernelTold::Variable(Box::new(detail)),
        KernelTold::History { entries: vec![HistoryEntry { history_index: 3, code: "x = 1".into() }], has_more: true },
    ]
}

pub fn states() -> Vec<SessionState> {
    let busy = SessionState::Busy { run: RUN, waiting: 2 };
    vec![SessionState::Cold, SessionState::Starting, SessionState::Idle, busy, SessionState::Unreachable]
}

pub fn reasons() -> Vec<RouteReason> {
    vec![
        RouteReason::LocalOwner,
        RouteReason::RunningElsewhere,
        RouteReason::ChosenByUser,
        RouteReason::ColdStartHere,
        RouteReason::ColdStartByCapability,
        RouteReason::SameNetwork,
    ]
}

pub fn host_requests() -> Vec<HostRequest> {
    vec![
        HostRequest::HandOver { position: 9, run: RUN, attempt: 1, request: execute() },
        HostRequest::Attach { from: 1 },
        HostRequest::Acknowledge { through: 300 },
        HostRequest::Interrupt { position: Some(9) },
        HostRequest::Input { run: RUN, text: "yes".into() },
        HostRequest::Prepare,
        HostRequest::ShutDown,
        HostRequest::Ask { ask: 4, what: KernelAsk::Variables },
    ]
}

pub fn host_messages() -> Vec<HostMessage> {
    let hello = HostHello {
        version: 1,
        session: SESSION,
        kernel: 1,
        last_position: 9,
        first_kept: 290,
        next_sequence: 301,
        condition: KernelCondition::Busy,
    };
    vec![
        HostMessage::Hello(hello),
        HostMessage::Output(record()),
        HostMessage::Kernel(KernelCondition::Idle),
        HostMessage::Prepared { through: 300 },
        HostMessage::Refused(refusal()),
        HostMessage::Told { ask: 4, outcome: Ok(completeness()) },
    ]
}

pub fn conditions() -> Vec<KernelCondition> {
    let gone = KernelCondition::Gone { detail: "signal 9".into() };
    vec![KernelCondition::Starting, KernelCondition::Idle, KernelCondition::Busy, gone]
}

pub fn codes() -> Vec<ErrorCode> {
    use ErrorCode as E;
    vec![
        E::Malformed,
        E::Unsupported,
        E::VersionMismatch,
        E::Unauthenticated,
        E::Forbidden,
        E::PairingRefused,
        E::RateLimited,
        E::NotFound,
        E::Ambiguous,
        E::NoCapability,
        E::OwnerUnreachable,
        E::StaleEpoch,
        E::SessionFull,
        E::TooLarge,
        E::Overloaded,
        E::DeadlineExceeded,
        E::Draining,
        E::KernelStartFailed,
        E::StorageFailed,
        E::NotWaiting,
        E::KernelBusy,
    ]
}
