//! The bytes of every message, fixed: what an older release wrote, a newer one reads.
//!
//! One file per message in `protocol/tests/fixtures/wire/`: `<type>-<variant>.hex` is bincode (or, for frames, the frame itself),
//! `<type>-<variant>.msgpack.hex` MessagePack; `<type>.hex` is a type without variants. A test fails when bytes differ, a
//! file is missing, or one is left over. After a variant was added at the end of an enum, `BLESS=1` writes its files; bytes
//! of a released version never change.

#![expect(clippy::disallowed_methods, reason = "fixtures are files")]

mod samples;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use samples::{capability, control, daemon, outputs, placement, session};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wayfare_protocol::codec;
use wayfare_protocol::frame::Frame;
use wayfare_protocol::output::OutputRecord;
use wayfare_protocol::stream::Open;

/// File name to bytes, of all messages.
type Golden = BTreeMap<String, Vec<u8>>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire")
}

/// Takes in the samples of one enum in bincode; checks that every variant has one, in order, and that each reads back.
fn bincode<T>(into: &mut Golden, kind: &str, samples: &[T], names: &[&str], name: impl Fn(&T) -> &'static str)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let have: Vec<_> = samples.iter().map(&name).collect();
    assert_eq!(have, names, "samples of {kind}");
    for sample in samples {
        let bytes = codec::encode(sample);
        assert_eq!(codec::decode::<T>(&bytes).as_ref(), Ok(sample));
        into.insert(format!("{kind}-{}.hex", name(sample)), bytes.to_vec());
    }
}

/// The same in MessagePack.
fn message_pack<T>(into: &mut Golden, kind: &str, samples: &[T], name: impl Fn(&T) -> &'static str)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    for sample in samples {
        let bytes = codec::encode_named(sample);
        assert_eq!(codec::decode_named::<T>(&bytes).as_ref(), Ok(sample));
        into.insert(format!("{kind}-{}.msgpack.hex", name(sample)), bytes.to_vec());
    }
}

/// A message that is no enum, in both.
fn whole<T: Serialize + DeserializeOwned + PartialEq + Debug>(into: &mut Golden, kind: &str, sample: &T) {
    bincode(into, kind, std::slice::from_ref(sample), &["whole"], |_| "whole");
    message_pack(into, kind, std::slice::from_ref(sample), |_| "whole");
}

/// What is asked of daemons, and what they log and say.
fn daemons(into: &mut Golden) {
    use samples::daemon_calls::{
        self as calls, answer, call, durability, health, input, resource_key, source, state, update,
    };
    bincode(into, "daemon-call", &calls::calls(), call::NAMES, call::name);
    message_pack(into, "daemon-call", &calls::calls(), call::name);
    bincode(into, "daemon-answer", &calls::answers(), answer::NAMES, answer::name);
    message_pack(into, "daemon-answer", &calls::answers(), answer::name);
    bincode(into, "daemon-update", &calls::updates(), update::NAMES, update::name);
    message_pack(into, "daemon-update", &calls::updates(), update::name);
    bincode(into, "daemon-state", &calls::states(), state::NAMES, state::name);
    bincode(into, "daemon-health", &calls::healths(), health::NAMES, health::name);
    bincode(into, "daemon-replayed", &calls::replays(), calls::replayed::NAMES, calls::replayed::name);
    bincode(into, "daemon-durability", &calls::durabilities(), durability::NAMES, durability::name);
    bincode(into, "daemon-source", &calls::sources(), source::NAMES, source::name);
    bincode(into, "daemon-input", &calls::inputs(), input::NAMES, input::name);
    bincode(into, "resource-key", &calls::resource_keys(), resource_key::NAMES, resource_key::name);
    whole(into, "inbox-frame", &calls::inbox_frame());
    whole(into, "output-frame", &calls::output_frame());
}

/// What the parties of a migration say, and what is ordered.
fn migrations(into: &mut Golden) {
    use samples::migration::{self as moves, cause, failure, mode, move_state, party, phase, said, step};
    bincode(into, "migration", &moves::messages(), step::NAMES, |message| step::name(&message.step));
    bincode(into, "migration-failure", &moves::failures(), failure::NAMES, failure::name);
    message_pack(into, "migration-failure", &moves::failures(), failure::name);
    bincode(into, "migration-party", &moves::parties(), party::NAMES, party::name);
    bincode(into, "migration-phase", &moves::phases(), phase::NAMES, phase::name);
    bincode(into, "move-cause", &moves::causes(), cause::NAMES, cause::name);
    bincode(into, "move-mode", &moves::modes(), mode::NAMES, mode::name);
    bincode(into, "move-state", &moves::move_states(), move_state::NAMES, move_state::name);
    bincode(into, "said", &moves::saids(), said::NAMES, said::name);
    whole(into, "move-order", &moves::order());
    whole(into, "move-info", &moves::info());
}

/// What happens in runs, and in documents.
fn runs(into: &mut Golden) {
    let body = |record: &OutputRecord| outputs::body::name(&record.body);
    bincode(into, "event", &outputs::events(), outputs::event::NAMES, outputs::event::name);
    message_pack(into, "event", &outputs::events(), outputs::event::name);
    bincode(into, "record", &outputs::records(), outputs::body::NAMES, body);
    message_pack(into, "record", &outputs::records(), body);
    bincode(into, "outcome", &outputs::outcomes(), outputs::outcome::NAMES, outputs::outcome::name);
    message_pack(into, "outcome", &outputs::outcomes(), outputs::outcome::name);
    bincode(into, "update", &outputs::updates(), outputs::update::NAMES, outputs::update::name);
    message_pack(into, "update", &outputs::updates(), outputs::update::name);
    bincode(into, "document", &outputs::documents(), outputs::document::NAMES, outputs::document::name);
    message_pack(into, "document", &outputs::documents(), outputs::document::name);
    bincode(into, "asset", &outputs::assets(), outputs::asset::NAMES, outputs::asset::name);
    message_pack(into, "asset", &outputs::assets(), outputs::asset::name);
}

/// What is asked of sessions, and of their hosts.
fn sessions(into: &mut Golden) {
    bincode(into, "call", &session::calls(), session::call::NAMES, session::call::name);
    message_pack(into, "call", &session::calls(), session::call::name);
    bincode(into, "answer", &session::answers(), session::answer::NAMES, session::answer::name);
    message_pack(into, "answer", &session::answers(), session::answer::name);
    bincode(into, "ask", &session::asks(), session::ask::NAMES, session::ask::name);
    message_pack(into, "ask", &session::asks(), session::ask::name);
    bincode(into, "told", &session::tolds(), session::told::NAMES, session::told::name);
    message_pack(into, "told", &session::tolds(), session::told::name);
    bincode(into, "state", &session::states(), session::state::NAMES, session::state::name);
    message_pack(into, "state", &session::states(), session::state::name);
    bincode(into, "reason", &session::reasons(), session::reason::NAMES, session::reason::name);
    message_pack(into, "reason", &session::reasons(), session::reason::name);
    bincode(into, "host-request", &session::host_requests(), session::host_request::NAMES, session::host_request::name);
    bincode(into, "host-message", &session::host_messages(), session::host_message::NAMES, session::host_message::name);
    bincode(into, "condition", &session::conditions(), session::condition::NAMES, session::condition::name);
    bincode(into, "code", &session::codes(), session::code::NAMES, session::code::name);
    message_pack(into, "code", &session::codes(), session::code::name);
}

fn golden() -> Golden {
    let mut all = Golden::new();
    let into = &mut all;
    bincode(into, "control", &control::controls(), control::message::NAMES, control::message::name);
    message_pack(into, "control", &control::controls(), control::message::name);
    let destination = |open: &Open| control::destination::name(&open.destination);
    bincode(into, "open", &control::opens(), control::destination::NAMES, destination);
    message_pack(into, "open", &control::opens(), destination);
    bincode(into, "class", &control::classes(), control::class::NAMES, control::class::name);
    message_pack(into, "class", &control::classes(), control::class::name);
    bincode(into, "presence", &control::presences(), control::presence::NAMES, control::presence::name);
    message_pack(into, "presence", &control::presences(), control::presence::name);
    bincode(into, "server", &control::servers(), control::server::NAMES, control::server::name);
    message_pack(into, "server", &control::servers(), control::server::name);
    bincode(into, "claimed", &control::claim_outcomes(), control::claimed::NAMES, control::claimed::name);

    runs(into);
    sessions(into);
    let condition = capability::predicate_condition::name;
    bincode(into, "predicate-condition", &capability::conditions(), capability::predicate_condition::NAMES, condition);
    message_pack(into, "predicate-condition", &capability::conditions(), condition);
    let node = capability::predicate_node::name;
    bincode(into, "predicate-node", &capability::nodes(), capability::predicate_node::NAMES, node);
    message_pack(into, "predicate-node", &capability::nodes(), node);
    let reason = capability::placement_reason::name;
    bincode(into, "placement-reason", &capability::reasons(), capability::placement_reason::NAMES, reason);
    let verdict = placement::verdict::name;
    bincode(into, "verdict", &placement::verdicts(), placement::verdict::NAMES, verdict);
    message_pack(into, "verdict", &placement::verdicts(), verdict);
    whole(into, "predicate", &capability::predicate());
    whole(into, "filter", &capability::filter());
    whole(into, "announcement", &capability::announcement());
    bincode(into, "resource", &daemon::resources(), daemon::resource::NAMES, daemon::resource::name);
    message_pack(into, "resource", &daemon::resources(), daemon::resource::name);
    whole(into, "link", &daemon::LINK);
    whole(into, "chain", &daemon::chain());
    whole(into, "horizon", &daemon::horizon());
    whole(into, "signed-head", &daemon::signed_head());
    whole(into, "manifest", &daemon::manifest());
    whole(into, "sealed-key", &daemon::sealed_key());
    whole(into, "continuity-proof", &daemon::proof());
    whole(into, "fork-record", &daemon::fork());
    into.insert("snapshot.hex".into(), daemon::snapshot().encode(1_000).expect("a short one").concat().to_vec());

    daemons(into);
    migrations(into);

    let frames = control::frames();
    let kinds: Vec<_> = frames.iter().map(|frame| control::frame_kind::name(&frame.kind)).collect();
    assert_eq!(kinds, control::frame_kind::NAMES, "samples of frames");
    for (frame, kind) in frames.iter().zip(kinds) {
        let bytes = frame.encode();
        assert_eq!(Frame::decode(&bytes).as_ref(), Ok(frame));
        all.insert(format!("frame-{kind}.hex"), bytes.to_vec());
    }
    all
}

fn text(bytes: &[u8]) -> String {
    let digits = HEXLOWER.encode(bytes);
    let lines: Vec<_> = digits.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("digits")).collect();
    lines.join("\n") + "\n"
}

fn files() -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder()).expect("the folder of fixtures");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a fixture"))
        })
        .collect()
}

#[test]
fn every_message_has_its_golden_bytes_and_no_other_file_is_there() {
    let wanted: BTreeMap<_, _> = golden().into_iter().map(|(name, bytes)| (name, text(&bytes))).collect();
    if std::env::var_os("BLESS").is_some() {
        for name in files().keys().filter(|name| !wanted.contains_key(*name)) {
            fs::remove_file(folder().join(name)).expect("a fixture left over is removed");
        }
        for (name, text) in &wanted {
            fs::write(folder().join(name), text).expect("a fixture is written");
        }
    }
    let files = files();
    let mut wrong = Vec::new();
    for (name, text) in &wanted {
        match files.get(name) {
            None => wrong.push(format!("{name} is missing")),
            Some(file) if file != text => wrong.push(format!("{name} differs: file\n{file}message\n{text}")),
            Some(_) => {}
        }
    }
    wrong.extend(files.keys().filter(|name| !wanted.contains_key(*name)).map(|name| format!("{name} is left over")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
