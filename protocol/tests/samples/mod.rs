//! One sample of every variant that travels, for the golden bytes. A new variant does not compile until it has a name here,
//! and the golden test fails until it has a sample.

#![allow(unreachable_pub, reason = "a module of one test: nothing outside can reach it")]

pub mod capability;
pub mod control;
pub mod daemon;
pub mod daemon_calls;
pub mod migration;
pub mod outputs;
pub mod placement;
pub mod session;

use uuid::Uuid;
use wayfare_protocol::capability::{Capabilities, Gpu, Hardware, Load, Needs, RuntimeSpec};
use wayfare_protocol::identity::{PublicKey, SignatureBytes};
use wayfare_protocol::session::{Environment, Language, SessionKey, SessionName};
use wayfare_protocol::{
    AccountId, DeviceId, DocumentId, Epoch, ErrorCode, Head, NodeId, ProjectId, Refusal, RequestId, RunId, SessionId,
    TraceId,
};

/// Names the variants of an enum, exhaustively.
#[macro_export]
macro_rules! variants {
    ($module:ident: $kind:ident { $($variant:ident),+ $(,)? }) => {
        pub mod $module {
            use super::$kind;
            pub const NAMES: &[&str] = &[$(stringify!($variant)),+];
            pub fn name(value: &$kind) -> &'static str {
                match value {
                    $($kind::$variant { .. } => stringify!($variant),)+
                }
            }
        }
    };
}

pub const REQUEST: RequestId = RequestId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
pub const SESSION: SessionId = SessionId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));
pub const RUN: RunId = RunId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0003));
pub const TRACE: TraceId = TraceId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0004));
pub const ACCOUNT: AccountId = AccountId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0005));
pub const DOCUMENT: DocumentId = DocumentId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0006));
pub const PROJECT: ProjectId = ProjectId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0007));
pub const DEVICE: DeviceId = DeviceId([0xd1; 32]);
pub const NODE: NodeId = NodeId(DEVICE);
pub const EPOCH: Epoch = Epoch { generation: 1, n: 7 };
pub const KEY: PublicKey = PublicKey([0x4b; 32]);
pub const SIGNATURE: SignatureBytes = SignatureBytes([0x51; 32], [0x52; 32]);
pub const HEAD: Head =
    Head { inbox_position: 300, inbox_digest: [0x1d; 32], output_sequence: 70_000, output_hash: 1 << 40 };

pub fn refusal() -> Refusal {
    Refusal::new(ErrorCode::NoCapability, "desk has no kernel for julia")
}

pub fn key() -> SessionKey {
    let name = SessionName::new("notes", "main").expect("a session name");
    SessionKey { name, language: Language::from_word("py") }
}

pub fn environment() -> Environment {
    Environment { kernel: Some("python3".into()), venv: None, cwd: Some("/home/me/notes".into()) }
}

pub fn needs() -> Needs {
    Needs { gpu: true, memory_bytes: Some(1 << 33), tags: vec!["office".into()] }
}

pub fn load() -> Load {
    Load { cpu_percent: 12, memory_percent: 34, gpu_percent: Some(56) }
}

pub fn capabilities() -> Capabilities {
    Capabilities {
        hardware: Hardware {
            cpus: 8,
            memory_bytes: 1 << 34,
            gpus: vec![Gpu { name: "card".into(), memory_bytes: 1 << 33 }],
        },
        runtimes: vec![RuntimeSpec {
            kernel: "python3".into(),
            language: Language::from_word("python"),
            display_name: "Python 3 (ipykernel)".into(),
            environment: "/usr/bin/python3".into(),
        }],
        tags: vec!["office".into()],
    }
}
