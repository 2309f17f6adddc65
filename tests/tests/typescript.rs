//! The types of the protocol as browsers know them: `cloud/web/src/mesh/protocol.ts` is written from the Rust types, by their serde
//! form. `BLESS=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use ts_rs::{Config, TS, TypeVisitor};
use wayfare_protocol::Limits;
use wayfare_protocol::asset::AssetMessage;
use wayfare_protocol::codec::MSGPACK_SUBPROTOCOL;
use wayfare_protocol::control::Control;
use wayfare_protocol::document::DocumentMessage;
use wayfare_protocol::limits::{
    ASSET_PIECE_MAX, CODE_MAX, DEVICE_NAME_MAX, DOCUMENT_PIECE_MAX, FRAME_BODY_MAX, MESSAGE_MAX, QUEUED_RUN_MAX,
    QUEUED_RUNS_MAX, RUNS_LISTED_MAX,
};
use wayfare_protocol::stream::{Open, RunUpdate};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cloud/web/src/mesh/protocol.ts");

/// Declarations by name.
struct Declarations {
    config: Config,
    all: BTreeMap<String, String>,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if T::output_path().is_none() {
            return T::visit_generics(self); // a type of TypeScript's own, perhaps around one of ours
        }
        let name = T::ident(&self.config);
        if self.all.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        self.all.insert(name, format!("{docs}export {}\n", T::decl(&self.config)));
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

fn millis(duration: Duration) -> u128 {
    duration.as_millis()
}

fn written() -> String {
    let mut types = Declarations { config: Config::new().with_large_int("number"), all: BTreeMap::new() };
    types.visit::<Control>();
    types.visit::<Open>();
    types.visit::<RunUpdate>();
    types.visit::<DocumentMessage>();
    types.visit::<AssetMessage>();
    let limits = Limits::default();
    let numbers = [
        ("FRAME_BODY_MAX", "Bytes of a frame's body.", FRAME_BODY_MAX as u128),
        ("MESSAGE_MAX", "Bytes of a message.", MESSAGE_MAX as u128),
        ("CODE_MAX", "Bytes of one run's code.", CODE_MAX as u128),
        ("DEVICE_NAME_MAX", "Bytes of a device's name.", DEVICE_NAME_MAX as u128),
        ("DOCUMENT_PIECE_MAX", "Bytes of one piece of a document's frame.", DOCUMENT_PIECE_MAX as u128),
        ("ASSET_PIECE_MAX", "Bytes of an asset in one message.", ASSET_PIECE_MAX as u128),
        ("RUNS_LISTED_MAX", "Runs in one list.", RUNS_LISTED_MAX.into()),
        ("QUEUED_RUNS_MAX", "Runs that wait in one document.", QUEUED_RUNS_MAX as u128),
        ("QUEUED_RUN_MAX", "Bytes of what a document says of one of them.", QUEUED_RUN_MAX as u128),
        ("STREAM_WINDOW", "Bytes that one end of a stream takes before it grants more.", limits.stream_window.into()),
        ("DIAL_MS", "A dial that took longer has failed.", millis(limits.dial)),
        ("HANDSHAKE_MS", "A handshake that took longer has failed.", millis(limits.handshake)),
        ("PING_MS", "A ping is sent after so long without sending anything.", millis(limits.ping_every)),
        ("SILENCE_MS", "A link on which nothing came for so long is closed.", millis(limits.link_silence)),
        ("REDIAL_MIN_MS", "Shortest wait before a link is dialed again.", millis(limits.redial_min)),
        ("REDIAL_MAX_MS", "Longest wait before a link is dialed again.", millis(limits.redial_max)),
        ("REQUEST_MS", "A request without an answer is given up.", millis(limits.request)),
        ("OPEN_SESSION_MS", "Opening a session may take so long.", millis(limits.open_session)),
    ];
    let mut text = String::from(
        "// Written by `BLESS=1 cargo test --package wayfare-tests --test typescript` from the types of `protocol/src`: change those.\n\
         // On a link that speaks MessagePack these are its messages: maps by field name, enums by variant name, ids as texts, keys\n\
         // and other bytes as byte strings. What only nodes say is left out.\n\n",
    );
    let version = env!("CARGO_PKG_VERSION");
    writeln!(text, "/** Version of Wayfare. */\nexport const VERSION = '{version}';").expect("a text grows");
    writeln!(
        text,
        "/** The WebSocket subprotocol of these messages. */\nexport const SUBPROTOCOL = '{MSGPACK_SUBPROTOCOL}';"
    )
    .expect("a text grows");
    for (name, says, number) in numbers {
        writeln!(text, "/** {says} */\nexport const {name} = {number};").expect("a text grows");
    }
    for declaration in types.all.values() {
        write!(text, "\n{declaration}").expect("a text grows");
    }
    text
}

#[test]
fn browsers_know_the_types_as_they_are() {
    let wanted = written();
    if std::env::var_os("BLESS").is_some() {
        fs::write(Path::new(FILE), &wanted).expect("the file is written");
    }
    let have = fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    assert!(have == wanted, "{FILE} is not what the types say: BLESS=1 writes it anew");
}

/// What a browser reads must not grow by what only nodes say.
#[test]
fn what_only_nodes_say_is_left_out() {
    let text = written();
    for of_nodes in ["Migration", "ClaimOutcome", "Between", "SealedKey"] {
        assert!(!text.contains(of_nodes), "{of_nodes}");
    }
    for said in ["export type Control", "export type RunUpdate", "export type DocumentMessage", "nonce: Uint8Array"] {
        assert!(text.contains(said), "{said} is missing");
    }
}
