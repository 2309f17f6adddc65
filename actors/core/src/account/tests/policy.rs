//! What a node takes from other devices: the lines of the table in `policy`.

use super::*;

const CLOUD: u64 = 1;
const OWN: u64 = 2;

/// The desk with its cloud and a program of its own user; one session lives on it.
fn desk(policy: Policy) -> Bench {
    let mut bench = Bench::desk_with(policy);
    bench.input(Input::Restarted { sessions: [].into(), daemons: [].into(), is_paired: true });
    bench.upstream(CLOUD);
    bench.client(OWN);
    bench.input(Input::Session(info(1, "main", DESK, EPOCH)));
    bench
}

fn closed() -> Policy {
    Policy { remote: false, ..Policy::default() }
}

/// Takes what the cloud was told about it.
fn told(bench: &mut Bench) -> Vec<Accepting> {
    let sent = bench.sent(CLOUD).into_iter().filter_map(|control| match control {
        Control::Accepting(accepting) => Some(accepting),
        _ => None,
    });
    sent.collect()
}

fn busy(bench: &mut Bench, n: u128, name: &str, with: Option<u128>) {
    let run = |of: u128| SessionState::Busy { run: RunId(Uuid::from_u128(of)), waiting: 0 };
    let state = with.map_or(SessionState::Idle, run);
    bench.input(Input::Session(SessionInfo { state, ..info(n, name, DESK, EPOCH) }));
}

/// What becomes of a run that comes over a link: called, or why not.
fn asked(bench: &mut Bench, link: u64, n: u128, of: u128) -> Result<(), Refusal> {
    bench.sent(link);
    bench.asks(link, run(n, of));
    if bench.called().is_some() { Ok(()) } else { Err(bench.refusal(link)) }
}

#[test]
fn without_a_policy_everything_is_taken_and_nobody_is_told() {
    let mut bench = desk(Policy::default());
    bench.input(Input::Power(Power::Battery));
    assert_eq!(told(&mut bench), []);
    assert_eq!(asked(&mut bench, CLOUD, 1, 1), Ok(()));
}

#[test]
fn a_closed_node_serves_its_own_user_only() {
    let mut bench = desk(closed());
    assert_eq!(told(&mut bench), [Accepting::Nothing(Reluctance::Closed)]);
    let refusal = asked(&mut bench, CLOUD, 1, 1).expect_err("it is closed");
    assert!(refusal.code == ErrorCode::Forbidden && refusal.detail.starts_with("desk takes nothing"), "{refusal}");
    assert_eq!(asked(&mut bench, OWN, 2, 1), Ok(()));
    bench.opens(CLOUD, 3, open("other", 3));
    assert_eq!(bench.opened(CLOUD).map_err(|refusal| refusal.code), Err(ErrorCode::Forbidden));
    assert_eq!(bench.created(), 0);
}

#[test]
fn what_its_own_user_opens_comes_back_from_the_cloud_and_is_made() {
    let mut bench = desk(closed());
    bench.opens(OWN, 3, open("other", 3));
    let passed = bench.sent(CLOUD).pop();
    let Some(Control::Open { open, .. }) = passed else { panic!("not passed on: {passed:?}") };
    assert_eq!(open.device, Some(DESK));
    bench.opens(CLOUD, 3, open);
    assert_eq!(bench.created(), 1);
}

#[test]
fn a_run_that_may_have_been_accepted_is_its_sessions_to_answer() {
    let mut bench = desk(closed());
    let mut again = run(1, 1);
    if let SessionCall::Run(run) = &mut again.call {
        run.again = true;
    }
    bench.asks(CLOUD, again);
    assert!(bench.called().is_some());
    bench.asks(CLOUD, MrpRequest { call: SessionCall::Interrupt { run: None }, ..run(2, 1) });
    assert!(bench.called().is_some(), "what runs can be interrupted from everywhere");
    bench.sent(CLOUD);
    bench.asks(CLOUD, MrpRequest { call: SessionCall::Reset, ..run(3, 1) });
    assert_eq!(bench.refusal(CLOUD).code, ErrorCode::Forbidden);
}

#[test]
fn on_its_battery_a_node_takes_nothing_until_it_has_power() {
    let mut bench = desk(Policy { on_battery: false, ..Policy::default() });
    assert_eq!(told(&mut bench), []);
    bench.input(Input::Power(Power::Battery));
    bench.input(Input::Power(Power::Battery));
    assert_eq!(told(&mut bench), [Accepting::Nothing(Reluctance::OnBattery)]);
    assert!(asked(&mut bench, CLOUD, 1, 1).expect_err("on battery").detail.contains("battery"));
    bench.input(Input::Power(Power::Mains));
    assert_eq!(told(&mut bench), [Accepting::Everything]);
    assert_eq!(asked(&mut bench, CLOUD, 2, 1), Ok(()));
}

#[test]
fn a_full_node_takes_only_what_waits_behind_a_cell() {
    let mut bench = desk(Policy { runs: Some(1), ..Policy::default() });
    busy(&mut bench, 2, "other", Some(7));
    assert_eq!(told(&mut bench), [Accepting::Nothing(Reluctance::Full { most: 1 })]);
    let refusal = asked(&mut bench, CLOUD, 1, 1).expect_err("it is full");
    assert_eq!(refusal.code, ErrorCode::Overloaded);
    assert_eq!(asked(&mut bench, CLOUD, 2, 2), Ok(()), "it waits in its session");
    busy(&mut bench, 2, "other", None);
    assert_eq!(told(&mut bench), [Accepting::Everything]);
    assert_eq!(asked(&mut bench, CLOUD, 3, 1), Ok(()));
}

#[test]
fn a_new_link_is_told_again() {
    let mut bench = desk(closed());
    told(&mut bench);
    bench.down(CLOUD);
    bench.upstream(CLOUD);
    assert_eq!(told(&mut bench), [Accepting::Nothing(Reluctance::Closed)]);
}

#[test]
fn the_cloud_sends_nothing_new_to_a_node_that_takes_nothing() {
    let mut bench = Bench::cloud();
    bench.up(1, DESK.0);
    bench.up(2, LAPTOP.0);
    bench.up(3, PHONE);
    bench.says(1, Control::Accepting(Accepting::Nothing(Reluctance::Closed)));
    bench.said.clear();
    bench.opens(3, 5, open("new", 5));
    assert!(matches!(bench.sent(2).as_slice(), [Control::Open { .. }]), "the laptop is left");
    bench.says(2, Control::Accepting(Accepting::Nothing(Reluctance::OnBattery)));
    bench.opens(3, 6, open("newer", 6));
    let refusal = bench.opened(3).expect_err("nobody");
    assert_eq!(refusal.code, ErrorCode::NoCapability);
    for part in ["desk takes nothing from other devices", "laptop is on its battery"] {
        assert!(refusal.detail.contains(part), "{refusal}");
    }
    // The device's own user is not bound by it.
    bench.opens(1, 7, OpenSession { device: Some(DESK), ..open("own", 7) });
    assert!(matches!(bench.sent(1).as_slice(), [Control::Open { .. }]));
}
