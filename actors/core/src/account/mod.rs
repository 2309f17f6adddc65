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
//! A forwarded request is kept until its answer, its deadline, or the end of the link it came over; when its owner's link, or the
//! cloud's, comes back within the probe time it is sent again, a run marked `again`, which its id makes harmless. A request to make
//! a session outlives its asker: whoever else asks for the name gets the same answer. An owner that is Suspect is given the probe time
//! to answer. Devices that a cloud knows from its store are Suspect for [`wayfare_protocol::Limits::suspect_after_start`], then Offline, until they come.

mod claims;
mod daemons;
mod devices;
mod drain;
mod effect;
mod interface;
mod links;
mod moves;
mod open;
mod pending;
mod place;
mod placing;
mod policy;
mod readers;
mod recovery;
mod renaming;
mod request;
mod revocation;
mod sessions;
mod spares;
mod starts;
mod streams;
#[cfg(test)]
mod tests;
mod unknown;

use wayfare_protocol::control::Control;
use wayfare_protocol::ownership::ClaimOutcome;
use wayfare_protocol::session::SessionInfo;
use wayfare_protocol::{Boot, NodeId, Now};

use crate::fact::{Fact, Placing, Queue, Witness};
use crate::machine::{Machine, OpIds, Sink, earlier};
use crate::outputs::Executor;
use crate::placement::Standing;
use daemons::Daemons;
use devices::Devices;
pub use effect::Effect;
pub use interface::{Input, LinkId};
use links::Links;
pub use moves::{MigrationNews, StoreAnswer};
use pending::Pendings;
pub use place::{Config, Peer, Place, Registered};
pub use revocation::refusal as revoked;
use sessions::Sessions;

/// See the module's table.
#[derive(Debug)]
pub struct Account {
    config: Config,
    links: Links,
    devices: Devices,
    sessions: Sessions,
    daemons: Daemons,
    pending: Pendings,
    ops: OpIds,
    callers: u64,
    claims: claims::Claims,
    revocations: revocation::Revocations,
    renamings: renaming::Renamings,
    unknown: unknown::Unknown,
    reserve: policy::Reserve,
    placing: placing::Placing,
    spares: spares::Spares,
    recoveries: recovery::Recoveries,
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
        // Of a link that was replaced, or of somebody who may only read.
        if self.links.peer(link).is_none() || self.refuses_reader(link, &control, out) {
            return;
        }
        match control {
            Control::MrpRequest(asked) => self.on_request(now, link, asked, out),
            Control::MrpResponse(answered) => self.on_response(link, answered, out),
            Control::Open { request, open } => self.on_open(now, link, request, open, out),
            Control::Opened { request, outcome } => self.on_opened(link, request, outcome, out),
            Control::ListDevices { request } => self.on_list_devices(now, link, request, out),
            Control::DeviceList { request, devices } => {
                self.on_list_answer(link, request, Control::DeviceList { request, devices }, out);
            }
            Control::ListSessions { request } => self.on_list_sessions(now, link, request, out),
            Control::SessionList { request, sessions } => self.on_session_list(link, request, sessions, out),
            Control::Claim { request, claim } => self.on_claim(link, request, claim, out),
            Control::Claimed { request, outcome } => self.on_claim_answer(link, request, outcome, out),
            Control::Row(row) => self.on_row(link, row, out),
            Control::RuntimeUp(info) => self.on_runtime(link, info, out),
            Control::RuntimeState { session, state } => self.on_runtime_state(link, session, state, out),
            Control::RuntimeDown { session } => self.on_runtime_down(link, session, out),
            Control::Heartbeat(load) => self.on_heartbeat(link, load),
            Control::Accepting(accepting) => self.on_accepting(link, accepting),
            Control::StartDaemon { request, start } => self.on_start_daemon(now, link, request, start, out),
            Control::DaemonStarted { request, outcome } => self.on_daemon_started(link, request, outcome, out),
            Control::DaemonRequest(asked) => self.on_daemon_request(now, link, asked, out),
            Control::DaemonResponse(answered) => self.on_daemon_response(link, answered, out),
            Control::ListDaemons { request } => self.on_list_daemons(now, link, request, out),
            Control::DaemonList { request, daemons } => self.on_daemon_list(link, request, daemons, out),
            Control::DaemonUp(info) => self.on_daemon_up(now, link, *info, out),
            Control::RevokeDevice { request, device } => self.on_revoke(now, link, request, device, out),
            Control::DeviceRevoked { request, outcome } => {
                self.on_list_answer(link, request, Control::DeviceRevoked { request, outcome }, out);
            }
            Control::Between(between) => self.on_between(link, between, out),
            Control::ReadRow { request, resource } => self.on_read_row(link, request, resource, out),
            Control::RowRead { request, row } => self.on_row_read(link, request, row, out),
            Control::Announce(announcement) => self.on_announce(now, link, *announcement),
            Control::Place { request, ask } => self.on_place(now, link, request, &ask, out),
            Control::Placed { request, placement } => self.on_placed(link, request, placement, out),
            Control::Drain { request, node, order } => self.on_drain(now, link, request, (node, order), out),
            Control::Drained { request, outcome } => {
                self.on_list_answer(link, request, Control::Drained { request, outcome }, out);
            }
            Control::RenameDevice { request, device, name } => {
                self.on_rename(now, link, request, (device, name), out);
            }
            Control::DeviceRenamed { request, outcome } => {
                self.on_list_answer(link, request, Control::DeviceRenamed { request, outcome }, out);
            }
            Control::ListChanges { since } if self.here().is_none() => out.push(Effect::TellChanges { link, since }),
            Control::Changes(changes) if self.links.is_upstream(link) => out.push(Effect::Changes(changes)),
            Control::ListChanges { .. } | Control::Changes(_) => {}
            Control::Called { name } => self.on_called(link, name, out),
            // Documents and migration of sessions are not served by this version; the link's own messages end in the link.
            Control::Sync(_)
            | Control::MigrateOut { .. }
            | Control::MigrateIn { .. }
            | Control::Challenge(_)
            | Control::Register(_)
            | Control::Welcome(_)
            | Control::Goodbye(_)
            | Control::Pair(_)
            | Control::PairReader(_)
            | Control::Paired { .. }
            | Control::Ping { .. }
            | Control::Pong { .. }
            | Control::GoingToSleep
            | Control::Draining { .. } => {}
        }
    }
}

impl Machine for Account {
    const NAME: &'static str = "account";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, _now: Now) -> Self {
        let reserve = policy::Reserve::of(&config.place);
        let placing = placing::Placing::new(config.limits.indexed_nodes);
        Self {
            config,
            links: Links::default(),
            devices: Devices::default(),
            sessions: Sessions::default(),
            daemons: Daemons::default(),
            pending: Pendings::default(),
            ops: OpIds::default(),
            callers: 0,
            claims: claims::Claims::default(),
            revocations: revocation::Revocations::default(),
            renamings: renaming::Renamings::default(),
            unknown: unknown::Unknown::default(),
            reserve,
            placing,
            spares: spares::Spares::default(),
            recoveries: recovery::Recoveries::default(),
        }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Loaded { devices, revoked, given, rows } => {
                self.load(now, devices, &revoked, rows, given);
            }
            Input::Restarted { sessions, daemons, is_paired } => {
                self.unknown.restarted(sessions, is_paired);
                self.daemons.expect(daemons);
            }
            Input::LinkUp { link, peer } => self.link_up(now, link, peer, out),
            Input::LinkDown { link } => self.link_down(now, link, out),
            Input::Control { link, control } => self.on_control(now, link, control, out),
            Input::StreamRequested { link, stream, open } => self.on_stream(link, stream, open, out),
            Input::Presence { device, presence } => self.devices.set_presence(device, presence),
            Input::Session(info) => self.on_session(now, info, out),
            Input::CreateFailed { session, refusal } => self.create_failed(session, refusal, out),
            Input::NeverWas { session } => self.all_told(now, session, out),
            Input::Answer { caller, answer } => self.on_answer(caller, answer, out),
            Input::Daemon(info) => self.on_daemon(now, *info, out),
            Input::NoDaemon { daemon } => {
                self.daemons.remove(daemon);
                self.daemon_told(now, daemon, out);
            }
            Input::DaemonAnswer { caller, answer } => self.on_daemon_answer(caller, answer, out),
            Input::AskDaemon { asked } => self.on_daemon_request(now, LinkId::HERE, *asked, out),
            Input::AskSession { asked } => self.on_request(now, LinkId::HERE, *asked, out),
            Input::OpenSession { request, open } => self.on_open(now, LinkId::HERE, request, *open, out),
            Input::Claim { resource, request, claim } => self.forward_claim(resource, request, claim, out),
            Input::Say { to, said } => self.say_between(to, said, out),
            Input::ReadRow { request, daemon } => self.ask_row(request, daemon, out),
            Input::MoveClaim { request, claim } => self.claim_for_migration(request, *claim, out),
            Input::Claimed { op, outcome } => self.on_claimed(op, outcome, out),
            Input::Revoked { op, outcome } => self.on_revoked(now, op, outcome, out),
            Input::Renamed { op, outcome } => self.on_renamed(op, outcome, out),
            Input::Paired(registered) => self.devices.paired(registered, now.wall),
            Input::Power(power) => self.set_power(power),
            Input::Place { request, ask } => self.ask_placement(request, ask, out),
            Input::Drained { left } => self.on_drained(&left, out),
            Input::Spares(spares) => self.load_spares(now, spares),
            Input::SealingKey(key) => self.on_sealing_key(now, key),
            Input::SpareTaken { op, result } => self.on_spare_taken(now, op, result),
            Input::TookOver { op, answer } => self.on_took_over(now, op, answer, out),
        }
        self.take_spares(now, out);
        self.tell_accepting(out);
    }

    fn deadline(&self) -> Option<Boot> {
        let known = earlier(self.devices.deadline(), self.unknown.deadline());
        let lost = earlier(self.spares.deadline(), self.recoveries.deadline());
        earlier(earlier(self.pending.deadline(), known), earlier(self.placing.deadline(), lost))
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.devices.wake(now.boot);
        self.unknown.wake(now.boot);
        self.announce_due(now, out);
        self.recover_due(now, out);
        self.take_spares(now, out);
        while let Some((ask, pending)) = self.pending.take_due(now.boot) {
            self.give_up(now, ask, pending, out);
        }
    }

    fn witness(&self, effect: &Effect, to: &mut Witness) {
        let (link, control) = match effect {
            Effect::Send { link, control } => (link, control),
            Effect::TakeOver { daemon, .. } => return self.tell_target(*daemon, to),
            _ => return,
        };
        match control {
            // A node only passes on what the store granted.
            Control::Claimed { outcome: Ok(ClaimOutcome::Granted(row)), .. } if self.here().is_none() => {
                to.granted(row)
            }
            Control::MrpRequest(asked) => {
                let waiting = self.pending.waiting_beside(asked.request);
                to.tell(Fact::Queue { queue: Queue::Requests, length: waiting as u64 });
            }
            Control::Accepting(accepting) => {
                if let Some(node) = self.here() {
                    let takes = Standing::by_its_word(*accepting) == Standing::Ready;
                    to.tell(Fact::Placing(Placing::Takes { node, takes }));
                }
            }
            // A node passes on what it is asked, and asks the cloud.
            Control::StartDaemon { start, .. } if start.device.is_none() && self.here().is_none() => {
                if let Some(device) = self.links.device(*link) {
                    let (kind, node) = (start.key.kind.clone(), NodeId(device));
                    to.tell(Fact::Placing(Placing::Chosen { daemon: None, kind, node, leaves: None }));
                }
            }
            _ => {}
        }
    }
}
