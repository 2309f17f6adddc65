//! What it costs to find a node for a daemon among 10,000. Beside a query stands the same question asked of every node in turn.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};
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

use super::{median, put, timed};

const NODES: u32 = 10_000;
/// Scores that are measured together.
const SCORES: u32 = 1_000;

pub(super) fn placement(line: &mut Map<String, Value>) -> Result<()> {
    let mut index = CapabilityIndex::new(NODES as usize);
    let fleet: Vec<_> = (0..NODES).map(said).collect();
    for said in &fleet {
        index.insert(said.clone(), Boot::default()).context("a new node")?;
    }
    for said in &fleet {
        index.observe(said.node, vitals(said.node));
    }
    let complex = complex();
    let scan = || fleet.iter().filter(|said| complex.matches(&said.capabilities)).count();
    let hits = index.query(&complex).len();
    ensure!(hits > 50 && hits == scan(), "an index finds what a look at every node finds");
    let query = median(100, || timed(|| Ok(index.query(&complex).iter().map(|entry| entry.version).sum::<u64>())))?;
    let scanned = median(20, || timed(|| Ok(scan())))?;
    put(line, "query_10k_complex_us", query * 1e6, scanned * 1e6);

    let (rules, request, small) = (PlacementRules::standard(), request(), small());
    let placement = StandardPlacement::new(&request, Purpose::Start, &rules);
    let id = NodeId(DeviceId([1; 32]));
    let candidate = Candidate::new(id, &small, vitals(id));
    ensure!(placement.score(&candidate).is_some(), "a candidate is scored by every factor");
    let scored = median(200, || {
        timed(|| {
            for _ in 0..SCORES {
                black_box(placement.score(black_box(&candidate)));
            }
            Ok(())
        })
    })?;
    let filtered = median(200, || {
        timed(|| {
            for _ in 0..SCORES {
                black_box(request.filter.matches(black_box(&small)));
            }
            Ok(())
        })
    })?;
    let ns = |seconds: f64| seconds * 1e9 / f64::from(SCORES);
    put(line, "placement_candidate_ns", ns(scored), ns(filtered));
    Ok(())
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
