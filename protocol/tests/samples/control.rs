//! Samples of control messages, stream openings and frames.

use bytes::Bytes;
use wayfare_protocol::capability::{Accepting, Reluctance};
use wayfare_protocol::control::{
    Challenge, Control, DeviceInfo, MrpRequest, MrpResponse, OpenedSession, Pair, PresenceInfo, Register, Welcome,
};
use wayfare_protocol::document::{Changes, ChangesMark};
use wayfare_protocol::frame::{Frame, Kind};
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Lineage, Row};
use wayfare_protocol::session::{OpenSession, RouteReason, SessionAnswer, SessionCall, SessionState};
use wayfare_protocol::stream::{Class, Destination, Open};
use wayfare_protocol::{AssetId, ChunkId, ResourceId, StreamId, Wall};

use super::session::info;
use super::*;

crate::variants!(message: Control {
    Challenge, Register, Welcome, Goodbye, Pair, Paired, Ping, Pong, Heartbeat, RuntimeUp, RuntimeDown, RuntimeState, Sync,
    MrpRequest, MrpResponse, Open, Opened, ListDevices, DeviceList, ListSessions, SessionList, Claim, Claimed, Row,
    MigrateOut, MigrateIn, GoingToSleep, Draining, Accepting,
    StartDaemon, DaemonStarted, DaemonRequest, DaemonResponse, ListDaemons,
    DaemonList, DaemonUp, RevokeDevice, DeviceRevoked,
    Between, ReadRow, RowRead,
    Announce, Place, Placed, Drain, Drained,
    RenameDevice, DeviceRenamed, Called, ListChanges, Changes, PairReader,
});
crate::variants!(destination: Destination { Run, Outputs, Daemon, Chunk, Document, Asset });
crate::variants!(presence: PresenceInfo { Online, Suspect, Offline, Sleeping, Revoked });
crate::variants!(server: ServerIdentity { Ca, Origin, Node });
crate::variants!(claimed: ClaimOutcome { Granted, Superseded, NameTaken });
crate::variants!(class: Class { Control, Interactive, Bulk });
crate::variants!(frame_kind: Kind { Open, Data, Credit, Close, Reset });

pub fn row() -> Row {
    Row {
        resource: ResourceId::Session(SESSION),
        key: key().into(),
        owner: NODE,
        epoch: EPOCH,
        lineage: Lineage(1),
        base: Some(HEAD),
    }
}

pub fn open_session() -> OpenSession {
    OpenSession { key: key(), id: SESSION, environment: environment(), needs: needs(), device: Some(NODE) }
}

pub fn controls() -> Vec<Control> {
    let mut all = handshake();
    all.extend(life());
    all.extend(questions());
    all.extend(moves());
    all.extend(daemon_calls::controls());
    all.extend(revocation());
    all.extend(migration::controls());
    all.extend(placement::controls());
    all.extend(renaming());
    all.extend(changes());
    all.push(Control::PairReader(Box::new(pair())));
    all
}

fn changes() -> Vec<Control> {
    let mark = ChangesMark { life: 5, at: 7 };
    vec![
        Control::ListChanges { since: Some(mark) },
        Control::Changes(Changes { mark, is_since: true, documents: vec![DOCUMENT], more: false }),
    ]
}

fn renaming() -> Vec<Control> {
    vec![
        Control::RenameDevice { request: REQUEST, device: DEVICE, name: "desk".to_owned() },
        Control::DeviceRenamed { request: REQUEST, outcome: Ok(()) },
        Control::Called { name: "desk".to_owned() },
    ]
}

fn revocation() -> Vec<Control> {
    vec![
        Control::RevokeDevice { request: REQUEST, device: DEVICE },
        Control::DeviceRevoked { request: REQUEST, outcome: Ok(Wall(1_767_323_045_000)) },
    ]
}

fn handshake() -> Vec<Control> {
    let register = Register {
        key: KEY,
        sealing_key: [0x5e; 32],
        sealing_signature: SIGNATURE,
        name: "desk".into(),
        os: "linux".into(),
        version: "0.1.0".into(),
        node: Some(capabilities()),
        proof: SIGNATURE,
    };
    vec![
        Control::Challenge(Challenge {
            nonce: [0x0c; 32],
            server: ServerIdentity::Ca([0xca; 32]),
            version: "0.1.0".into(),
        }),
        Control::Register(Box::new(register)),
        Control::Welcome(Welcome { account: ACCOUNT, generation: 1, at: Wall(1_767_323_045_000) }),
        Control::Goodbye(refusal()),
        Control::Pair(Box::new(pair())),
        Control::Paired { account: ACCOUNT },
    ]
}

fn pair() -> Pair {
    Pair { code: "0123456789".into(), key: KEY, name: "desk".into(), proof: SIGNATURE }
}

fn life() -> Vec<Control> {
    vec![
        Control::Ping { token: 250 },
        Control::Pong { token: 251 },
        Control::Heartbeat(load()),
        Control::RuntimeUp(info()),
        Control::RuntimeDown { session: SESSION },
        Control::RuntimeState { session: SESSION, state: SessionState::Busy { run: RUN, waiting: 2 } },
        Control::Sync(vec![1, 2, 3]),
    ]
}

fn questions() -> Vec<Control> {
    let device = DeviceInfo {
        device: DEVICE,
        name: "desk".into(),
        os: "linux".into(),
        presence: PresenceInfo::Online,
        node: Some(capabilities()),
        load: Some(load()),
    };
    let opened = OpenedSession { session: info(), reason: RouteReason::ColdStartByCapability, created: true };
    vec![
        Control::MrpRequest(MrpRequest {
            request: REQUEST,
            trace: TRACE,
            session: SESSION,
            epoch: Some(EPOCH),
            call: SessionCall::Describe,
        }),
        Control::MrpResponse(MrpResponse { request: REQUEST, answer: SessionAnswer::Done }),
        Control::Open { request: REQUEST, open: open_session() },
        Control::Opened { request: REQUEST, outcome: Ok(opened) },
        Control::ListDevices { request: REQUEST },
        Control::DeviceList { request: REQUEST, devices: vec![device] },
        Control::ListSessions { request: REQUEST },
        Control::SessionList { request: REQUEST, sessions: vec![info()] },
    ]
}

fn moves() -> Vec<Control> {
    vec![
        Control::Claim { request: REQUEST, claim: Claim { expect: Some(EPOCH), next: row() } },
        Control::Claimed { request: REQUEST, outcome: Ok(ClaimOutcome::Granted(row())) },
        Control::Row(row()),
        Control::MigrateOut { session: SESSION, target: DEVICE },
        Control::MigrateIn { session: SESSION, manifest: vec![4, 5, 6] },
        Control::GoingToSleep,
        Control::Draining { retry_after_ms: 1_500 },
        Control::Accepting(Accepting::Nothing(Reluctance::Full { most: 2 })),
    ]
}

pub fn opens() -> Vec<Open> {
    let open = |destination, class| Open { destination, class, window: 256 * 1024 };
    vec![
        open(Destination::Run { session: SESSION, run: RUN, from: 1 }, Class::Interactive),
        open(Destination::Outputs { session: SESSION, epoch: EPOCH, from: 300 }, Class::Bulk),
        open(Destination::Daemon { daemon: daemon::entity(), from: 300 }, Class::Interactive),
        open(Destination::Chunk { node: NODE, chunk: ChunkId([0xc1; 32]) }, Class::Bulk),
        open(Destination::Document { document: DOCUMENT }, Class::Interactive),
        open(Destination::Asset { asset: AssetId([0xa5; 32]) }, Class::Bulk),
    ]
}

pub fn presences() -> Vec<PresenceInfo> {
    vec![
        PresenceInfo::Online,
        PresenceInfo::Suspect,
        PresenceInfo::Offline { last_seen: Wall(1_767_323_045_000) },
        PresenceInfo::Sleeping { since: Wall(1_767_323_045_000) },
        PresenceInfo::Revoked { at: Wall(1_767_323_045_000) },
    ]
}

pub fn servers() -> Vec<ServerIdentity> {
    vec![
        ServerIdentity::Ca([0xca; 32]),
        ServerIdentity::Origin("https://mesh.example:443".into()),
        ServerIdentity::Node(DEVICE),
    ]
}

pub fn claim_outcomes() -> Vec<ClaimOutcome> {
    vec![ClaimOutcome::Granted(row()), ClaimOutcome::Superseded(row()), ClaimOutcome::NameTaken(row())]
}

pub fn classes() -> Vec<Class> {
    vec![Class::Control, Class::Interactive, Class::Bulk]
}

pub fn frames() -> Vec<Frame> {
    let frame = |kind, body: &[u8]| Frame { stream: StreamId(0x0102), kind, body: Bytes::copy_from_slice(body) };
    vec![
        frame(Kind::Open, &wayfare_protocol::codec::encode(&opens()[0])),
        frame(Kind::Data { more: true }, b"a piece"),
        frame(Kind::Credit, &65_536u32.to_le_bytes()),
        frame(Kind::Close, b""),
        frame(Kind::Reset, &wayfare_protocol::codec::encode(&refusal())),
    ]
}
