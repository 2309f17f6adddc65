//! A device that people call otherwise than it calls itself.

use super::*;

fn asked(n: u128, device: DeviceId, name: &str) -> Control {
    Control::RenameDevice { request: request(n), device, name: name.to_owned() }
}

fn called(name: &str) -> Control {
    Control::Called { name: name.to_owned() }
}

/// The op under which the store is asked to rename.
fn asked_store(bench: &mut Bench) -> OpId {
    let op = bench.said.iter().find_map(|effect| if let Effect::Rename { op, .. } = effect { Some(*op) } else { None });
    op.expect("the store is asked")
}

fn outcome(bench: &mut Bench, link: u64) -> Result<(), Refusal> {
    match bench.sent(link).as_slice() {
        [Control::DeviceRenamed { outcome, .. }] => outcome.clone(),
        other => panic!("not one answer: {other:?}"),
    }
}

/// What the devices, and the owner of the one session, are called.
fn names(bench: &mut Bench, link: u64) -> (Vec<String>, String) {
    bench.says(link, Control::ListDevices { request: request(90) });
    bench.says(link, Control::ListSessions { request: request(91) });
    match bench.sent(link).as_slice() {
        [Control::DeviceList { devices, .. }, Control::SessionList { sessions, .. }] => {
            (devices.iter().map(|info| info.name.clone()).collect(), sessions[0].device_name.clone())
        }
        other => panic!("{other:?}"),
    }
}

/// The phone calls the desk `tower`.
fn renamed(bench: &mut Bench) {
    bench.up(9, PHONE);
    bench.says(9, asked(1, DESK.0, "tower"));
    assert_eq!(bench.sent(9), [], "the store has not answered");
    assert_eq!(names(bench, 9).1, "desk", "and nobody calls it so yet");
    let op = asked_store(bench);
    bench.input(Input::Renamed { op, outcome: Ok(true) });
}

#[test]
fn everybody_calls_a_renamed_device_so_and_its_node_is_told() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    bench.sent(1);
    renamed(&mut bench);
    assert_eq!(outcome(&mut bench, 9), Ok(()));
    assert_eq!(bench.sent(1), [called("tower")]);
    let (devices, owner) = names(&mut bench, 9);
    assert_eq!(devices, ["laptop", "phone", "tower"]);
    assert_eq!(owner, "tower");
    // It still says its own name, for a moment.
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    assert_eq!(names(&mut bench, 9).1, "tower");
}

#[test]
fn a_device_that_is_away_hears_of_it_when_it_comes() {
    let mut bench = Bench::cloud();
    renamed(&mut bench);
    assert_eq!(outcome(&mut bench, 9), Ok(()));
    assert_eq!(names(&mut bench, 9).1, "tower");
    bench.up(1, DESK.0);
    assert_eq!(bench.sent(1), [called("tower")]);
    bench.input(Input::LinkDown { link: LinkId(1) });
    let peer = Peer::Device(registered(DESK.0, "tower", Some(python())));
    bench.input(Input::LinkUp { link: LinkId(2), peer });
    assert_eq!(bench.sent(2), [], "it calls itself so already");
}

#[test]
fn a_device_that_is_paired_anew_is_called_as_it_was_paired() {
    let mut bench = Bench::cloud();
    renamed(&mut bench);
    bench.sent(9);
    bench.input(Input::Paired(registered(DESK.0, "bench", None)));
    assert_eq!(names(&mut bench, 9).0, ["bench", "laptop", "phone"]);
}

#[test]
fn what_is_no_name_or_no_device_is_refused_and_what_fails_changes_nothing() {
    let mut bench = Bench::cloud();
    bench.up(9, PHONE);
    for (n, name) in ["", " ", "a\nb", &"x".repeat(129)].into_iter().enumerate() {
        bench.says(9, asked(n as u128, DESK.0, name));
        assert_eq!(outcome(&mut bench, 9).expect_err("no name").code, ErrorCode::Malformed, "{name:?}");
    }
    bench.says(9, asked(10, DeviceId([77; 32]), "tower"));
    assert_eq!(outcome(&mut bench, 9).expect_err("no device").code, ErrorCode::NotFound);
    bench.says(9, asked(11, DESK.0, "tower"));
    let op = asked_store(&mut bench);
    let failed = Refusal::new(ErrorCode::StorageFailed, "the disk is full");
    bench.input(Input::Renamed { op, outcome: Err(failed.clone()) });
    assert_eq!(outcome(&mut bench, 9), Err(failed));
    assert_eq!(names(&mut bench, 9).0, ["desk", "laptop", "phone"]);
}

#[test]
fn a_node_asks_its_cloud_and_says_once_that_it_is_called_otherwise() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.says(1, asked(1, LAPTOP.0, "tower"));
    assert_eq!(outcome(&mut bench, 1).expect_err("no cloud").code, ErrorCode::OwnerUnreachable);
    bench.upstream(2);
    bench.sent(2);
    bench.says(1, asked(2, LAPTOP.0, "tower"));
    assert_eq!(bench.sent(2), [asked(2, LAPTOP.0, "tower")]);
    bench.says(2, Control::DeviceRenamed { request: request(2), outcome: Ok(()) });
    assert_eq!(outcome(&mut bench, 1), Ok(()));
    bench.said.clear();
    bench.says(1, called("mine"));
    bench.says(2, called("desk"));
    assert_eq!(bench.said, [], "a program does not say what the device is called, and it is called so already");
    bench.says(2, called("tower"));
    assert_eq!(bench.said, [Effect::Called { name: "tower".to_owned() }]);
}
