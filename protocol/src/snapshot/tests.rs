//! Every way to reject a snapshot, and that nothing else is.

use proptest::prelude::*;

use super::*;
use crate::entity::{EntityKey, Origin};

const MAX: u64 = 1 << 20;
/// Where fields begin.
const VERSION_AT: usize = 8;
const FLAGS_AT: usize = 10;
const KIND_LEN_AT: usize = 11;
const ENTITY_AT: usize = 16;
const HEAD_SEQUENCE_AT: usize = ENTITY_AT + 32 + 40;
const CHAIN_AT: usize = ENTITY_AT + 32 + Head::LEN;
const HORIZON_LEN_AT: usize = CHAIN_AT + 32;
const HOST_LEN_AT: usize = HORIZON_LEN_AT + 4;
const STATE_LEN_AT: usize = HOST_LEN_AT + 8;

fn snapshot() -> Snapshot {
    let entity = EntityKey::from_seed(&[3; 32]).entity();
    let mut chain = Chain::genesis(entity.origin());
    chain.append(0, b"one").expect("room");
    let mut horizon = Horizon::default();
    horizon.observe(Origin(7), 9);
    Snapshot {
        entity,
        kind: "tally".to_owned(),
        head: Head {
            inbox_position: 5,
            inbox_digest: [6; 32],
            output_sequence: chain.sequence(),
            output_hash: chain.hash(),
        },
        chain,
        horizon,
        created_at: Wall(1_767_323_045_000),
        state_version: 2,
        host: Bytes::from_static(b"cursors"),
        state: Some(Bytes::from_static(b"state of the daemon")),
    }
}

fn encoded() -> Vec<u8> {
    snapshot().encode(MAX).expect("a snapshot").concat().to_vec()
}

fn decode(bytes: &[u8]) -> Result<Snapshot, SnapshotError> {
    Snapshot::decode(&Bytes::copy_from_slice(bytes).into(), MAX)
}

/// Some bytes changed, and the digest made to hold again.
fn forged(at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = encoded();
    bytes[at..at + with.len()].copy_from_slice(with);
    sealed_again(bytes)
}

fn sealed_again(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(at) = read::state_begins(&bytes).map(|at| at as usize).filter(|at| *at <= bytes.len()) {
        let leaves = leaves(&Bytes::copy_from_slice(&bytes[at..]));
        let digest = digest(&[&bytes[..at - DIGEST_LEN]], &leaves);
        bytes[at - DIGEST_LEN..at].copy_from_slice(&digest);
    }
    bytes
}

#[test]
fn a_snapshot_reads_back_and_shares_its_bytes() {
    let bytes = Bytes::from(encoded());
    let read = Snapshot::decode(&bytes.clone().into(), MAX).expect("a snapshot");
    assert_eq!(read, snapshot());
    let within = |part: &Bytes| bytes.as_ptr_range().contains(&part.as_ptr());
    assert!(within(&read.host) && read.state.as_ref().is_some_and(within));
}

#[test]
fn writing_shares_the_sections() {
    let snapshot = snapshot();
    let encoded = snapshot.encode(MAX).expect("a snapshot");
    let [front, host, digest, state] = encoded.parts();
    assert_eq!((host.as_ptr(), Some(state.as_ptr())), (snapshot.host.as_ptr(), snapshot.state.map(|s| s.as_ptr())));
    assert_eq!(encoded.size() as usize, front.len() + host.len() + state.len() + digest.len());
    assert_eq!(encoded.concat().len() as u64, encoded.size());
}

#[test]
fn no_state_is_not_empty_state() {
    for state in [None, Some(Bytes::new())] {
        let wanted = Snapshot { state, ..snapshot() };
        let bytes = wanted.encode(MAX).expect("a snapshot").concat();
        assert_eq!(decode(&bytes), Ok(wanted));
    }
}

#[test]
fn bytes_that_are_no_snapshot() {
    for bytes in [&b""[..], b"wayfsna", b"CDS1 something of another kind"] {
        assert_eq!(decode(bytes), Err(SnapshotError::Magic));
    }
}

#[test]
fn another_version() {
    assert_eq!(decode(&forged(VERSION_AT, &[3, 0])), Err(SnapshotError::Version { got: 3 }));
    // Told even where nothing else of it can be read.
    assert_eq!(decode(b"wayfsnap\x00\x01"), Err(SnapshotError::Version { got: 256 }));
}

#[test]
fn unknown_flags() {
    assert_eq!(decode(&forged(FLAGS_AT, &[3])), Err(SnapshotError::Flags(3)));
}

#[test]
fn every_truncation() {
    let bytes = encoded();
    for got in MAGIC.len()..bytes.len() {
        let wanted = if got < FIXED_LEN + DIGEST_LEN { FIXED_LEN + DIGEST_LEN } else { bytes.len() } as u64;
        assert_eq!(decode(&bytes[..got]), Err(SnapshotError::Truncated { wanted, got: got as u64 }));
    }
}

#[test]
fn bytes_after_the_end() {
    let bytes = [encoded(), vec![0; 3]].concat();
    assert_eq!(decode(&bytes), Err(SnapshotError::Trailing { left: 3 }));
    // A section said to be shorter than it is.
    assert_eq!(decode(&forged(STATE_LEN_AT, &[18])), Err(SnapshotError::Trailing { left: 1 }));
}

#[test]
fn lengths_that_cannot_be() {
    assert_eq!(decode(&forged(HOST_LEN_AT, &[0xff; 16])), Err(SnapshotError::Lengths));
    assert_eq!(decode(&forged(STATE_LEN_AT, &[0xff; 8])), Err(SnapshotError::Lengths));
    let size = encoded().len() as u64;
    let longer = forged(STATE_LEN_AT, &(1u64 << 40).to_le_bytes());
    let wanted = size - 19 + (1 << 40);
    assert_eq!(decode(&longer), Err(SnapshotError::Truncated { wanted, got: size }));
}

#[test]
fn a_horizon_that_is_too_long_or_none() {
    let long = 4 * 1024 * 1024 + 1;
    let bytes = forged(HORIZON_LEN_AT, &u32::to_le_bytes(long));
    assert_eq!(decode(&bytes), Err(SnapshotError::HorizonTooLarge { bytes: u64::from(long) }));
    let at = FIXED_LEN + 5;
    assert!(matches!(decode(&forged(at, &[200])), Err(SnapshotError::Horizon(_))));
}

#[test]
fn a_kind_without_name() {
    let long = Snapshot { kind: "k".repeat(KIND_MAX + 1), ..snapshot() };
    assert_eq!(long.encode(MAX), Err(SnapshotError::KindLength { bytes: KIND_MAX + 1 }));
    let none = Snapshot { kind: String::new(), ..snapshot() };
    assert_eq!(none.encode(MAX), Err(SnapshotError::KindLength { bytes: 0 }));
    // The kind's bytes taken for the horizon's: five more of those.
    let horizon = codec::encode(&snapshot().horizon).len() as u8 + 5;
    let mut bytes = forged(KIND_LEN_AT, &[0]);
    bytes[HORIZON_LEN_AT] = horizon;
    assert_eq!(decode(&sealed_again(bytes)), Err(SnapshotError::KindLength { bytes: 0 }));
    assert_eq!(decode(&forged(FIXED_LEN, &[0xff])), Err(SnapshotError::KindText));
}

#[test]
fn state_of_a_stateless_daemon() {
    assert_eq!(decode(&forged(FLAGS_AT, &[0])), Err(SnapshotError::StateOfStateless { bytes: 19 }));
}

#[test]
fn a_chain_of_another_entity() {
    let other = Origin(1);
    let expected = snapshot().entity.origin();
    let wanted = Err(SnapshotError::OriginMismatch { expected, got: other });
    assert_eq!(decode(&forged(CHAIN_AT, &other.0.to_le_bytes())), wanted);
    let chain = Chain::resume(other, 1, snapshot().chain.hash());
    assert_eq!(Snapshot { chain, ..snapshot() }.encode(MAX).map(|_| ()), wanted.map(|_: Snapshot| ()));
    let entity = EntityKey::from_seed(&[4; 32]).entity();
    let (expected, got) = (entity.origin(), expected);
    let bytes = forged(ENTITY_AT, &entity.0.0);
    assert_eq!(decode(&bytes), Err(SnapshotError::OriginMismatch { expected, got }));
}

#[test]
fn a_head_that_is_not_the_chains() {
    let hash = snapshot().chain.hash();
    let wanted = SnapshotError::HeadMismatch { head: (2, hash), chain: (1, hash) };
    assert_eq!(decode(&forged(HEAD_SEQUENCE_AT, &[2])), Err(wanted.clone()));
    let head = Head { output_sequence: 2, ..snapshot().head };
    assert_eq!(Snapshot { head, ..snapshot() }.encode(MAX), Err(wanted));
}

#[test]
fn over_the_limit_at_both_ends() {
    let size = encoded().len() as u64;
    let max = size - 1;
    let decode_within = |max| Snapshot::decode(&Bytes::from(encoded()).into(), max);
    assert_eq!(snapshot().frame(max).map(|_| ()), Err(SnapshotError::TooLarge { size, max }));
    assert_eq!(decode_within(max), Err(SnapshotError::TooLarge { size, max }));
    assert_eq!(decode_within(size), Ok(snapshot()));
}

#[test]
fn a_changed_byte_anywhere_in_the_sections_or_the_digest() {
    let bytes = encoded();
    for at in FIXED_LEN + 5 + codec::encode(&snapshot().horizon).len()..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_eq!(decode(&changed), Err(SnapshotError::Digest), "byte {at}");
    }
}

#[test]
fn sixty_five_mebibytes_pass() {
    let state = Bytes::from(vec![5; 65 << 20]);
    let large = Snapshot { state: Some(state), ..snapshot() };
    let max = crate::Limits::default().snapshot;
    let bytes = large.encode(max).expect("within the limit").concat().into();
    assert_eq!(Snapshot::decode(&bytes, max).map(|read| read == large), Ok(true));
    let (manifest, chunks) = large.encode(max).expect("within the limit").cut(LEAF, max).expect("chunks");
    assert!(manifest.chunks.iter().zip(&chunks).all(|((id, _), chunk)| id.is_of(chunk)));
    assert_eq!(Snapshot::decode(&joined(&manifest, chunks), max).map(|read| read == large), Ok(true));
}

/// As nodes wrote it before.
#[test]
fn the_version_before_is_read_and_checked() {
    let encoded = snapshot().encode(MAX).expect("a snapshot");
    let [front, host, _, state] = encoded.parts();
    let mut bytes = [&front[..], host, state].concat();
    bytes[VERSION_AT] = 1;
    let digest = blake3::hash(&bytes);
    bytes.extend(digest.as_bytes());
    assert_eq!(decode(&bytes), Ok(snapshot()));
    for at in [bytes.len() - 1, bytes.len() - DIGEST_LEN - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert_eq!(decode(&changed), Err(SnapshotError::Digest), "byte {at}");
    }
}

fn joined(manifest: &Manifest, chunks: Vec<Bytes>) -> SnapshotBytes {
    let mut joining = Joining::new(manifest.total);
    chunks.into_iter().for_each(|chunk| joining.push(chunk));
    joining.finish()
}

#[test]
fn a_state_of_one_chunk_is_cut_and_joined_without_a_copy() {
    let state = Bytes::from(vec![5; LEAF]);
    let wanted = Snapshot { state: Some(state.clone()), ..snapshot() };
    let (manifest, chunks) = wanted.encode(2 * MAX).expect("a snapshot").cut(LEAF, 2 * MAX).expect("chunks");
    assert_eq!(chunks.len(), 2, "the envelope and the state");
    let read = Snapshot::decode(&joined(&manifest, chunks), 2 * MAX).expect("a snapshot");
    assert_eq!(read.state.as_ref().map(|state| state.as_ptr()), Some(state.as_ptr()));
    assert_eq!(read, wanted);
}

proptest! {
    #[test]
    fn however_it_is_cut_it_joins_again(
        host in prop::collection::vec(any::<u8>(), 0..200_000),
        state in prop::option::of(prop::collection::vec(any::<u8>(), 0..300_000)),
        size in crate::limits::CHUNK_MIN..200_000,
    ) {
        let wanted = Snapshot { host: host.into(), state: state.map(Bytes::from), ..snapshot() };
        let (manifest, chunks) = wanted.encode(MAX).expect("a snapshot").cut(size, MAX).expect("chunks");
        prop_assert_eq!(manifest.check(MAX), Ok(()));
        for ((id, _), chunk) in manifest.chunks.iter().zip(&chunks) {
            prop_assert!(id.is_of(chunk));
        }
        prop_assert_eq!(Snapshot::decode(&joined(&manifest, chunks), MAX), Ok(wanted));
    }

    #[test]
    fn no_change_of_a_byte_is_taken(at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = encoded();
        let at = at.index(bytes.len());
        bytes[at] ^= 1u8 << bit;
        prop_assert!(decode(&bytes).is_err());
    }

    #[test]
    fn no_bytes_break_the_reader(mut bytes in prop::collection::vec(any::<u8>(), 0..400), whole in any::<bool>()) {
        if whole && bytes.len() > 10 {
            bytes[..10].copy_from_slice(b"wayfsnap\x02\x00");
        }
        let _ = decode(&bytes);
    }
}
