//! What placement costs: `cargo bench -p wayfare-core --bench placement` prints one line of JSON. Each figure is the median of
//! several rounds; beside a query stands the same question asked of every node in turn, in the same run.

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a measurement reads a clock")]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use wayfare_core::placement::{
    Candidate, CapabilityIndex, PlacementRequest, PlacementRules, Purpose, StandardPlacement, Standing, Vitals,
};
use wayfare_protocol::announcement::Said;
use wayfare_protocol::capability::Load;
use wayfare_protocol::capability_filter::{CapabilityFilter, GpuFilter};
use wayfare_protocol::capability_set::{CapabilitySet, Tag};
use wayfare_protocol::identity::PublicKey;
use wayfare_protocol::predicate::{Condition, Predicate};
use wayfare_protocol::{Boot, DeviceId, NodeId, Wall};

const NODES: u32 = 10_000;

fn main() {
    let mut index = CapabilityIndex::new(NODES as usize);
    let fleet: Vec<_> = (0..NODES).map(said).collect();
    let begun = Instant::now();
    for said in &fleet {
        index.insert(said.clone(), Boot::default()).expect("a new node");
    }
    let insert = begun.elapsed() / NODES;
    for said in &fleet {
        index.observe(said.node, vitals(said.node));
    }

    let complex = complex();
    let hits = index.query(&complex).len();
    let looked = fleet.iter().filter(|said| complex.matches(&said.capabilities)).count();
    assert!(hits > 50, "something is found");
    assert_eq!(hits, looked, "an index finds what a look at every node finds");
    let read = |filter: &CapabilityFilter| index.query(filter).iter().map(|entry| entry.version).sum::<u64>();
    let query = median(200, 10, || read(&complex));
    let scan = median(20, 1, || fleet.iter().filter(|said| complex.matches(&said.capabilities)).count());
    let half = CapabilityFilter { tags: tags(&["scope:home"]), ..CapabilityFilter::default() };
    let rare = CapabilityFilter { tags: tags(&["rack=7"]), ..complex.clone() };
    let metadata = Predicate::metadata("owner", Condition::Equals("ops".into()));
    let with_metadata = CapabilityFilter { predicate: Some(metadata), ..complex.clone() };

    let rules = PlacementRules::standard();
    let request = request();
    let placement = StandardPlacement::new(&request, Purpose::Start, &rules);
    let small = small();
    let candidate = Candidate::new(NodeId(DeviceId([1; 32])), &small, vitals(NodeId(DeviceId([1; 32]))));
    assert!(placement.score(&candidate).is_some(), "a candidate that is scored by every factor");
    let two =
        Predicate::And(vec![Predicate::exists("hardware.gpu"), Predicate::numeric_at_least("hardware.memory_gb", 32)]);
    assert!(two.holds(&small), "both clauses are looked at");

    let us = |time: Duration| time.as_secs_f64() * 1e6;
    let ns = |time: Duration| time.as_secs_f64() * 1e9;
    println!(
        "{{\"query_10k_complex_us\":{:.1},\"hits\":{hits},\"scan_10k_complex_us\":{:.1},\"query_10k_half_us\":{:.1},\
         \"query_10k_rare_us\":{:.1},\"query_10k_metadata_us\":{:.1},\"placement_candidate_ns\":{:.0},\
         \"place_10k_us\":{:.1},\"predicate_2_clauses_ns\":{:.0},\"insert_us\":{:.1}}}",
        us(query),
        us(scan),
        us(median(100, 10, || read(&half))),
        us(median(200, 20, || read(&rare))),
        us(median(100, 5, || read(&with_metadata))),
        ns(median(200, 1000, || placement.score(black_box(&candidate)))),
        us(median(50, 1, || placement.place(&index))),
        ns(median(200, 1000, || two.holds(black_box(&small)))),
        us(insert),
    );
}

/// The time of one call: the median over rounds of so many calls.
fn median<T>(rounds: usize, calls: u32, mut call: impl FnMut() -> T) -> Duration {
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let begun = Instant::now();
            for _ in 0..calls {
                black_box(call());
            }
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[rounds / 2] / calls
}

fn tags(texts: &[&str]) -> BTreeSet<Tag> {
    texts.iter().map(|text| Tag::new(*text).expect("a tag")).collect()
}

fn set(texts: &[String]) -> CapabilitySet {
    texts.iter().fold(CapabilitySet::new(), |set, text| set.with_tag(text).expect("a tag"))
}

/// A fleet in which every property has its own share: half at home, a third with a graphics processor, memory of seven sizes.
fn said(n: u32) -> Said {
    let mut texts = vec![
        format!("hardware.cpus={}", 2 << (n % 6)),
        format!("hardware.memory_gb={}", 4 << (n % 7)),
        "software.runtime.python".to_owned(),
        format!("software.python=3.{}.{}", 8 + n / 7 % 6, n % 20),
        "subprotocol:0x0500".to_owned(),
        format!("daemon:kind-{}", n % 20),
        "daemon:tally".to_owned(),
        format!("rack={}", n % 100),
    ];
    texts.push(if n.is_multiple_of(2) { "scope:home" } else { "scope:office" }.to_owned());
    if n.is_multiple_of(3) {
        texts.push("hardware.gpu".to_owned());
        texts.push(format!("hardware.gpu.vendor={}", if n.is_multiple_of(9) { "amd" } else { "nvidia" }));
        texts.push(format!("hardware.gpu.vram_gb={}", 8 << (n / 11 % 4)));
    }
    let owner = if n.is_multiple_of(5) { "ops" } else { "me" };
    let capabilities = set(&texts).with_metadata("owner", owner).expect("metadata");
    let mut id = [0; 32];
    id[..4].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
    Said { node: NodeId(DeviceId(id)), key: PublicKey([0; 32]), version: 1, at: Wall(0), ttl: 60, capabilities }
}

fn vitals(node: NodeId) -> Vitals {
    let byte = node.0.0[0];
    let load = Load { cpu_percent: byte % 100, memory_percent: byte % 80, gpu_percent: None };
    Vitals { standing: Standing::Ready, load: Some(load), round_trip: Some(Duration::from_millis(byte.into())) }
}

/// A tag of half the fleet, a graphics processor of a vendor with memory, main memory, and two clauses.
fn complex() -> CapabilityFilter {
    CapabilityFilter {
        tags: tags(&["scope:home"]),
        memory_gb: Some(32),
        gpu: Some(GpuFilter { vendor: Some("nvidia".into()), vram_gb: Some(16) }),
        predicate: Some(Predicate::And(vec![
            Predicate::tag("software.python", Condition::SemverAtLeast("3.11".parse().expect("a version"))),
            Predicate::equals("rack", "13").negated(),
        ])),
        ..CapabilityFilter::default()
    }
}

fn small() -> CapabilitySet {
    let texts = [
        "daemon:tally",
        "hardware.cpus=16",
        "hardware.gpu",
        "hardware.gpu.vram_gb=24",
        "hardware.memory_gb=64",
        "scope:home",
        "software.runtime.python",
        "subprotocol:0x0500",
    ];
    set(&texts.map(str::to_owned))
}

/// Something for every factor to look at.
fn request() -> PlacementRequest {
    let mut request = PlacementRequest::new("tally").expect("a kind");
    request.filter = CapabilityFilter { memory_gb: Some(32), ..CapabilityFilter::default() };
    request.required = set(&["software.runtime.python".to_owned()]);
    request.optional = set(&["scope:home".to_owned(), "fast".to_owned()]);
    request.scopes = tags(&["scope:home"]);
    request.round_trip_max = Some(Duration::from_secs(1));
    request.alike.insert(NodeId(DeviceId([2; 32])), 3);
    request
}
