//! Rows, claims, and whose outputs are copied.

use wayfare_protocol::EntityId;
use wayfare_protocol::identity::PublicKey;

use super::*;

#[test]
fn a_sessions_outputs_are_copied_when_its_owner_tells_of_it_and_once_a_link() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    for _ in 0..2 {
        bench.says(1, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    }
    assert_eq!(bench.journals_up(), [(session(1), 1)]);
    bench.down(1);
    assert_eq!(bench.journals_down(), 1);
    bench.up(2, DESK.0);
    bench.says(2, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    assert_eq!(bench.journals_up(), [(session(1), 2)]);
}

#[test]
fn outputs_are_not_copied_under_another_epoch_or_from_another_device() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, LAPTOP.0);
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, Epoch { generation: 1, n: 2 })));
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, Epoch::LOCAL)));
    bench.says(2, Control::RuntimeUp(info(1, "main", LAPTOP, EPOCH)));
    bench.says(1, Control::RuntimeUp(info(8, "unclaimed", DESK, EPOCH)));
    assert_eq!(bench.journals_up(), []);
}

#[test]
fn a_newer_link_of_the_owner_takes_the_copy_over() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.says(1, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    bench.journals_up();
    bench.up(2, DESK.0);
    assert_eq!(bench.journals_down(), 1);
    bench.says(2, Control::RuntimeUp(info(1, "main", DESK, EPOCH)));
    assert_eq!(bench.journals_up(), [(session(1), 2)]);
}

fn claim(bench: &mut Bench, link: u64, next: Row) -> Result<OpId, ErrorCode> {
    bench.said.clear();
    bench.says(link, Control::Claim { request: request(50), claim: Claim { expect: None, next } });
    match bench.said.as_slice() {
        [Effect::Claim { op, .. }] => Ok(*op),
        [Effect::Send { control: Control::Claimed { outcome: Err(refusal), .. }, .. }] => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_row_is_claimed_by_its_owner_alone() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, LAPTOP.0);
    assert_eq!(claim(&mut bench, 2, row(1, "main", LAPTOP)), Err(ErrorCode::Forbidden), "it has an owner");
    assert_eq!(claim(&mut bench, 2, row(7, "new", DESK)), Err(ErrorCode::Forbidden), "for another");
    assert!(claim(&mut bench, 2, row(7, "new", LAPTOP)).is_ok());
    assert!(claim(&mut bench, 1, row(1, "main", DESK)).is_ok());
}

/// The backup is from before the session changed hands. Once its owner has confirmed a row nobody else gets it.
#[test]
fn after_a_restore_a_later_owner_than_the_rows_may_claim_it() {
    let mut bench = Bench::new(Place::Cloud { generation: 3 }, Limits::default());
    let devices = vec![(registered(DESK.0, "desk", Some(python())), Wall(5))];
    bench.input(Input::Loaded {
        devices,
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![row(1, "main", DESK)],
    });
    bench.up(2, LAPTOP.0);
    let mut asked = |expect| {
        bench.said.clear();
        let claim = Claim { expect: Some(expect), next: row(1, "main", LAPTOP) };
        bench.says(2, Control::Claim { request: request(50), claim });
        matches!(bench.said.as_slice(), [Effect::Claim { .. }])
    };
    assert!(asked(Epoch { generation: 2, n: 1 }));
    assert!(!asked(EPOCH), "no later grant than the row's");
    let confirmed = Row { epoch: Epoch { generation: 3, n: 1 }, ..row(1, "main", DESK) };
    bench.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: vec![confirmed],
    });
    let claim = Claim { expect: Some(Epoch { generation: 2, n: 1 }), next: row(1, "main", LAPTOP) };
    bench.said.clear();
    bench.says(2, Control::Claim { request: request(51), claim });
    assert!(matches!(bench.said.as_slice(), [Effect::Send { control: Control::Claimed { outcome: Err(_), .. }, .. }]));
}

#[test]
fn a_restored_cloud_does_not_say_that_a_session_is_not_there_until_nodes_have_had_time_to_tell() {
    let mut bench = Bench::new(Place::Cloud { generation: 2 }, Limits::default());
    bench.input(Input::Loaded {
        devices: Vec::new(),
        revoked: BTreeMap::new(),
        given: BTreeMap::new(),
        rows: Vec::new(),
    });
    bench.up(9, PHONE);
    bench.asks(9, run(1, 77));
    assert_eq!(bench.refusal(9).code, ErrorCode::OwnerUnreachable);
    assert_eq!(bench.account.deadline(), Some(Boot(Duration::from_secs(60))));
    bench.pass(60_000);
    bench.asks(9, run(2, 77));
    assert_eq!(bench.refusal(9).code, ErrorCode::NotFound);
}

#[test]
fn a_daemon_is_not_claimed_under_a_sessions_name() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    let resource = ResourceId::Daemon(EntityId(PublicKey([7; 32])));
    let daemon = Row { resource, ..row(7, "new", DESK) };
    assert_eq!(claim(&mut bench, 1, daemon.clone()), Err(ErrorCode::Malformed));
    let op = claim(&mut bench, 1, row(7, "new", DESK)).unwrap();
    bench.input(Input::Claimed { op, outcome: Ok(ClaimOutcome::Superseded(daemon)) });
    bench.said.clear();
    bench.says(1, Control::ListSessions { request: request(51) });
    let sent = bench.sent(1);
    let [Control::SessionList { sessions, .. }] = sent.as_slice() else { panic!("{sent:?}") };
    assert!(sessions.iter().all(|info| info.id != session(7)), "{sessions:?}");
}

#[test]
fn a_granted_row_makes_the_session_known() {
    let mut bench = Bench::cloud();
    bench.up(2, LAPTOP.0);
    let op = claim(&mut bench, 2, row(7, "new", LAPTOP)).unwrap();
    let granted = ClaimOutcome::Granted(row(7, "new", LAPTOP));
    bench.input(Input::Claimed { op, outcome: Ok(granted.clone()) });
    assert_eq!(bench.sent(2), [Control::Claimed { request: request(50), outcome: Ok(granted) }]);
    bench.says(2, Control::RuntimeUp(info(7, "new", LAPTOP, EPOCH)));
    assert_eq!(bench.journals_up(), [(session(7), 2)]);
}

#[test]
fn a_node_claims_its_sessions_rows_when_the_cloud_is_in_reach() {
    let mut bench = Bench::desk();
    bench.input(Input::Session(info(5, "new", DESK, Epoch::LOCAL)));
    bench.upstream(2);
    let input = ownership::Input::StoreReachable { generation: 1 };
    assert!(bench.said.contains(&Effect::Ownership { resource: ResourceId::Session(session(5)), input }));
    let claim = Claim { expect: None, next: row(5, "new", DESK) };
    bench.input(Input::Claim { resource: ResourceId::Session(session(5)), request: request(60), claim });
    assert!(bench.sent(2).iter().any(|control| matches!(control, Control::Claim { .. })));
    let outcome = Ok(ClaimOutcome::Granted(row(5, "new", DESK)));
    bench.said.clear();
    bench.says(2, Control::Claimed { request: request(60), outcome: outcome.clone() });
    let input = ownership::Input::Claimed(outcome);
    assert_eq!(bench.said, [Effect::Ownership { resource: ResourceId::Session(session(5)), input }]);
    bench.said.clear();
    bench.upstream(3);
    let lost = Effect::Ownership { resource: ResourceId::Session(session(5)), input: ownership::Input::StoreLost };
    assert_eq!(bench.said.first(), Some(&lost), "a newer link is a new beginning");
}

#[test]
fn a_nodes_own_view_of_its_sessions_goes_before_the_clouds() {
    let mut bench = Bench::desk();
    bench.client(1);
    bench.input(Input::Session(info(5, "b-own", DESK, EPOCH)));
    bench.upstream(2);
    bench.sent(2);
    bench.says(1, Control::ListSessions { request: request(10) });
    let stale = SessionInfo { state: SessionState::Unreachable, ..info(5, "b-own", DESK, EPOCH) };
    let sessions = vec![info(6, "c-other", LAPTOP, EPOCH), info(4, "a-other", LAPTOP, EPOCH), stale];
    bench.says(2, Control::SessionList { request: request(10), sessions });
    let told = bench.sent(1);
    let [Control::SessionList { sessions, .. }] = &told[..] else { panic!("{told:?}") };
    let seen: Vec<_> = sessions.iter().map(|info| (info.key.name.name.as_str(), &info.state)).collect();
    assert_eq!(seen, ["a-other", "b-own", "c-other"].map(|name| (name, &SessionState::Idle)));
}
