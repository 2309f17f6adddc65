//! An account in virtual time, in the cloud or on a node, with links that the test names.

mod daemons;
mod moves;
mod opens;
mod placing;
mod policy;
mod presence;
mod readers;
mod recovery;
mod renaming;
mod requests;
mod revocation;
mod sessions;
mod spares;

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;
use wayfare_protocol::capability::{Accepting, Capabilities, Policy, Power, Reluctance, RuntimeSpec};
use wayfare_protocol::capability_set::CapabilitySet;
use wayfare_protocol::control::{Control, DeviceInfo, MrpRequest, MrpResponse, OpenedSession, PresenceInfo};
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Lineage, Row};
use wayfare_protocol::session::{
    Environment, Language, OpenSession, RouteReason, RunRequest, SessionAnswer, SessionCall, SessionInfo, SessionKey,
    SessionName, SessionState,
};
use wayfare_protocol::{
    Access, Boot, DeviceId, Epoch, ErrorCode, Limits, NodeId, Now, Refusal, RequestId, ResourceId, RunId, SessionId,
    TraceId, Wall,
};

use super::*;
use crate::machine::OpId;
use crate::ownership;
use crate::session::Caller;

pub(super) const DESK: NodeId = NodeId(DeviceId([1; 32]));
pub(super) const LAPTOP: NodeId = NodeId(DeviceId([2; 32]));
pub(super) const PHONE: DeviceId = DeviceId([3; 32]);

pub(super) const EPOCH: Epoch = Epoch { generation: 1, n: 1 };

pub(super) fn session(n: u128) -> SessionId {
    SessionId(Uuid::from_u128(n))
}

pub(super) fn request(n: u128) -> RequestId {
    RequestId(Uuid::from_u128(n))
}

pub(super) fn key(name: &str) -> SessionKey {
    SessionKey { name: SessionName::new("notes", name).unwrap(), language: Language::from_word("python") }
}

pub(super) fn python() -> Capabilities {
    let runtime = RuntimeSpec {
        kernel: "python3".to_owned(),
        language: Language::from_word("python"),
        display_name: "Python 3".to_owned(),
        environment: String::new(),
    };
    Capabilities { runtimes: vec![runtime], ..Capabilities::default() }
}

pub(super) fn registered(device: DeviceId, name: &str, node: Option<Capabilities>) -> Registered {
    Registered { device, name: name.to_owned(), os: "linux".to_owned(), node, access: Access::Everything }
}

pub(super) fn row(n: u128, name: &str, owner: NodeId) -> Row {
    let resource = ResourceId::Session(session(n));
    Row { resource, key: key(name).into(), owner, epoch: EPOCH, lineage: Lineage(0), base: None }
}

pub(super) fn info(n: u128, name: &str, owner: NodeId, epoch: Epoch) -> SessionInfo {
    SessionInfo {
        id: session(n),
        key: key(name),
        owner,
        device_name: if owner == DESK { "desk" } else { "laptop" }.to_owned(),
        epoch,
        state: SessionState::Idle,
        environment: Environment::default(),
    }
}

pub(super) fn open(name: &str, id: u128) -> OpenSession {
    OpenSession {
        key: key(name),
        id: session(id),
        environment: Environment::default(),
        needs: wayfare_protocol::capability::Needs::default(),
        device: None,
    }
}

/// A run of a session, as a client asks for it.
pub(super) fn run(n: u128, of: u128) -> MrpRequest {
    let call = SessionCall::Run(RunRequest {
        run: RunId(Uuid::from_u128(n)),
        again: false,
        request: wayfare_protocol::mrp::ExecuteRequest::of("1+1"),
    });
    MrpRequest { request: request(n), trace: TraceId(Uuid::from_u128(n)), session: session(of), epoch: None, call }
}

pub(super) struct Bench {
    pub(super) account: Account,
    pub(super) millis: u64,
    pub(super) said: Vec<Effect>,
}

impl Bench {
    pub(super) fn new(place: Place, limits: Limits) -> Self {
        let account = Account::new(Config { place, limits }, now(0));
        Self { account, millis: 0, said: Vec::new() }
    }

    /// A cloud that knows the desk and the laptop, and one session on the desk.
    pub(super) fn cloud() -> Self {
        Self::cloud_with(Limits::default())
    }

    pub(super) fn cloud_with(limits: Limits) -> Self {
        let mut bench = Self::new(Place::Cloud { generation: 1 }, limits);
        let devices = vec![
            (registered(DESK.0, "desk", Some(python())), Wall(5)),
            (registered(LAPTOP.0, "laptop", Some(python())), Wall(6)),
            (registered(PHONE, "phone", None), Wall(7)),
        ];
        bench.input(Input::Loaded {
            devices,
            revoked: BTreeMap::new(),
            given: BTreeMap::new(),
            rows: vec![row(1, "main", DESK)],
        });
        bench
    }

    /// The desk's own account.
    pub(super) fn desk() -> Self {
        Self::desk_with(Policy::default())
    }

    /// The same with a policy.
    pub(super) fn desk_with(policy: Policy) -> Self {
        let (name, os) = ("desk".to_owned(), "linux".to_owned());
        let place =
            Place::Node { node: DESK, name, os, capabilities: python(), announced: CapabilitySet::new(), policy };
        Self::new(place, Limits::default())
    }

    pub(super) fn input(&mut self, input: Input) {
        let now = now(self.millis);
        self.account.step(now, input, &mut self.said);
    }

    pub(super) fn pass(&mut self, millis: u64) {
        self.millis += millis;
        let now = now(self.millis);
        self.account.wake(now, &mut self.said);
    }

    pub(super) fn up(&mut self, link: u64, device: DeviceId) {
        let node = (device != PHONE).then(python);
        let name = if device == DESK.0 { "desk" } else { "laptop" };
        let name = if device == PHONE { "phone" } else { name };
        self.input(Input::LinkUp { link: LinkId(link), peer: Peer::Device(registered(device, name, node)) });
    }

    /// A node comes back under the id that it has.
    pub(super) fn up_again(&mut self, link: u64, node: NodeId) {
        let peer = Peer::Device(registered(node.0, "again", Some(python())));
        self.input(Input::LinkUp { link: LinkId(link), peer });
    }

    /// A program on this node.
    pub(super) fn client(&mut self, link: u64) {
        self.input(Input::LinkUp { link: LinkId(link), peer: Peer::Device(registered(DESK.0, "desk", None)) });
    }

    pub(super) fn upstream(&mut self, link: u64) {
        self.input(Input::LinkUp { link: LinkId(link), peer: Peer::Upstream { generation: 1 } });
    }

    pub(super) fn down(&mut self, link: u64) {
        self.input(Input::LinkDown { link: LinkId(link) });
    }

    pub(super) fn says(&mut self, link: u64, control: Control) {
        self.input(Input::Control { link: LinkId(link), control });
    }

    pub(super) fn asks(&mut self, link: u64, asked: MrpRequest) {
        self.says(link, Control::MrpRequest(asked));
    }

    pub(super) fn opens(&mut self, link: u64, n: u128, open: OpenSession) {
        self.says(link, Control::Open { request: request(n), open });
    }

    /// Takes what was sent over a link.
    pub(super) fn sent(&mut self, link: u64) -> Vec<Control> {
        let mut sent = Vec::new();
        self.said.retain(|effect| match effect {
            Effect::Send { link: to, control } if to.0 == link => {
                sent.push(control.clone());
                false
            }
            _ => true,
        });
        sent
    }

    /// Takes the runs that were passed on over a link: marked `again`, and the epoch.
    pub(super) fn passed(&mut self, link: u64) -> Vec<(bool, Option<Epoch>)> {
        let passed = self.sent(link).into_iter().filter_map(|control| match control {
            Control::MrpRequest(MrpRequest { epoch, call: SessionCall::Run(run), .. }) => Some((run.again, epoch)),
            _ => None,
        });
        passed.collect()
    }

    /// Takes the one answer that was sent over a link.
    pub(super) fn answer(&mut self, link: u64) -> SessionAnswer {
        match self.sent(link).as_slice() {
            [Control::MrpResponse(MrpResponse { answer, .. })] => answer.clone(),
            other => panic!("not one answer: {other:?}"),
        }
    }

    pub(super) fn refusal(&mut self, link: u64) -> Refusal {
        match self.answer(link) {
            SessionAnswer::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Takes the one outcome of an open request that was sent over a link.
    pub(super) fn opened(&mut self, link: u64) -> Result<OpenedSession, Refusal> {
        match self.sent(link).as_slice() {
            [Control::Opened { outcome, .. }] => outcome.clone(),
            other => panic!("not opened: {other:?}"),
        }
    }

    pub(super) fn devices(&mut self, link: u64) -> Vec<DeviceInfo> {
        self.says(link, Control::ListDevices { request: request(9_999) });
        match self.sent(link).as_slice() {
            [Control::DeviceList { devices, .. }] => devices.clone(),
            other => panic!("no list: {other:?}"),
        }
    }

    pub(super) fn journals_up(&mut self) -> Vec<(SessionId, u64)> {
        let mut up = Vec::new();
        self.said.retain(|effect| match effect {
            Effect::JournalUp { session, link, .. } => {
                up.push((*session, link.0));
                false
            }
            _ => true,
        });
        up
    }

    pub(super) fn journals_down(&mut self) -> usize {
        let before = self.said.len();
        self.said.retain(|effect| !matches!(effect, Effect::JournalDown { .. }));
        before - self.said.len()
    }

    /// The one call of a session of this node.
    pub(super) fn called(&mut self) -> Option<Caller> {
        let mut callers = Vec::new();
        self.said.retain(|effect| match effect {
            Effect::Call { caller, .. } => {
                callers.push(*caller);
                false
            }
            _ => true,
        });
        assert!(callers.len() <= 1, "{callers:?}");
        callers.pop()
    }

    pub(super) fn created(&mut self) -> usize {
        let before = self.said.len();
        self.said.retain(|effect| !matches!(effect, Effect::Create(_)));
        before - self.said.len()
    }
}

pub(super) fn now(millis: u64) -> Now {
    Now { boot: Boot(Duration::from_millis(millis)), wall: Wall(millis) }
}

pub(super) fn response(n: u128, answer: SessionAnswer) -> Control {
    Control::MrpResponse(MrpResponse { request: request(n), answer })
}
