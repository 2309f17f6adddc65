//! Chunks in any order, again, wrong, too many and too late.

use proptest::prelude::*;
use wayfare_protocol::limits::CHUNK_MIN;

use super::*;

const MAX: u64 = 1 << 30;

fn at(seconds: u64) -> Boot {
    Boot(Duration::from_secs(seconds))
}

fn limits() -> Limits {
    Limits {
        snapshot: 100_000,
        snapshots_pending: 150_000,
        snapshot_silence: Duration::from_secs(60),
        ..Limits::default()
    }
}

fn pattern(length: usize, seed: usize) -> Bytes {
    (0..length).map(|n| ((n + seed) * 31 % 251) as u8 ^ (n >> 8) as u8).collect()
}

fn cut(bytes: &Bytes) -> (Manifest, Vec<Bytes>) {
    Manifest::cut(std::slice::from_ref(bytes), CHUNK_MIN, MAX).unwrap()
}

fn ids(manifest: &Manifest) -> Vec<ChunkId> {
    manifest.chunks.iter().map(|(id, _)| *id).collect()
}

#[test]
fn what_came_in_another_order_is_whole() {
    let all = pattern(20_000, 1);
    let (manifest, chunks) = cut(&all);
    let ids = ids(&manifest);
    let mut assembly = Assembly::new(manifest.clone(), MAX, at(0)).unwrap();
    assert_eq!(assembly.lacking().collect::<Vec<_>>(), manifest.chunks);
    assert_eq!(assembly.take(at(1), ids[2], &chunks[2]), Ok(Taken::Lacking(2)));
    assert_eq!(assembly.take(at(1), ids[0], &chunks[0]), Ok(Taken::Lacking(1)));
    assert_eq!(assembly.take(at(1), ids[0], &chunks[0]), Ok(Taken::Repeat));
    assert_eq!(assembly.lacking().collect::<Vec<_>>(), [manifest.chunks[1]]);
    assembly = assembly.finish().expect_err("one is lacking");
    assert_eq!(assembly.take(at(1), ids[1], &chunks[1]), Ok(Taken::Whole));
    assert_eq!(assembly.finish().unwrap(), all);
}

#[test]
fn a_wrong_chunk_changes_nothing() {
    let (manifest, chunks) = cut(&pattern(20_000, 1));
    let ids = ids(&manifest);
    let mut assembly = Assembly::new(manifest, MAX, at(0)).unwrap();
    let strange = ChunkId::of(b"strange");
    assert_eq!(assembly.take(at(9), strange, b"strange"), Err(ChunkError::NotListed(strange)));
    let short = ChunkError::Length { id: ids[0], expected: 7_000, got: 6_999 };
    assert_eq!(assembly.take(at(9), ids[0], &chunks[0][1..]), Err(short));
    assert_eq!(assembly.take(at(9), ids[0], &chunks[1]), Err(ChunkError::Content(ids[0])));
    assert_eq!((assembly.lacking().count(), assembly.last), (3, at(0)));
    // A repeat with other bytes is a repeat: what is there was checked.
    assembly.take(at(9), ids[0], &chunks[0]).unwrap();
    assert_eq!(assembly.take(at(9), ids[0], &chunks[1]), Ok(Taken::Repeat));
}

#[test]
fn the_same_bytes_twice_travel_once() {
    let twice = Bytes::from(vec![7; 3 * CHUNK_MIN]);
    let (manifest, chunks) = cut(&twice);
    let mut assembly = Assembly::new(manifest, MAX, at(0)).unwrap();
    let lacking: Vec<_> = assembly.lacking().collect();
    let [(id, _)] = lacking.as_slice() else { panic!("{lacking:?}") };
    assert_eq!(assembly.take(at(0), *id, &chunks[0]), Ok(Taken::Whole));
    assert_eq!(assembly.finish().unwrap(), twice);
}

#[test]
fn nothing_at_all_is_whole_at_once() {
    let assembly = Assembly::new(Manifest::default(), MAX, at(0)).unwrap();
    assert_eq!(assembly.finish().unwrap(), Bytes::new());
}

#[test]
fn there_is_a_bound_on_what_is_announced_by_one_and_by_all() {
    let mut all = Assemblies::new(&limits());
    let huge = Manifest { total: u64::MAX, chunks: Vec::new() };
    let too_large = ManifestError::TooLarge { total: u64::MAX, max: 100_000 };
    assert_eq!(all.begin(at(0), 'a', huge), Err(BeginError::Manifest(too_large)));
    // It says much and lists little: not believed either.
    let false_sum = Manifest { total: 90_000, chunks: Vec::new() };
    assert_eq!(all.begin(at(0), 'a', false_sum), Err(ManifestError::Sum { sum: 0, total: 90_000 }.into()));
    assert_eq!(all.pending(), 0);

    let (first, _) = cut(&pattern(100_000, 1));
    let (second, _) = cut(&pattern(50_001, 2));
    assert_eq!(all.begin(at(0), 'a', first.clone()), Ok(Begun::Anew));
    let full = BeginError::Full { wanted: 50_001, pending: 100_000, max: 150_000 };
    assert_eq!(all.begin(at(0), 'b', second.clone()), Err(full));
    // In its own place there is room for it.
    assert_eq!(all.begin(at(0), 'a', second), Ok(Begun::Anew));
    assert_eq!(all.pending(), 50_001);
    assert!(all.get(&'b').is_none());
    assert_eq!(all.begin(at(0), 'b', cut(&pattern(99_999, 3)).0), Ok(Begun::Anew));
    assert_eq!(all.pending(), 150_000);
    all.drop_one(&'a');
    assert_eq!(all.pending(), 99_999);
}

#[test]
fn the_same_goes_on_where_it_was() {
    let bytes = pattern(20_000, 1);
    let (manifest, chunks) = cut(&bytes);
    let mut all = Assemblies::new(&limits());
    all.begin(at(0), 'a', manifest.clone()).unwrap();
    let ids = ids(&manifest);
    all.get_mut(&'a').unwrap().take(at(1), ids[0], &chunks[0]).unwrap();
    assert_eq!(all.begin(at(2), 'a', manifest.clone()), Ok(Begun::Resumed));
    assert_eq!(all.finish(&'a'), None);
    for n in [1, 2] {
        all.get_mut(&'a').unwrap().take(at(3), ids[n], &chunks[n]).unwrap();
    }
    assert_eq!(all.finish(&'a'), Some(bytes));
    assert_eq!((all.pending(), all.finish(&'a')), (0, None));
}

/// A message cannot make the ones after it look old, whatever it says: only its content counts.
#[test]
fn what_was_dropped_can_begin_again() {
    let (manifest, _) = cut(&pattern(10_000, 1));
    let (forged, _) = cut(&pattern(10_000, 2));
    let mut all = Assemblies::new(&limits());
    for manifest in [&manifest, &forged, &manifest, &forged] {
        assert_eq!(all.begin(at(0), 'a', manifest.clone()), Ok(Begun::Anew));
    }
    assert_eq!(all.pending(), 10_000);
}

#[test]
fn what_nothing_comes_for_is_given_up() {
    let mut all = Assemblies::new(&limits());
    assert_eq!(all.deadline(), None);
    let (one, chunks) = cut(&pattern(10_000, 1));
    all.begin(at(0), 'a', one.clone()).unwrap();
    all.begin(at(5), 'b', cut(&pattern(10_000, 2)).0).unwrap();
    all.get_mut(&'a').unwrap().take(at(10), one.chunks[0].0, &chunks[0]).unwrap();
    // A wrong one and a repeat are no signs of life.
    all.get_mut(&'b').unwrap().take(at(20), one.chunks[0].0, &chunks[0]).unwrap_err();
    all.get_mut(&'a').unwrap().take(at(30), one.chunks[0].0, &chunks[0]).unwrap();
    assert_eq!(all.deadline(), Some(at(65)));
    assert_eq!(all.sweep(at(64)), []);
    assert_eq!(all.sweep(at(65)), ['b']);
    assert_eq!((all.deadline(), all.pending()), (Some(at(70)), 10_000));
    assert_eq!(all.sweep(at(500)), ['a']);
    assert_eq!((all.deadline(), all.pending()), (None, 0));
}

proptest! {
    /// Any chunks in any order, some again, some wrong: whole exactly when each was there, and then the same bytes.
    #[test]
    fn whatever_comes_it_is_whole_when_all_was_there(
        length in 0usize..60_000,
        repeats in 0u8..3,
        order in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..40),
    ) {
        // Some chunks are the same as others.
        let bytes: Bytes = (0..length).map(|n| (n / 7_000 % (1 + usize::from(repeats))) as u8).collect();
        let (manifest, chunks) = cut(&bytes);
        let mut assembly = Assembly::new(manifest.clone(), MAX, at(0)).unwrap();
        let mut there = std::collections::BTreeSet::new();
        for (index, is_right) in order.iter().filter(|_| !chunks.is_empty()) {
            let n = index.index(chunks.len());
            let id = manifest.chunks[n].0;
            let mut chunk = chunks[n].to_vec();
            if !is_right {
                chunk[0] ^= 1;
            }
            let taken = assembly.take(at(1), id, &chunk);
            match (is_right, there.contains(&id)) {
                (_, true) => prop_assert_eq!(taken, Ok(Taken::Repeat)),
                (false, false) => prop_assert_eq!(taken, Err(ChunkError::Content(id))),
                (true, false) => {
                    there.insert(id);
                    prop_assert!(taken.is_ok());
                }
            }
            prop_assert!(assembly.lacking().all(|(id, _)| !there.contains(&id)));
        }
        let all: std::collections::BTreeSet<_> = ids(&manifest).into_iter().collect();
        prop_assert_eq!(assembly.lacking().count(), all.len() - there.len());
        prop_assert_eq!(assembly.is_whole(), there == all);
        if there == all {
            prop_assert_eq!(assembly.finish().unwrap(), bytes);
        }
    }
}
