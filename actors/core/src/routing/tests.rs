//! The lines of the module's table, and what refusals say.

use wayfare_protocol::capability::{Gpu, Hardware, Needs, Reluctance, RuntimeSpec};
use wayfare_protocol::session::{Environment, Language, SessionKey, SessionName};
use wayfare_protocol::{DeviceId, SessionId, Wall};

use super::*;

const GIB: u64 = 1024 * 1024 * 1024;
/// 2026-01-02 03:04:05 UTC.
const THEN: Wall = Wall(1_767_323_045_000);

fn node(n: u8) -> NodeId {
    NodeId(DeviceId([n; 32]))
}

/// A device with Python, 8 GiB, no graphics processor, half loaded.
fn device(n: u8, name: &str) -> DeviceView {
    let python = RuntimeSpec {
        kernel: "python3".into(),
        language: Language::from_word("python"),
        display_name: "Python 3".into(),
        environment: "/usr/bin/python3".into(),
    };
    let hardware = Hardware { cpus: 4, memory_bytes: 8 * GIB, gpus: Vec::new() };
    DeviceView {
        node: node(n),
        name: name.into(),
        presence: PresenceInfo::Online,
        capabilities: Capabilities { hardware, runtimes: vec![python], tags: vec!["home".into()] },
        load: Some(Load { cpu_percent: 50, memory_percent: 50, gpu_percent: None }),
        accepting: Accepting::Everything,
    }
}

fn want(language: &str) -> OpenSession {
    let name = SessionName::new("notes", "main").unwrap();
    OpenSession {
        key: SessionKey { name, language: Language::from_word(language) },
        id: SessionId(uuid::Uuid::from_u128(1)),
        environment: Environment::default(),
        needs: Needs::default(),
        device: None,
    }
}

fn view(here: Option<u8>, devices: &[DeviceView]) -> View {
    View { here: here.map(node), devices: devices.to_vec(), session: None }
}

fn living_on(mut view: View, owner: u8) -> View {
    view.session = Some(SessionView { owner: node(owner), state: SessionState::Idle });
    view
}

fn decided(view: &View, want: &OpenSession) -> (NodeId, RouteReason) {
    let route = route(view, want).unwrap();
    (route.node, route.reason)
}

#[test]
fn a_session_that_lives_here_stays_here() {
    let view = living_on(view(Some(1), &[device(1, "laptop"), device(2, "desk")]), 1);
    assert_eq!(decided(&view, &want("python")), (node(1), RouteReason::LocalOwner));
}

/// Offline, a node knows itself and nothing of its presence: its own sessions are served all the same.
#[test]
fn a_local_owner_needs_no_device_list() {
    assert_eq!(decided(&living_on(view(Some(1), &[]), 1), &want("python")), (node(1), RouteReason::LocalOwner));
}

#[test]
fn a_session_that_lives_elsewhere_is_never_started_a_second_time() {
    let view = living_on(view(Some(1), &[device(1, "laptop"), device(2, "desk")]), 2);
    assert_eq!(decided(&view, &want("python")), (node(2), RouteReason::RunningElsewhere));
    let chosen = OpenSession { device: Some(node(1)), ..want("python") };
    let routed = route(&view, &chosen).unwrap();
    assert_eq!((routed.node, routed.reason), (node(2), RouteReason::RunningElsewhere));
    assert_eq!(routed.notes, [RouteNote::LivesElsewhere { device: "desk".into() }]);
}

#[test]
fn a_suspect_owner_is_tried_and_the_route_says_so() {
    let desk = DeviceView { presence: PresenceInfo::Suspect, ..device(2, "desk") };
    let routed = route(&living_on(view(None, &[desk]), 2), &want("python")).unwrap();
    assert_eq!(routed.notes, [RouteNote::Suspect { device: "desk".into() }]);
}

#[test]
fn an_owner_that_is_gone_is_named_with_when_it_was_last_seen() {
    let laptop = device(1, "laptop");
    for (presence, told) in [
        (PresenceInfo::Offline { last_seen: THEN }, "desk is offline, last seen 2026-01-02 03:04:05 UTC"),
        (PresenceInfo::Sleeping { since: THEN }, "desk sleeps since 2026-01-02 03:04:05 UTC"),
    ] {
        let desk = DeviceView { presence, ..device(2, "desk") };
        let refusal = route(&living_on(view(Some(1), &[laptop.clone(), desk]), 2), &want("python")).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::OwnerUnreachable);
        assert_eq!(refusal.detail, format!("notes:main (python) lives on {told}"));
    }
    let refusal = route(&living_on(view(Some(1), &[laptop]), 9), &want("python")).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::OwnerUnreachable);
}

#[test]
fn a_cold_session_is_noted() {
    let mut view = living_on(view(Some(1), &[]), 1);
    view.session = Some(SessionView { owner: node(1), state: SessionState::Cold });
    assert_eq!(route(&view, &want("python")).unwrap().notes, [RouteNote::Cold]);
}

#[test]
fn a_choice_goes_before_this_node_and_the_least_loaded() {
    let view = view(Some(1), &[device(1, "laptop"), device(2, "desk"), device(3, "server")]);
    let chosen = OpenSession { device: Some(node(3)), ..want("python") };
    assert_eq!(decided(&view, &chosen), (node(3), RouteReason::ChosenByUser));
}

#[test]
fn a_choice_that_cannot_be_is_refused_and_not_replaced() {
    let away = DeviceView { presence: PresenceInfo::Offline { last_seen: THEN }, ..device(3, "server") };
    let view = view(Some(1), &[device(1, "laptop"), device(2, "desk"), away]);
    let refusal =
        |language: &str, n: u8| route(&view, &OpenSession { device: Some(node(n)), ..want(language) }).unwrap_err();
    assert_eq!(refusal("python", 9).code, ErrorCode::NotFound);
    assert_eq!(refusal("python", 3).code, ErrorCode::OwnerUnreachable);
    assert_eq!(refusal("julia", 2), Refusal::new(ErrorCode::NoCapability, "desk has no kernel for julia"));
}

#[test]
fn a_new_session_starts_here_if_this_node_can() {
    let idle = Load::default();
    let view = view(Some(1), &[device(1, "laptop"), DeviceView { load: Some(idle), ..device(2, "desk") }]);
    assert_eq!(decided(&view, &want("python")), (node(1), RouteReason::ColdStartHere));
}

#[test]
fn a_new_session_goes_where_its_needs_are_met() {
    let mut desk = device(2, "desk");
    desk.capabilities.hardware.gpus = vec![Gpu { name: "card".into(), memory_bytes: 4 * GIB }];
    desk.capabilities.hardware.memory_bytes = 64 * GIB;
    desk.capabilities.tags.push("office".into());
    let view = view(Some(1), &[device(1, "laptop"), desk]);
    for needs in [
        Needs { gpu: true, ..Needs::default() },
        Needs { memory_bytes: Some(16 * GIB), ..Needs::default() },
        Needs { tags: vec!["office".into(), "home".into()], ..Needs::default() },
    ] {
        let want = OpenSession { needs, ..want("python") };
        assert_eq!(decided(&view, &want), (node(2), RouteReason::ColdStartByCapability), "{:?}", want.needs);
    }
}

#[test]
fn the_least_loaded_device_is_best_then_the_first_by_name_then_by_id() {
    let load = |cpu_percent| Some(Load { cpu_percent, memory_percent: 50, gpu_percent: None });
    let with = |n, name, load| DeviceView { load, ..device(n, name) };
    for (devices, best) in [
        (vec![with(1, "a", load(90)), with(2, "b", load(10))], 2),
        (vec![with(1, "b", load(10)), with(2, "a", load(10))], 2),
        (vec![with(2, "a", load(10)), with(1, "a", load(10))], 1),
        (vec![with(1, "a", None), with(2, "b", load(99))], 2),
    ] {
        let mut backwards = devices.clone();
        backwards.reverse();
        for devices in [devices, backwards] {
            assert_eq!(decided(&view(None, &devices), &want("python")).0, node(best), "{devices:?}");
        }
    }
}

#[test]
fn only_devices_that_are_there_are_started_on() {
    let suspect = DeviceView { presence: PresenceInfo::Suspect, load: Some(Load::default()), ..device(1, "a") };
    let view = view(None, &[suspect, device(2, "b")]);
    assert_eq!(decided(&view, &want("python")).0, node(2));
}

#[test]
fn a_refusal_names_what_each_device_lacks() {
    let away = DeviceView { presence: PresenceInfo::Offline { last_seen: THEN }, ..device(3, "server") };
    let view = view(None, &[device(2, "desk"), away, device(1, "attic")]);
    let needs = Needs { gpu: true, memory_bytes: Some(16 * GIB), tags: vec!["office".into()] };
    let refusal = route(&view, &OpenSession { needs, ..want("julia") }).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::NoCapability);
    let lacks = "has no kernel for julia and has no graphics processor and has 8.0 GiB of memory, not 16.0 GiB \
                 and has no tag \"office\"";
    assert_eq!(
        refusal.detail,
        format!(
            "notes:main (julia): attic {lacks}; desk {lacks}; server is offline, last seen 2026-01-02 03:04:05 UTC"
        )
    );
    let refusal = route(&View::default(), &want("python")).unwrap_err();
    assert!(refusal.detail.contains("no device runs a node"), "{refusal}");
}

/// A kernel by name must be there; a virtual environment's folder is believed of the device it was meant for only.
#[test]
fn an_environment_is_looked_for() {
    let env = |kernel: Option<&str>, venv: Option<&str>| Environment {
        kernel: kernel.map(Into::into),
        venv: venv.map(Into::into),
        cwd: None,
    };
    let open = |environment| OpenSession { environment, ..want("python") };
    let here = view(Some(1), &[device(1, "laptop")]);
    assert!(route(&here, &open(env(Some("python3"), None))).is_ok());
    let refusal = route(&here, &open(env(Some("conda"), None))).unwrap_err();
    assert!(refusal.detail.contains("laptop has no kernel \"conda\" for python"), "{refusal}");

    let mut bare = device(1, "laptop");
    bare.capabilities.runtimes.clear();
    let venv = open(env(Some("conda"), Some("/home/me/venv")));
    assert!(route(&view(Some(1), &[bare.clone()]), &venv).is_ok());
    assert!(route(&view(None, &[bare]), &venv).is_err());
}

#[test]
fn a_session_that_lives_where_the_need_is_not_met_is_refused_with_the_lack() {
    let view = living_on(view(Some(1), &[device(1, "laptop"), device(2, "desk")]), 2);
    let needs = Needs { gpu: true, tags: vec!["lab".into()], ..Needs::default() };
    let refusal = route(&view, &OpenSession { needs, ..want("python") }).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::NoCapability);
    let expected = "notes:main (python) lives on desk, which has no graphics processor and has no tag \"lab\"; another session would \
                    find a device that has it";
    assert_eq!(refusal.detail, expected);
    let met = Needs { tags: vec!["home".into()], ..Needs::default() };
    assert_eq!(decided(&view, &OpenSession { needs: met, ..want("python") }), (node(2), RouteReason::RunningElsewhere));
}

#[test]
fn this_node_is_chosen_for_what_it_can_run_and_has() {
    let view = view(Some(1), &[device(1, "laptop")]);
    let needs = |gpu, tag: &str| Needs { gpu, tags: vec![tag.into()], ..Needs::default() };
    assert!(is_for_here(&view, &OpenSession { needs: needs(false, "home"), ..want("python") }));
    assert!(!is_for_here(&view, &OpenSession { needs: needs(true, "home"), ..want("python") }));
    assert!(!is_for_here(&view, &want("r")));
    assert!(!is_for_here(&View { here: None, ..view }, &want("python")));
}

#[test]
fn a_device_that_takes_nothing_is_neither_found_nor_forced() {
    let closed = |n, name| DeviceView { accepting: Accepting::Nothing(Reluctance::Closed), ..device(n, name) };
    let view = view(None, &[closed(1, "laptop"), device(2, "desk")]);
    assert_eq!(decided(&view, &want("python")), (node(2), RouteReason::ColdStartByCapability));
    let refusal = route(&view, &OpenSession { device: Some(node(1)), ..want("python") }).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::NoCapability);
    assert_eq!(refusal.detail, "laptop takes nothing from other devices (its policy)");
}
