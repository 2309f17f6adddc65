//! Devices that may read and not write.

use wayfare_protocol::stream::{Class, Destination, Open};
use wayfare_protocol::{AssetId, DocumentId, StreamId};

use super::*;

const READER: DeviceId = DeviceId([66; 32]);

/// A cloud where a reader has link 5 and the desk, with a session, link 1.
fn read() -> Bench {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    let reader = Registered { access: Access::Reading, ..registered(READER, "editor", None) };
    bench.input(Input::LinkUp { link: LinkId(5), peer: Peer::Device(reader) });
    bench.said.clear();
    bench
}

fn refused(bench: &mut Bench) -> bool {
    let is_cut = |effect: &Effect| matches!(effect, Effect::CloseLink { link: LinkId(5), refusal } if refusal.code == ErrorCode::Forbidden);
    matches!(bench.said.as_slice(), [only] if is_cut(only))
}

#[test]
fn a_reader_sees_lists_and_outputs() {
    let mut bench = read();
    bench.says(5, Control::ListDevices { request: request(1) });
    bench.says(5, Control::ListSessions { request: request(2) });
    bench.says(5, Control::ListDaemons { request: request(3) });
    assert_eq!(bench.sent(5).len(), 3);
    let runs = MrpRequest { call: SessionCall::Runs { last: 5 }, ..run(4, 1) };
    bench.says(5, Control::MrpRequest(runs));
    assert_eq!(bench.sent(1).len(), 1, "it is passed to the session");
    let destination = Destination::Run { session: session(1), run: RunId(Uuid::from_u128(1)), from: 1 };
    let open = Open { destination, class: Class::Interactive, window: 1024 };
    bench.input(Input::StreamRequested { link: LinkId(5), stream: StreamId(3), open });
    assert!(bench.said.iter().any(|effect| matches!(effect, Effect::Read { .. })), "{:?}", bench.said);
}

#[test]
fn a_reader_that_wants_to_change_something_is_let_go_and_nothing_changes() {
    let interrupt = MrpRequest { call: SessionCall::Interrupt { run: None }, ..run(9, 1) };
    for control in [
        Control::MrpRequest(run(9, 1)),
        Control::MrpRequest(interrupt),
        Control::Open { request: request(9), open: open("more", 8) },
        Control::RevokeDevice { request: request(9), device: DESK.0 },
        Control::RenameDevice { request: request(9), device: DESK.0, name: "mine".to_owned() },
        Control::RuntimeUp(info(1, "main", DESK, EPOCH)),
        Control::ListChanges { since: None },
    ] {
        let mut bench = read();
        bench.says(5, control.clone());
        assert!(refused(&mut bench), "{control:?}: {:?}", bench.said);
    }
}

#[test]
fn a_reader_opens_no_stream_over_which_it_could_write() {
    let document = DocumentId(Uuid::from_u128(7));
    for destination in [Destination::Document { document }, Destination::Asset { asset: AssetId([1; 32]) }] {
        let mut bench = read();
        let open = Open { destination, class: Class::Bulk, window: 1024 };
        bench.input(Input::StreamRequested { link: LinkId(5), stream: StreamId(3), open });
        let is_refused =
            |effect: &Effect| matches!(effect, Effect::Reset { refusal, .. } if refusal.code == ErrorCode::Forbidden);
        assert!(matches!(bench.said.as_slice(), [only] if is_refused(only)), "{:?}", bench.said);
    }
}
