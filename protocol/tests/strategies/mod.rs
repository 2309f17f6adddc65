//! Arbitrary messages.

use proptest::prelude::*;
use uuid::Uuid;
use wayfare_protocol::ask::{HistoryEntry, KernelAsk, KernelTold, Variable};
use wayfare_protocol::capability::{Accepting, Capabilities, Gpu, Hardware, Load, Needs, Reluctance, RuntimeSpec};
use wayfare_protocol::control::{
    Challenge, Control, DeviceInfo, MrpRequest, MrpResponse, OpenedSession, Pair, PresenceInfo, Register, Welcome,
};
use wayfare_protocol::identity::{PublicKey, ServerIdentity, SignatureBytes};
use wayfare_protocol::mrp::{CellRef, ExecuteRequest};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Lineage, Row};
use wayfare_protocol::session::{
    Environment, Language, OpenSession, RouteReason, RunInfo, RunRequest, SessionAnswer, SessionCall, SessionInfo,
    SessionKey, SessionName, SessionState,
};
use wayfare_protocol::{
    AccountId, DeviceId, EntityId, Epoch, ErrorCode, Head, NodeId, Refusal, RequestId, ResourceId, RunId, SessionId,
    TraceId, Wall,
};

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn session_id() -> impl Strategy<Value = SessionId> {
    id().prop_map(SessionId)
}

fn request_id() -> impl Strategy<Value = RequestId> {
    id().prop_map(RequestId)
}

fn run_id() -> impl Strategy<Value = RunId> {
    id().prop_map(RunId)
}

fn device_id() -> impl Strategy<Value = DeviceId> {
    any::<[u8; 32]>().prop_map(DeviceId)
}

fn node_id() -> impl Strategy<Value = NodeId> {
    device_id().prop_map(NodeId)
}

fn epoch() -> impl Strategy<Value = Epoch> {
    any::<(u32, u64)>().prop_map(|(generation, n)| Epoch { generation, n })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", "\\PC{0,6}", Just("line\nline\u{0}\u{1b}[0m".to_owned())]
}

fn list<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(of, 0..3)
}

fn signature() -> impl Strategy<Value = SignatureBytes> {
    any::<([u8; 32], [u8; 32])>().prop_map(|(r, s)| SignatureBytes(r, s))
}

fn public_key() -> impl Strategy<Value = PublicKey> {
    any::<[u8; 32]>().prop_map(PublicKey)
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let code = prop::sample::select(vec![ErrorCode::Malformed, ErrorCode::NoCapability, ErrorCode::NotWaiting]);
    (code, text()).prop_map(|(code, detail)| Refusal::new(code, detail))
}

fn session_key() -> impl Strategy<Value = SessionKey> {
    ("[a-z0-9._-]{1,64}", "[a-zé]{1,8}", text()).prop_map(|(project, name, language)| SessionKey {
        name: SessionName::new(&project, &name).expect("made of allowed characters"),
        language: Language::from_word(&language),
    })
}

fn environment() -> impl Strategy<Value = Environment> {
    let part = || prop::option::of(text());
    (part(), part(), part()).prop_map(|(kernel, venv, cwd)| Environment { kernel, venv, cwd })
}

fn state() -> impl Strategy<Value = SessionState> {
    prop_oneof![
        Just(SessionState::Cold),
        Just(SessionState::Starting),
        Just(SessionState::Idle),
        (run_id(), any::<u32>()).prop_map(|(run, waiting)| SessionState::Busy { run, waiting }),
        Just(SessionState::Unreachable),
    ]
}

fn session_info() -> impl Strategy<Value = SessionInfo> {
    (session_id(), session_key(), node_id(), text(), epoch(), state(), environment()).prop_map(
        |(id, key, owner, device_name, epoch, state, environment)| SessionInfo {
            id,
            key,
            owner,
            device_name,
            epoch,
            state,
            environment,
        },
    )
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    let gpu = (text(), any::<u64>()).prop_map(|(name, memory_bytes)| Gpu { name, memory_bytes });
    let hardware = (any::<u32>(), any::<u64>(), list(gpu)).prop_map(|(cpus, memory_bytes, gpus)| Hardware {
        cpus,
        memory_bytes,
        gpus,
    });
    let runtime = (text(), text(), text(), text()).prop_map(|(kernel, language, display_name, environment)| {
        RuntimeSpec { kernel, language: Language::from_word(&language), display_name, environment }
    });
    (hardware, list(runtime), list(text())).prop_map(|(hardware, runtimes, tags)| Capabilities {
        hardware,
        runtimes,
        tags,
    })
}

fn load() -> impl Strategy<Value = Load> {
    any::<(u8, u8, Option<u8>)>().prop_map(|(cpu_percent, memory_percent, gpu_percent)| Load {
        cpu_percent,
        memory_percent,
        gpu_percent,
    })
}

fn server() -> impl Strategy<Value = ServerIdentity> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(ServerIdentity::Ca),
        text().prop_map(ServerIdentity::Origin),
        device_id().prop_map(ServerIdentity::Node),
    ]
}

fn handshake() -> impl Strategy<Value = Control> {
    let challenge = (any::<[u8; 32]>(), server(), text())
        .prop_map(|(nonce, server, version)| Control::Challenge(Challenge { nonce, server, version }));
    let names = (text(), text(), text());
    let register = (public_key(), any::<[u8; 32]>(), signature(), names, prop::option::of(capabilities()), signature())
        .prop_map(|(key, sealing_key, sealing_signature, (name, os, version), node, proof)| {
            Control::Register(Box::new(Register {
                key,
                sealing_key,
                sealing_signature,
                name,
                os,
                version,
                node,
                proof,
            }))
        });
    let welcome = (id(), any::<u32>(), any::<u64>()).prop_map(|(account, generation, at)| {
        Control::Welcome(Welcome { account: AccountId(account), generation, at: Wall(at) })
    });
    let pair = (text(), public_key(), text(), signature())
        .prop_map(|(code, key, name, proof)| Control::Pair(Box::new(Pair { code, key, name, proof })));
    let paired = id().prop_map(|account| Control::Paired { account: AccountId(account) });
    prop_oneof![challenge, register, welcome, pair, paired, refusal().prop_map(Control::Goodbye)]
}

fn life() -> impl Strategy<Value = Control> {
    prop_oneof![
        any::<u64>().prop_map(|token| Control::Ping { token }),
        any::<u64>().prop_map(|token| Control::Pong { token }),
        load().prop_map(Control::Heartbeat),
        session_info().prop_map(Control::RuntimeUp),
        session_id().prop_map(|session| Control::RuntimeDown { session }),
        (session_id(), state()).prop_map(|(session, state)| Control::RuntimeState { session, state }),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Control::Sync),
        Just(Control::GoingToSleep),
        any::<u32>().prop_map(|retry_after_ms| Control::Draining { retry_after_ms }),
        accepting().prop_map(Control::Accepting),
    ]
}

fn accepting() -> BoxedStrategy<Accepting> {
    prop_oneof![
        Just(Accepting::Everything),
        Just(Accepting::Nothing(Reluctance::Closed)),
        Just(Accepting::Nothing(Reluctance::OnBattery)),
        Just(Accepting::Nothing(Reluctance::Draining)),
        any::<u32>().prop_map(|most| Accepting::Nothing(Reluctance::Full { most })),
    ]
    .boxed()
}

fn call() -> BoxedStrategy<SessionCall> {
    let cell = (text(), any::<u32>()).prop_map(|(document, index)| CellRef { document, index });
    let execute = (text(), any::<[bool; 3]>(), prop::option::of(cell)).prop_map(
        |(code, [store_history, silent, allow_stdin], cell)| ExecuteRequest {
            code,
            store_history,
            silent,
            allow_stdin,
            cell,
        },
    );
    prop_oneof![
        (run_id(), any::<bool>(), execute).prop_map(|(run, again, request)| SessionCall::Run(RunRequest {
            run,
            again,
            request
        })),
        prop::option::of(run_id()).prop_map(|run| SessionCall::Interrupt { run }),
        (run_id(), text()).prop_map(|(run, text)| SessionCall::Input { run, text }),
        environment().prop_map(SessionCall::SetEnvironment),
        Just(SessionCall::Stop),
        Just(SessionCall::Describe),
        any::<u32>().prop_map(|last| SessionCall::Runs { last }),
        Just(SessionCall::Reset),
        ask().prop_map(SessionCall::Ask),
    ]
    .boxed()
}

fn ask() -> BoxedStrategy<KernelAsk> {
    prop_oneof![
        (text(), any::<u32>()).prop_map(|(code, cursor)| KernelAsk::Complete { code, cursor }),
        (text(), list(text()), any::<(u32, u32)>()).prop_map(|(name, path, (max_children, max_value))| {
            KernelAsk::Variable { name, path, max_children, max_value }
        }),
        (any::<u32>(), any::<u64>(), text()).prop_map(|(last, before, contains)| KernelAsk::History {
            last,
            before,
            contains
        }),
        Just(KernelAsk::Variables),
    ]
    .boxed()
}

fn told() -> BoxedStrategy<KernelTold> {
    let entry = (any::<u64>(), text()).prop_map(|(history_index, code)| HistoryEntry { history_index, code });
    let variable = (text(), prop::option::of(any::<u64>()), prop::option::of(list(any::<u64>())), any::<bool>())
        .prop_map(|(name, size, shape, expandable)| Variable { name, size, shape, expandable, ..Variable::default() });
    prop_oneof![
        (list(entry), any::<bool>()).prop_map(|(entries, has_more)| KernelTold::History { entries, has_more }),
        (list(variable), any::<bool>())
            .prop_map(|(variables, truncated)| KernelTold::Variables { variables, truncated }),
    ]
    .boxed()
}

fn run_info() -> impl Strategy<Value = RunInfo> {
    let outcome = prop::option::of(prop_oneof![
        Just(RunOutcome::Succeeded),
        any::<u64>().prop_map(|seen_through| RunOutcome::Interrupted { seen_through }),
    ]);
    (run_id(), any::<u64>(), any::<u64>(), any::<u64>(), outcome).prop_map(
        |(run, position, at, last_event, outcome)| RunInfo {
            run,
            position,
            accepted_at: Wall(at),
            last_event,
            outcome,
        },
    )
}

fn answer() -> BoxedStrategy<SessionAnswer> {
    prop_oneof![
        (any::<u64>(), node_id(), epoch()).prop_map(|(position, owner, epoch)| SessionAnswer::Accepted {
            position,
            owner,
            epoch
        }),
        Just(SessionAnswer::UnknownRun),
        Just(SessionAnswer::Done),
        session_info().prop_map(SessionAnswer::Session),
        refusal().prop_map(SessionAnswer::Refused),
        prop::collection::vec(run_info(), 0..4).prop_map(SessionAnswer::Runs),
        told().prop_map(SessionAnswer::Told),
    ]
    .boxed()
}

fn row() -> impl Strategy<Value = Row> {
    let head =
        any::<(u64, [u8; 32], u64, u64)>().prop_map(|(inbox_position, inbox_digest, output_sequence, output_hash)| {
            Head { inbox_position, inbox_digest, output_sequence, output_hash }
        });
    let resource = prop_oneof![
        session_id().prop_map(ResourceId::Session),
        any::<[u8; 32]>().prop_map(|key| ResourceId::Daemon(EntityId(PublicKey(key)))),
    ];
    (resource, session_key(), node_id(), epoch(), any::<u32>(), prop::option::of(head)).prop_map(
        |(resource, key, owner, epoch, lineage, base)| Row {
            resource,
            key: key.into(),
            owner,
            epoch,
            lineage: Lineage(lineage),
            base,
        },
    )
}

fn questions() -> impl Strategy<Value = Control> {
    let needs = (any::<bool>(), any::<Option<u64>>(), list(text())).prop_map(|(gpu, memory_bytes, tags)| Needs {
        gpu,
        memory_bytes,
        tags,
    });
    let open = (session_key(), session_id(), environment(), needs, prop::option::of(node_id()))
        .prop_map(|(key, id, environment, needs, device)| OpenSession { key, id, environment, needs, device });
    let reason = prop::sample::select(vec![RouteReason::LocalOwner, RouteReason::SameNetwork]);
    let opened = (session_info(), reason, any::<bool>()).prop_map(|(session, reason, created)| OpenedSession {
        session,
        reason,
        created,
    });
    let presence = prop_oneof![
        Just(PresenceInfo::Online),
        Just(PresenceInfo::Suspect),
        any::<u64>().prop_map(|at| PresenceInfo::Offline { last_seen: Wall(at) }),
        any::<u64>().prop_map(|at| PresenceInfo::Sleeping { since: Wall(at) }),
        any::<u64>().prop_map(|at| PresenceInfo::Revoked { at: Wall(at) }),
    ];
    let (node, load) = (prop::option::of(capabilities()), prop::option::of(load()));
    let device = (device_id(), text(), text(), presence, node, load)
        .prop_map(|(device, name, os, presence, node, load)| DeviceInfo { device, name, os, presence, node, load });
    prop_oneof![
        (request_id(), id(), session_id(), prop::option::of(epoch()), call()).prop_map(
            |(request, trace, session, epoch, call)| {
                Control::MrpRequest(MrpRequest { request, trace: TraceId(trace), session, epoch, call })
            }
        ),
        (request_id(), answer()).prop_map(|(request, answer)| Control::MrpResponse(MrpResponse { request, answer })),
        (request_id(), open).prop_map(|(request, open)| Control::Open { request, open }),
        (request_id(), prop::result::maybe_err(opened, refusal()))
            .prop_map(|(request, outcome)| Control::Opened { request, outcome }),
        request_id().prop_map(|request| Control::ListDevices { request }),
        (request_id(), list(device)).prop_map(|(request, devices)| Control::DeviceList { request, devices }),
        request_id().prop_map(|request| Control::ListSessions { request }),
        (request_id(), device_id()).prop_map(|(request, device)| Control::RevokeDevice { request, device }),
        (request_id(), device_id(), text()).prop_map(|(request, device, name)| Control::RenameDevice {
            request,
            device,
            name
        }),
        (request_id(), list(session_info())).prop_map(|(request, sessions)| Control::SessionList { request, sessions }),
    ]
}

fn moves() -> impl Strategy<Value = Control> {
    let outcome = prop_oneof![
        row().prop_map(ClaimOutcome::Granted),
        row().prop_map(ClaimOutcome::Superseded),
        row().prop_map(ClaimOutcome::NameTaken),
    ];
    let manifest = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        (request_id(), prop::option::of(epoch()), row())
            .prop_map(|(request, expect, next)| Control::Claim { request, claim: Claim { expect, next } }),
        (request_id(), prop::result::maybe_err(outcome, refusal()))
            .prop_map(|(request, outcome)| Control::Claimed { request, outcome }),
        row().prop_map(Control::Row),
        (session_id(), device_id()).prop_map(|(session, target)| Control::MigrateOut { session, target }),
        (session_id(), manifest).prop_map(|(session, manifest)| Control::MigrateIn { session, manifest }),
    ]
}

/// Any control message.
pub(crate) fn control() -> impl Strategy<Value = Control> {
    // On the heap: the strategies of all messages together are too much for a test's stack.
    prop_oneof![handshake().boxed(), life().boxed(), questions().boxed(), moves().boxed()]
}
