//! A device that the account does not want any more.

use super::*;

const AT: Wall = Wall(40);

/// The op under which the store is asked to revoke a device.
fn asked_store(bench: &mut Bench, device: DeviceId) -> OpId {
    let mut ops = Vec::new();
    bench.said.retain(|effect| match effect {
        Effect::Revoke { op, device: of, .. } if *of == device => {
            ops.push(*op);
            false
        }
        _ => true,
    });
    match ops.as_slice() {
        [op] => *op,
        other => panic!("asked {} times", other.len()),
    }
}

/// The links that were closed, with what their other ends are told.
fn cut(bench: &mut Bench) -> Vec<(u64, Refusal)> {
    let mut cut = Vec::new();
    bench.said.retain(|effect| match effect {
        Effect::CloseLink { link, refusal } => {
            cut.push((link.0, refusal.clone()));
            false
        }
        _ => true,
    });
    cut
}

fn outcome(bench: &mut Bench, link: u64) -> Result<Wall, Refusal> {
    match bench.sent(link).as_slice() {
        [Control::DeviceRevoked { outcome, .. }] => outcome.clone(),
        other => panic!("not one answer: {other:?}"),
    }
}

/// The phone revokes the desk, which has a session; the desk's node is link 1 and a program of it link 2.
fn revoked() -> Bench {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    bench.input(Input::LinkUp { link: LinkId(2), peer: Peer::Device(registered(DESK.0, "desk", None)) });
    bench.up(9, PHONE);
    bench.said.clear();
    bench.says(9, Control::RevokeDevice { request: request(1), device: DESK.0 });
    assert_eq!(bench.sent(9), [], "the store has not answered");
    assert_eq!(cut(&mut bench), []);
    let op = asked_store(&mut bench, DESK.0);
    bench.input(Input::Revoked { op, outcome: Ok(Some(AT)) });
    assert_eq!(outcome(&mut bench, 9), Ok(AT));
    bench
}

#[test]
fn every_link_of_a_revoked_device_is_cut_with_what_and_the_remedy() {
    let mut bench = revoked();
    let cut = cut(&mut bench);
    assert_eq!(cut.iter().map(|(link, _)| *link).collect::<Vec<_>>(), [1, 2]);
    for (_, refusal) in cut {
        assert_eq!(refusal.code, ErrorCode::Forbidden);
        assert!(refusal.detail.contains("desk was revoked") && refusal.detail.contains("wayfare login"), "{refusal}");
    }
    assert_eq!(bench.journals_down(), 1);
}

#[test]
fn what_a_revoked_devices_links_still_bring_is_ignored() {
    let mut bench = revoked();
    bench.said.clear();
    bench.says(1, Control::RuntimeState { session: session(1), state: SessionState::Cold });
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    bench
        .says(1, Control::Claim { request: request(2), claim: Claim { expect: Some(EPOCH), next: row(1, "x", DESK) } });
    bench.asks(2, run(3, 1));
    bench.opens(2, 4, open("new", 5));
    bench.says(2, Control::ListDevices { request: request(6) });
    bench.down(1);
    bench.down(2);
    assert_eq!(bench.said, []);
}

#[test]
fn what_a_revoked_device_owns_is_shown_as_its_own_and_refused_with_the_reason() {
    let mut bench = revoked();
    bench.said.clear();
    let devices = bench.devices(9);
    let desk = devices.iter().find(|info| info.device == DESK.0).expect("listed");
    assert_eq!(desk.presence, PresenceInfo::Revoked { at: AT });
    bench.says(9, Control::ListSessions { request: request(3) });
    match bench.sent(9).as_slice() {
        [Control::SessionList { sessions, .. }] => {
            assert_eq!(
                (sessions[0].device_name.as_str(), &sessions[0].state),
                ("desk (revoked)", &SessionState::Unreachable)
            );
        }
        other => panic!("{other:?}"),
    }
    bench.asks(9, run(4, 1));
    let refusal = bench.refusal(9);
    assert!(refusal.code == ErrorCode::Forbidden && refusal.detail.contains("revoked"), "{refusal}");
    bench.opens(9, 5, open("main", 6));
    let refusal = bench.opened(9).expect_err("its owner is revoked");
    assert!(refusal.detail.contains("revoked"), "{refusal}");
    bench.opens(9, 7, open("other", 8));
    let refusal = bench.opened(9).expect_err("only the desk and the absent laptop have Python");
    assert!(refusal.detail.contains("desk was revoked"), "{refusal}");
}

/// Its proof may have been judged before the store knew of the revocation.
#[test]
fn a_link_that_was_let_in_before_the_revocation_is_cut_when_it_comes() {
    let mut bench = revoked();
    bench.said.clear();
    bench.up(3, DESK.0);
    assert_eq!(cut(&mut bench).len(), 1);
    assert_eq!(bench.said, []);
    bench.asks(3, run(4, 1));
    assert_eq!(bench.said, []);
}

#[test]
fn a_device_that_is_paired_anew_has_its_sessions_again() {
    let mut bench = revoked();
    bench.input(Input::Presence { device: DESK.0, presence: PresenceInfo::Suspect }); // of the link that was cut
    bench.input(Input::Paired(registered(DESK.0, "desk", None)));
    bench.said.clear();
    bench.up(3, DESK.0);
    bench.says(3, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    assert_eq!((cut(&mut bench), bench.journals_up()), (vec![], vec![(session(1), 3)]));
    bench.asks(9, run(4, 1));
    assert_eq!(bench.passed(3), [(false, Some(EPOCH))]);
}

/// A token, say, that is used at a door which needs no link.
#[test]
fn a_device_that_was_paired_and_never_linked_is_listed_and_can_be_revoked() {
    let mut bench = Bench::new(Place::Cloud { generation: 1 }, Limits::default());
    bench.up(9, PHONE);
    bench.input(Input::Paired(registered(DESK.0, "token", None)));
    let listed = bench.devices(9).into_iter().find(|device| device.device == DESK.0).expect("it is listed");
    assert!(matches!(listed.presence, PresenceInfo::Offline { .. }), "{listed:?}");
    bench.says(9, Control::RevokeDevice { request: request(3), device: DESK.0 });
    assert!(bench.said.iter().any(|effect| matches!(effect, Effect::Revoke { device, .. } if *device == DESK.0)));
}

#[test]
fn a_cloud_that_starts_knows_who_is_revoked() {
    let mut bench = Bench::new(Place::Cloud { generation: 1 }, Limits::default());
    let devices = vec![(registered(DESK.0, "desk", Some(python())), Wall(5))];
    let revoked = BTreeMap::from([(DESK.0, AT)]);
    bench.input(Input::Loaded { devices, revoked, given: BTreeMap::new(), rows: vec![row(1, "main", DESK)] });
    bench.pass(60_000);
    bench.up(9, PHONE);
    assert_eq!(bench.devices(9)[0].presence, PresenceInfo::Revoked { at: AT });
    bench.up(1, DESK.0);
    assert_eq!(cut(&mut bench).len(), 1);
}

#[test]
fn a_device_may_revoke_itself_and_hears_that_first() {
    let mut bench = Bench::cloud();
    bench.up(9, PHONE);
    bench.said.clear();
    bench.says(9, Control::RevokeDevice { request: request(1), device: PHONE });
    let op = asked_store(&mut bench, PHONE);
    bench.input(Input::Revoked { op, outcome: Ok(Some(AT)) });
    match bench.said.as_slice() {
        [Effect::Send { control: Control::DeviceRevoked { outcome: Ok(AT), .. }, .. }, Effect::CloseLink { .. }] => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_cut_unless_the_store_has_recorded_it() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(9, PHONE);
    bench.said.clear();
    bench.says(9, Control::RevokeDevice { request: request(1), device: DESK.0 });
    let op = asked_store(&mut bench, DESK.0);
    let failed = Refusal::new(ErrorCode::StorageFailed, "the disk is full");
    bench.input(Input::Revoked { op, outcome: Err(failed.clone()) });
    assert_eq!((outcome(&mut bench, 9), cut(&mut bench)), (Err(failed), vec![]));
    bench.says(9, Control::RevokeDevice { request: request(2), device: DeviceId([77; 32]) });
    assert_eq!(outcome(&mut bench, 9).expect_err("unknown").code, ErrorCode::NotFound);
    // A store that answers after everybody has given up is believed all the same.
    bench.says(9, Control::RevokeDevice { request: request(3), device: DESK.0 });
    let op = asked_store(&mut bench, DESK.0);
    bench.pass(60_000);
    assert_eq!(outcome(&mut bench, 9).expect_err("too late").code, ErrorCode::DeadlineExceeded);
    bench.input(Input::Revoked { op, outcome: Ok(Some(AT)) });
    assert_eq!(cut(&mut bench).len(), 1);
}

#[test]
fn a_node_passes_a_revocation_to_its_cloud_or_says_that_there_is_none() {
    let mut bench = Bench::desk();
    bench.client(1);
    let asked = |n| Control::RevokeDevice { request: request(n), device: LAPTOP.0 };
    bench.says(1, asked(1));
    assert_eq!(outcome(&mut bench, 1).expect_err("no cloud").code, ErrorCode::OwnerUnreachable);
    bench.upstream(2);
    bench.sent(2);
    bench.says(1, asked(2));
    assert_eq!(bench.sent(2), [asked(2)]);
    bench.says(2, Control::DeviceRevoked { request: request(2), outcome: Ok(AT) });
    assert_eq!(outcome(&mut bench, 1), Ok(AT));
}
