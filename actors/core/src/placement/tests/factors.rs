//! Each factor alone: every other one is 1, but for resources, which are a half.

use std::collections::BTreeSet;

use wayfare_protocol::capability::Accepting;
use wayfare_protocol::capability_filter::{CapabilityFilter, GpuFilter};
use wayfare_protocol::control::PresenceInfo;

use super::*;

/// The factor of node 1 with that set and those vitals, or its veto in words.
fn weigh(
    factor: Factor,
    request: &PlacementRequest,
    capabilities: &CapabilitySet,
    vitals: Vitals,
    rules: &PlacementRules,
) -> Result<f64, String> {
    let placement = StandardPlacement::new(request, Purpose::Start, rules);
    let candidate = Candidate::new(node(1), capabilities, vitals);
    let score = placement.score(&candidate);
    match placement.judge(&candidate).verdict {
        Verdict::Eligible { ranked, factors } => {
            assert_eq!(score, Some(ranked.score), "a score and its explanation are the same");
            let others = factors.iter().filter(|(other, _)| ![factor, Factor::Resources].contains(other));
            for (other, weight) in others {
                assert_eq!(*weight, 1.0, "{other:?}");
            }
            let found = factors.iter().find(|(other, _)| *other == factor);
            Ok(found.expect("every factor").1)
        }
        Verdict::Vetoed { by, veto } => {
            assert_eq!((score, by), (None, factor), "{veto}");
            Err(veto.to_string())
        }
    }
}

fn plain(
    factor: Factor,
    request: &PlacementRequest,
    capabilities: &CapabilitySet,
    vitals: Vitals,
) -> Result<f64, String> {
    weigh(factor, request, capabilities, vitals, &PlacementRules::standard())
}

fn refused<T: std::fmt::Debug>(said: &str) -> Result<T, String> {
    Err(said.to_owned())
}

#[test]
fn only_a_node_that_is_ready_takes_something() {
    for (standing, said) in [
        (Standing::Suspect, "has been silent for a moment"),
        (Standing::Offline, "is offline"),
        (Standing::Sleeping, "sleeps"),
        (Standing::Revoked, "was revoked"),
        (Standing::Draining, "is being drained"),
    ] {
        let vitals = Vitals { standing, ..idle() };
        assert_eq!(plain(Factor::Standing, &request(), &desk_and(&[]), vitals), refused(said));
    }
    assert_eq!(plain(Factor::Standing, &request(), &desk_and(&[]), idle()), Ok(1.0));
    assert_eq!(Standing::of(PresenceInfo::Online, Accepting::Everything), Standing::Ready);
    assert_eq!(Standing::of(PresenceInfo::Offline { last_seen: Wall(0) }, Accepting::Everything), Standing::Offline);
}

#[test]
fn the_code_and_everything_required_must_be_there() {
    let factor = |request: &PlacementRequest| plain(Factor::Capabilities, request, &desk_and(&["scope:home"]), idle());
    assert_eq!(factor(&request()), Ok(1.0));
    let other = PlacementRequest::new("other").unwrap();
    assert_eq!(factor(&other), refused("does not have the code: no daemon:other"));
    let filter = CapabilityFilter { memory_gb: Some(17), ..CapabilityFilter::default() };
    assert_eq!(factor(&PlacementRequest { filter, ..request() }), refused("has less than 17 GiB of memory"));
    let required = set(&["scope:home", "hardware.gpu"]);
    assert_eq!(factor(&PlacementRequest { required, ..request() }), refused("has no tag hardware.gpu"));
    let required = CapabilitySet::new().with_metadata("owner", "ops").unwrap();
    assert_eq!(factor(&PlacementRequest { required, ..request() }), refused("has no metadata owner = \"ops\""));
}

#[test]
fn more_of_what_is_optional_is_better() {
    let optional = set(&["a", "b", "c"]).with_metadata("owner", "ops").unwrap();
    let request = PlacementRequest { optional, ..request() };
    let factor = |set: CapabilitySet| plain(Factor::Capabilities, &request, &set, idle());
    assert_eq!(factor(desk_and(&[])), Ok(0.5));
    assert_eq!(factor(desk_and(&["a"])), Ok(0.625));
    assert_eq!(factor(desk_and(&["a", "b", "c"]).with_metadata("owner", "ops").unwrap()), Ok(1.0));
}

#[test]
fn one_scope_of_several_is_enough() {
    let factor = |scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| tag(scope)).collect();
        plain(Factor::Scope, &PlacementRequest { scopes, ..request() }, &desk_and(&["scope:home"]), idle())
    };
    assert_eq!(factor(&[]), Ok(1.0));
    assert_eq!(factor(&["scope:home", "scope:work"]), Ok(1.0));
    assert_eq!(factor(&["scope:lab", "scope:work"]), refused("is not in scope:lab or scope:work"));
}

#[test]
fn nearer_is_better_and_too_far_is_vetoed_only_if_measured() {
    let ms = Duration::from_millis;
    let factor = |round_trip, round_trip_max| {
        let request = PlacementRequest { round_trip_max, ..request() };
        plain(Factor::Proximity, &request, &desk_and(&[]), Vitals { round_trip, ..idle() })
    };
    assert_eq!(factor(Some(ms(0)), None), Ok(1.0));
    assert_eq!(factor(Some(ms(100)), None), Ok(0.5));
    assert_eq!(factor(Some(ms(300)), None), Ok(0.25));
    assert_eq!(factor(None, None), Ok(0.5));
    assert_eq!(factor(None, Some(ms(1))), Ok(0.5));
    assert_eq!(factor(Some(ms(100)), Some(ms(100))), Ok(0.5));
    assert_eq!(factor(Some(ms(101)), Some(ms(100))), refused("is 101ms away, further than 100ms"));
}

#[test]
fn company_is_required_or_wished_for() {
    let factor = |company: &[(&str, Strength)]| {
        let company = company.iter().map(|(with, strength)| Company { with: tag(with), strength: *strength }).collect();
        plain(Factor::Colocation, &PlacementRequest { company, ..request() }, &desk_and(&["chain:a"]), idle())
    };
    assert_eq!(factor(&[("chain:a", Strength::Strict), ("chain:a", Strength::Soft)]), Ok(1.0));
    assert_eq!(factor(&[("chain:b", Strength::Soft)]), Ok(0.7));
    assert_eq!(factor(&[("chain:b", Strength::Soft), ("chain:c", Strength::Soft)]), Ok(0.7 * 0.7));
    let said = "does not have chain:b, with which the daemon must be";
    assert_eq!(factor(&[("chain:b", Strength::Strict)]), refused(said));
}

#[test]
fn an_intent_means_what_the_rules_say_and_an_unknown_one_nothing() {
    let mut rules = PlacementRules::standard();
    let factor = |name: &str, strength, set: &CapabilitySet, rules: &PlacementRules| {
        let request = PlacementRequest { intent: Some(Intent { name: name.into(), strength }), ..request() };
        weigh(Factor::Intent, &request, set, idle(), rules)
    };
    let bare = desk_and(&[]);
    let rig = desk_and(&["hardware.gpu", "hardware.gpu.vram_gb=24", "software.model=llama", "devices.sensor"]);
    for name in ["ml-training", "inference", "sensor-telemetry"] {
        assert_eq!(factor(name, Strength::Strict, &rig, &rules), Ok(1.0), "{name}");
        assert_eq!(factor(name, Strength::Soft, &bare, &rules), Ok(0.7), "{name}");
        assert!(factor(name, Strength::Strict, &bare, &rules).is_err(), "{name}");
    }
    assert_eq!(factor("cpu-bound", Strength::Strict, &bare, &rules), Ok(1.0));
    let said = "has no graphics processor, which inference needs";
    assert_eq!(factor("inference", Strength::Strict, &bare, &rules), refused(said));
    for strength in [Strength::Soft, Strength::Strict] {
        let said = "cannot be judged: no intent archive is registered";
        assert_eq!(factor("archive", strength, &bare, &rules), refused(said));
    }
    let disk = CapabilityFilter { tags: BTreeSet::from([tag("hardware.disk")]), ..CapabilityFilter::default() };
    rules.intent("archive", disk);
    assert_eq!(factor("archive", Strength::Strict, &desk_and(&["hardware.disk"]), &rules), Ok(1.0));
}

#[test]
fn a_larger_node_is_better_and_an_unknown_size_is_a_middling_one() {
    let factor =
        |tags: &[&str]| plain(Factor::Resources, &request(), &set(&[&["daemon:tally"], tags].concat()), idle());
    assert_eq!(factor(&["hardware.cpus=8", "hardware.memory_gb=16"]), Ok(0.5));
    assert_eq!(factor(&["hardware.cpus=24", "hardware.memory_gb=48"]), Ok(0.75));
    assert_eq!(factor(&["hardware.cpus=24"]), Ok(0.625));
    assert_eq!(factor(&[]), Ok(0.5));
    assert_eq!(factor(&["hardware.cpus=-3", "hardware.memory_gb=0"]), Ok(0.05));
    let filter = CapabilityFilter { gpu: Some(GpuFilter::default()), ..CapabilityFilter::default() };
    let gpu = desk_and(&["hardware.gpu", "hardware.gpu.vram_gb=48"]);
    let found = plain(Factor::Resources, &PlacementRequest { filter, ..request() }, &gpu, idle());
    assert_eq!(found, Ok((0.5 + 0.5 + 0.75) / 3.0));
}

#[test]
fn what_is_free_of_the_busiest_part_counts() {
    let factor = |request: &PlacementRequest, load| {
        plain(Factor::Load, request, &desk_and(&["hardware.gpu"]), Vitals { load, ..idle() })
    };
    let load = |cpu_percent, memory_percent, gpu_percent| Some(Load { cpu_percent, memory_percent, gpu_percent });
    assert_eq!(factor(&request(), load(25, 50, Some(100))), Ok(0.5));
    assert_eq!(factor(&request(), load(75, 50, None)), Ok(0.25));
    assert_eq!(factor(&request(), load(100, 0, None)), Ok(0.05));
    assert_eq!(factor(&request(), None), Ok(0.5));
    let filter = CapabilityFilter { gpu: Some(GpuFilter::default()), ..CapabilityFilter::default() };
    let asks_gpu = PlacementRequest { filter, ..request() };
    assert_eq!(factor(&asks_gpu, load(0, 0, Some(75))), Ok(0.25));
    assert_eq!(factor(&asks_gpu, load(0, 0, None)), Ok(1.0));
}

#[test]
fn a_crowd_of_daemons_that_are_alike_is_avoided() {
    let factor = |alike: &[(u8, u32)]| {
        let alike = alike.iter().map(|(n, count)| (node(*n), *count)).collect();
        plain(Factor::AntiAffinity, &PlacementRequest { alike, ..request() }, &desk_and(&[]), idle())
    };
    assert_eq!(factor(&[]), Ok(1.0));
    assert_eq!(factor(&[(2, 9)]), Ok(1.0));
    assert_eq!(factor(&[(1, 1)]), Ok(0.4));
    assert_eq!(factor(&[(1, 3), (2, 7)]), Ok(1.0));
    assert_eq!(factor(&[(1, 4), (2, 6)]), Ok(0.4));
    assert_eq!(factor(&[(1, 0), (2, 0)]), Ok(1.0));
}

#[test]
fn a_filter_of_the_programs_own_has_a_say_and_an_unknown_one_vetoes() {
    let mut rules = PlacementRules::default();
    rules.filter("home", |candidate| candidate.capabilities.contains(&tag("scope:home")));
    for (id, weight) in [("much", 7.0), ("less", 0.25), ("none", 0.0), ("below", -1.0), ("nan", f64::NAN)] {
        rules.weigh(id, move |_| weight);
    }
    let request = |id: &str| PlacementRequest { custom: Some(id.into()), ..request() };
    let desk = desk_and(&["scope:home"]);
    let factor = |id: &str, rules: &PlacementRules| weigh(Factor::Custom, &request(id), &desk, idle(), rules);
    assert_eq!(factor("home", &rules), Ok(1.0));
    assert_eq!(factor("much", &rules), Ok(1.0));
    assert_eq!(factor("less", &rules), Ok(0.25));
    for id in ["none", "below", "nan"] {
        assert_eq!(factor(id, &rules), Err(format!("is vetoed by the filter {id}")));
    }
    let elsewhere = weigh(Factor::Custom, &request("home"), &desk_and(&[]), idle(), &rules);
    assert_eq!(elsewhere, refused("is vetoed by the filter home"));
    assert!(rules.remove_filter("home") && !rules.remove_filter("home"));
    assert_eq!(factor("home", &rules), refused("cannot be judged: no filter home is registered"));
}
