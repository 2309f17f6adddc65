//! What two Wayfare processes must agree on: ids, identity, epochs, capabilities, predicates, messages, frames and limits.
//!
//! Nothing here is asynchronous, reads a clock, does IO or draws a random number. Everything a peer sends is decoded
//! through [`codec`], which bounds what a decode may allocate.

pub mod access;
pub mod announcement;
pub mod ask;
pub mod asset;
pub mod between;
mod bounded;
pub mod capability;
pub mod capability_filter;
pub mod capability_set;
pub mod causal;
pub mod codec;
pub mod continuity;
pub mod control;
pub mod daemon;
pub mod document;
pub mod entity;
pub mod epoch;
pub mod error;
pub mod frame;
pub mod head;
pub mod horizon;
pub mod host;
pub mod identity;
pub mod ids;
pub mod limits;
pub mod manifest;
pub mod migration;
pub mod mrp;
mod octets;
pub mod output;
pub mod ownership;
pub mod pairing;
pub mod placement;
pub mod predicate;
pub mod sealed_key;
pub mod session;
pub mod snapshot;
pub mod stream;
pub mod time;

pub use access::Access;
pub use asset::AssetId;
pub use causal::{CausalLink, Chain};
pub use entity::{EntityId, EntityKey, Origin};
pub use epoch::Epoch;
pub use error::{ErrorCode, Refusal};
pub use head::{Head, SignedHead};
pub use horizon::Horizon;
pub use ids::{
    AccountId, DeviceId, DocumentId, MigrationId, NodeId, ProjectId, RequestId, ResourceId, RunId, SessionId, StreamId,
    TraceId,
};
pub use limits::Limits;
pub use manifest::{ChunkId, Manifest};
pub use snapshot::Snapshot;
pub use time::{Boot, Now, Wall};
