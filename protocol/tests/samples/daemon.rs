//! Samples of what daemons are known by and what they sign.

use wayfare_protocol::causal::CausalLink;
use wayfare_protocol::entity::{EntityId, EntityKey, Origin};
use wayfare_protocol::head::SignedHead;
use wayfare_protocol::horizon::Horizon;
use wayfare_protocol::ownership::Lineage;
use wayfare_protocol::{Chain, ResourceId};

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

pub fn horizon() -> Horizon {
    let mut horizon = Horizon::default();
    for (n, sequence) in [(1 << 40, 1), (7, 70_000)] {
        horizon.observe(Origin(n), sequence);
    }
    horizon
}
