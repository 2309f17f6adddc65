//! The port of assets: files of an account, known by their content, that come in parts.

use std::collections::BTreeMap;

use bytes::Bytes;
use wayfare_protocol::identity::ServerIdentity;
use wayfare_protocol::{AccountId, AssetId, Wall};

use super::Pending;

/// An asset store that did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// Nothing was done.
    #[error("asset store: {0}")]
    Refused(String),
    /// It may have been done or not. Everything here may be asked for again.
    #[error("asset store: outcome unknown: {0}")]
    Unknown(String),
    /// What is kept under that id is not what was put there. It is not given out; putting it again mends it.
    #[error("asset {0} is damaged here")]
    Damaged(AssetId),
    /// What was uploaded under that id has another hash. The upload is forgotten.
    #[error("these are not the bytes of {0}")]
    Other(AssetId),
}

/// Keeps files under the SHA-256 of their content, each account's apart. An upload is written in parts, and becomes the asset when it
/// is finished and its hash is right; until then nobody reads it. Of one asset there is one upload at a time: whoever uses this sees
/// to that.
pub trait AssetStore: Send + Sync {
    /// Bytes of an asset; `None`: it is not there. It is not read, and so not checked.
    fn size(&self, account: AccountId, asset: AssetId) -> Pending<Result<Option<u64>, AssetError>>;
    /// So many bytes of an asset from there on, fewer at its end; `None`: it is not there. Nothing is given out of one whose bytes do
    /// not have its hash.
    fn read(
        &self,
        account: AccountId,
        asset: AssetId,
        from: u64,
        length: usize,
    ) -> Pending<Result<Option<Bytes>, AssetError>>;
    /// Bytes of its upload that are there without a gap, also after a crash.
    fn written(&self, account: AccountId, asset: AssetId) -> Pending<Result<u64, AssetError>>;
    /// Writes the next part of an upload. Ends when it survives a loss of power.
    fn write(&self, account: AccountId, asset: AssetId, at: u64, bytes: Bytes) -> Pending<Result<(), AssetError>>;
    /// Makes the upload the asset, if it has its hash, and is forgotten in any case. Ends when that survives a loss of power.
    fn finish(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>>;
    /// Forgets an asset, and its upload.
    fn delete(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>>;
    /// Notes durably that somebody else has yet to get it. What is owed twice is owed once.
    fn owe(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>>;
    /// They have it.
    fn settle(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>>;
    /// What is owed, in order.
    fn owed(&self, account: AccountId) -> Pending<Result<Vec<AssetId>, AssetError>>;
    /// The cloud to which everything that was here was owed when they met, if one was met.
    fn met(&self, account: AccountId) -> Pending<Result<Option<ServerIdentity>, AssetError>>;
    /// Notes durably which that is.
    fn note_met(&self, account: AccountId, cloud: ServerIdentity) -> Pending<Result<(), AssetError>>;
    /// Every asset, in order; uploads are none yet.
    fn list(&self, account: AccountId) -> Pending<Result<Vec<AssetId>, AssetError>>;
    /// Notes durably that nobody links to an asset, and since when. A second note takes the place of the first.
    fn note_unlinked(&self, account: AccountId, asset: AssetId, since: Wall) -> Pending<Result<(), AssetError>>;
    /// That is not so.
    fn forget_unlinked(&self, account: AccountId, asset: AssetId) -> Pending<Result<(), AssetError>>;
    /// What was noted, by asset.
    fn unlinked(&self, account: AccountId) -> Pending<Result<BTreeMap<AssetId, Wall>, AssetError>>;
}
