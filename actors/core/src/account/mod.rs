//! `Account`: who is connected, which sessions there are, and where each request goes.
//!
//! The cloud has one per account, a node exactly one. Both are the same machine: what differs is whether sessions live in
//! this process ([`Place::Node`]) or rows do ([`Place::Cloud`]), and that a node may have an upstream link, the cloud.
//!
//! | request | session here | owner linked | owner away | unknown session, upstream linked | else |
//! |---|---|---|---|---|---|
//! | `MrpRequest` | called | forwarded, epoch stamped | held for the probe time, then refused | forwarded | refused |
//! | `Open` | answered | answered | refused | forwarded | made here, or on the best device, or refused |
//! | run stream | read here | (cloud) journal | journal | joined upstream | refused |
//!
//! A forwarded request is kept until its answer, its deadline, or the end of the link it came over; when its owner's link comes
//! back it is sent again, which its id makes harmless.

mod claims;
mod devices;
mod links;
mod open;
mod pending;
mod request;
mod sessions;
mod streams;
mod unknown;

use std::collections::BTreeSet;

use wayfare_protocol::capability::Capabilities;
use wayfare_protocol::control::{Control, PresenceInfo};
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::session::{OpenSession, SessionAnswer, SessionCall, SessionInfo};
use wayfare_protocol::stream::Open;
use wayfare_protocol::{Boot, DeviceId, Epoch, Limits, NodeId, Now, Refusal, RequestId, SessionId, StreamId, Wall};

use crate::machine::{Machine, OpId, OpIds, Sink};
use crate::outputs::{Executor, Want};
use crate::ownership;
use crate::session::Caller;
use devices::Devices;
use links::Links;
use pending::Pendings;
use sessions::Sessions;

/// Names an authenticated link within the process. A later link has a higher number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// Where this account machine runs.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the cloud: rows and journals are here, sessions are not.
    Cloud {
        /// Generation of the control store.
        generation: u32,
    },
    /// On a node: sessions are here.
    Node {
        /// The node.
        node: NodeId,
        /// Its name, for people.
        name: String,
        /// Its operating system.
        os: String,
        /// What it offers.
        capabilities: Capabilities,
    },
}

/// What the machine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it runs.
    pub place: Place,
    /// Bounds and durations.
    pub limits: Limits,
}

/// Who is at the other end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A device of the account.
    Device(Registered),
    /// This node's cloud.
    Upstream {
        /// Generation of the store behind it.
        generation: u32,
    },
}

/// A device as it registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub device: DeviceId,
    /// For people.
    pub name: String,
    /// `linux`, `macos`, ...
    pub os: String,
    /// What it offers; `None` for a client.
    pub node: Option<Capabilities>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The cloud has read the account from its store.
    Loaded {
        /// Its devices and when each was last there.
        devices: Vec<(Registered, Wall)>,
        /// Its ownership rows.
        rows: Vec<Row>,
    },
    /// The node has started.
    Restarted {
        /// Its sessions, by their logs: each tells of itself when it has read them.
        sessions: BTreeSet<SessionId>,
        /// Whether it has a cloud.
        is_paired: bool,
    },
    /// A link was authenticated.
    LinkUp {
        /// Which.
        link: LinkId,
        /// With whom.
        peer: Peer,
    },
    /// A link is gone.
    LinkDown {
        /// Which.
        link: LinkId,
    },
    /// A control message came.
    Control {
        /// Over which link.
        link: LinkId,
        /// The message.
        control: Control,
    },
    /// The other end opened a stream.
    StreamRequested {
        /// Over which link.
        link: LinkId,
        /// Which.
        stream: StreamId,
        /// For what.
        open: Open,
    },
    /// A device's presence changed.
    Presence {
        /// Which.
        device: DeviceId,
        /// What it is now.
        presence: PresenceInfo,
    },
    /// A session of this node changed, or exists now.
    Session(SessionInfo),
    /// A session could not be made.
    CreateFailed {
        /// Which.
        session: SessionId,
        /// Why.
        refusal: Refusal,
    },
    /// A session of this node answered.
    Answer {
        /// Which call.
        caller: Caller,
        /// The answer.
        answer: SessionAnswer,
    },
    /// A session of this node wants something of the store.
    Claim {
        /// Which.
        session: SessionId,
        /// Joins claim and answer; fresh.
        request: RequestId,
        /// What it wants.
        claim: Claim,
    },
    /// The store answered a claim.
    Claimed {
        /// Which.
        op: OpId,
        /// What became of it.
        outcome: Result<ClaimOutcome, Refusal>,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a control message.
    Send {
        /// Over which link.
        link: LinkId,
        /// The message.
        control: Control,
    },
    /// Ask a session of this node.
    Call {
        /// Which.
        session: SessionId,
        /// Joins call and answer.
        caller: Caller,
        /// The epoch that the router knows.
        epoch: Option<Epoch>,
        /// What is asked.
        call: SessionCall,
    },
    /// Make a session on this node.
    Create(OpenSession),
    /// Tell a session of this node about its row or the store.
    Ownership {
        /// Which.
        session: SessionId,
        /// What.
        input: ownership::Input,
    },
    /// Ask the control store. Ends in [`Input::Claimed`].
    Claim {
        /// Joins effect and outcome.
        op: OpId,
        /// What is wanted.
        claim: Claim,
    },
    /// A device has a link now.
    DeviceUp {
        /// Which device.
        device: DeviceId,
        /// Which link.
        link: LinkId,
    },
    /// A device's newest link is superseded or gone.
    CloseLink {
        /// Which.
        link: LinkId,
    },
    /// The journal's owner is connected over that link.
    JournalUp {
        /// Which session.
        session: SessionId,
        /// Who, as readers are told.
        executor: Executor,
        /// Over which link.
        link: LinkId,
        /// The owner's fencing number.
        epoch: Epoch,
    },
    /// The journal's owner is away.
    JournalDown {
        /// Which session.
        session: SessionId,
    },
    /// Let a stream read: a session of this node, or in the cloud its journal.
    Read {
        /// Over which link.
        link: LinkId,
        /// On which stream.
        stream: StreamId,
        /// Of which session.
        session: SessionId,
        /// Who owns it, as readers are told.
        executor: Executor,
        /// What.
        want: Want,
    },
    /// Join a stream with a new one over another link.
    Join {
        /// The link it came over.
        link: LinkId,
        /// The stream.
        stream: StreamId,
        /// The link to go on over.
        onward: LinkId,
        /// What it was opened for.
        open: Open,
    },
    /// Refuse a stream.
    Reset {
        /// Over which link.
        link: LinkId,
        /// Which.
        stream: StreamId,
        /// Why.
        refusal: Refusal,
    },
}

/// See the module's table.
#[derive(Debug)]
pub struct Account {
    config: Config,
    links: Links,
    devices: Devices,
    sessions: Sessions,
    pending: Pendings,
    ops: OpIds,
    callers: u64,
    claims: claims::Claims,
    unknown: unknown::Unknown,
}

impl Account {
    fn here(&self) -> Option<NodeId> {
        match &self.config.place {
            Place::Cloud { .. } => None,
            Place::Node { node, .. } => Some(*node),
        }
    }

    fn executor_of(&self, info: &SessionInfo) -> Executor {
        Executor { owner: info.owner, device_name: info.device_name.clone() }
    }

    fn on_control(&mut self, now: Now, link: LinkId, control: Control, out: &mut impl Sink<Effect>) {
        match control {
            Control::MrpRequest(asked) => self.on_request(now, link, asked, out),
            Control::MrpResponse(answered) => self.on_response(link, answered, out),
            Control::Open { request, open } => self.on_open(now, link, request, open, out),
            Control::Opened { request, outcome } => self.on_opened(link, request, outcome, out),
            Control::ListDevices { request } => self.on_list_devices(now, link, request, out),
            Control::DeviceList { request, devices } => {
                self.on_list_answer(request, Control::DeviceList { request, devices }, out);
            }
            Control::ListSessions { request } => self.on_list_sessions(now, link, request, out),
            Control::SessionList { request, sessions } => self.on_session_list(request, sessions, out),
            Control::Claim { request, claim } => self.on_claim(link, request, claim, out),
            Control::Claimed { request, outcome } => self.on_claim_answer(link, request, outcome, out),
            Control::Row(row) => self.on_row(link, row, out),
            Control::RuntimeUp(info) => self.on_runtime(link, info, out),
            Control::RuntimeState { session, state } => self.on_runtime_state(link, session, state, out),
            Control::RuntimeDown { session } => self.on_runtime_down(link, session, out),
            Control::Heartbeat(load) => self.on_heartbeat(link, load),
            // Documents and migration are not served by this version; the link's own messages end in the link.
            Control::Sync(_)
            | Control::MigrateOut { .. }
            | Control::MigrateIn { .. }
            | Control::Challenge(_)
            | Control::Register(_)
            | Control::Welcome(_)
            | Control::Goodbye(_)
            | Control::Pair(_)
            | Control::Paired { .. }
            | Control::Ping { .. }
            | Control::Pong { .. }
            | Control::GoingToSleep
            | Control::Draining { .. } => {}
        }
    }
}

impl Machine for Account {
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        Self {
            config,
            links: Links::default(),
            devices: Devices::default(),
            sessions: Sessions::default(),
            pending: Pendings::default(),
            ops: OpIds::default(),
            callers: 0,
            claims: claims::Claims::default(),
            unknown: unknown::Unknown::default(),
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Loaded { devices, rows } => self.load(devices, rows),
            Input::Restarted { sessions, is_paired } => self.unknown.restarted(sessions, is_paired),
            Input::LinkUp { link, peer } => self.link_up(now, link, peer, out),
            Input::LinkDown { link } => self.link_down(now, link, out),
            Input::Control { link, control } => self.on_control(now, link, control, out),
            Input::StreamRequested { link, stream, open } => self.on_stream(link, stream, open, out),
            Input::Presence { device, presence } => self.devices.set_presence(device, presence),
            Input::Session(info) => self.on_session(info, out),
            Input::CreateFailed { session, refusal } => self.create_failed(session, refusal, out),
            Input::Answer { caller, answer } => self.on_answer(caller, answer, out),
            Input::Claim { session, request, claim } => self.forward_claim(session, request, claim, out),
            Input::Claimed { op, outcome } => self.on_claimed(op, outcome, out),
        }
    }

    fn deadline(&self) -> Option<Boot> {
        self.pending.deadline()
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        while let Some((request, pending)) = self.pending.take_due(now.boot) {
            self.give_up(now, request, pending, out);
        }
    }
}
