//! Devices after a cloud's start, and how they are listed.

use super::*;

fn presence(bench: &mut Bench, link: u64, device: DeviceId) -> PresenceInfo {
    bench.devices(link).into_iter().find(|info| info.device == device).expect("listed").presence
}

#[test]
fn after_a_start_registered_devices_are_suspect_for_a_while_and_then_offline() {
    let mut bench = Bench::cloud();
    bench.up(9, PHONE);
    assert_eq!(presence(&mut bench, 9, DESK.0), PresenceInfo::Suspect);
    assert_eq!(bench.account.deadline(), Some(Boot(Duration::from_secs(60))));
    bench.pass(59_999);
    assert_eq!(presence(&mut bench, 9, DESK.0), PresenceInfo::Suspect);
    bench.pass(1);
    assert_eq!(presence(&mut bench, 9, DESK.0), PresenceInfo::Offline { last_seen: Wall(5) });
    assert_eq!(bench.account.deadline(), None);
}

#[test]
fn a_device_that_comes_in_time_is_online_and_stays_so() {
    let mut bench = Bench::cloud();
    bench.up(9, PHONE);
    bench.up(1, DESK.0);
    bench.pass(120_000);
    assert_eq!(presence(&mut bench, 9, DESK.0), PresenceInfo::Online);
}

#[test]
fn what_a_devices_own_actor_says_counts_from_then_on() {
    let mut bench = Bench::cloud();
    bench.up(9, PHONE);
    let sleeping = PresenceInfo::Sleeping { since: Wall(3) };
    bench.input(Input::Presence { device: DESK.0, presence: sleeping });
    bench.pass(60_000);
    assert_eq!(presence(&mut bench, 9, DESK.0), sleeping);
}

#[test]
fn a_node_shows_its_clouds_devices_and_itself_when_the_cloud_does_not_answer() {
    let mut bench = Bench::desk();
    bench.client(1);
    assert_eq!(bench.devices(1).len(), 1);
    bench.upstream(2);
    bench.says(1, Control::ListDevices { request: request(10) });
    assert_eq!(bench.sent(2), [Control::ListDevices { request: request(10) }]);
    bench.pass(3_000);
    let told = bench.sent(1);
    assert!(matches!(&told[..], [Control::DeviceList { devices, .. }] if devices.len() == 1), "{told:?}");
}
