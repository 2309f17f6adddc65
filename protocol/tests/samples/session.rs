//! Samples of what is asked of sessions and session hosts, and of refusals.

use wayfare_protocol::host::{HOST_VERSION, HostHello, HostMessage, HostRequest, KernelCondition};
use wayfare_protocol::mrp::{CellRef, ExecuteRequest};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{
    RouteReason, RunInfo, RunRequest, SessionAnswer, SessionCall, SessionInfo, SessionState,
};
use wayfare_protocol::{ErrorCode, Wall};

use super::outputs::record;
use super::*;

crate::variants!(call: SessionCall { Run, Interrupt, Input, SetEnvironment, Stop, Describe, Runs });
crate::variants!(answer: SessionAnswer { Accepted, UnknownRun, Done, Session, Refused, Runs });
crate::variants!(state: SessionState { Cold, Starting, Idle, Busy, Unreachable });
crate::variants!(reason: RouteReason {
    LocalOwner, RunningElsewhere, ChosenByUser, ColdStartHere, ColdStartByCapability, SameNetwork,
});
crate::variants!(host_request: HostRequest { HandOver, Attach, Acknowledge, Interrupt, Input, Prepare, ShutDown });
crate::variants!(host_message: HostMessage { Hello, Output, Kernel, Prepared, Refused });
crate::variants!(condition: KernelCondition { Starting, Idle, Busy, Gone });
crate::variants!(code: ErrorCode {
    Malformed, Unsupported, VersionMismatch, Unauthenticated, Forbidden, PairingRefused, RateLimited, NotFound, Ambiguous,
    NoCapability, OwnerUnreachable, StaleEpoch, SessionFull, TooLarge, Overloaded, DeadlineExceeded, Draining,
    KernelStartFailed, StorageFailed, NotWaiting,
});

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

pub fn calls() -> Vec<SessionCall> {
    vec![
        SessionCall::Run(RunRequest { run: RUN, again: true, request: execute() }),
        SessionCall::Interrupt { run: Some(RUN) },
        SessionCall::Input { run: RUN, text: "yes".into() },
        SessionCall::SetEnvironment(environment()),
        SessionCall::Stop,
        SessionCall::Describe,
        SessionCall::Runs { last: 20 },
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
    ]
}

pub fn host_messages() -> Vec<HostMessage> {
    let hello = HostHello {
        version: HOST_VERSION,
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
    ]
}
