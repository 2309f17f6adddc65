//! Samples of what daemons are known by and what they sign.

use bytes::Bytes;
use wayfare_protocol::causal::CausalLink;
use wayfare_protocol::continuity::{ContinuityProof, ForkRecord};
use wayfare_protocol::entity::{EntityId, EntityKey, Origin};
use wayfare_protocol::head::SignedHead;
use wayfare_protocol::horizon::Horizon;
use wayfare_protocol::identity::DeviceKey;
use wayfare_protocol::ownership::Lineage;
use wayfare_protocol::sealed_key::SealedKey;
use wayfare_protocol::{Chain, ChunkId, Manifest, ResourceId, Snapshot, Wall};
use zeroize::Zeroizing;

use super::*;

crate::variants!(resource: ResourceId { Session, Daemon });

pub const LINK: CausalLink = CausalLink { origin: Origin(1 << 40), horizon: 0x5555, sequence: 70_000, parent: 1 << 50 };

pub fn entity_key() -> EntityKey {
    EntityKey::from_seed(&[0xe1; 32])
}

pub fn entity() -> EntityId {
    entity_key().entity()
}

pub fn resources() -> Vec<ResourceId> {
    vec![ResourceId::Session(SESSION), ResourceId::Daemon(entity())]
}

pub fn signed_head() -> SignedHead {
    SignedHead::sign(&entity_key(), Lineage(1), EPOCH, HEAD)
}

pub fn chain() -> Chain {
    Chain::resume(entity().origin(), HEAD.output_sequence, HEAD.output_hash)
}

pub fn snapshot() -> Snapshot {
    Snapshot {
        entity: entity(),
        kind: "tally".into(),
        head: HEAD,
        chain: chain(),
        horizon: horizon(),
        created_at: Wall(1_767_323_045_000),
        state_version: 3,
        host: Bytes::from_static(b"cursors"),
        state: Some(Bytes::from_static(b"state")),
    }
}

pub fn manifest() -> Manifest {
    Manifest { total: 1_050_000, chunks: vec![(ChunkId([0xc1; 32]), 1_000_000), (ChunkId([0xc2; 32]), 50_000)] }
}

pub fn sealed_key() -> SealedKey {
    let target = DeviceKey::from_seed(&[0xd1; 32]).sealing_public();
    SealedKey::seal(&entity_key(), target, &signed_head(), Zeroizing::new([0xe0; 32])).expect("a usable target")
}

pub fn proof() -> ContinuityProof {
    ContinuityProof { origin: entity().origin(), from_sequence: 69_000, to_sequence: 70_000, from_hash: 1, to_hash: 2 }
}

pub fn fork() -> ForkRecord {
    ForkRecord::new(entity().origin(), Origin(7), 70_000).expect("another origin")
}

pub fn horizon() -> Horizon {
    let mut horizon = Horizon::default();
    for (n, sequence) in [(1 << 40, 1), (7, 70_000)] {
        horizon.observe(Origin(n), sequence);
    }
    horizon
}
