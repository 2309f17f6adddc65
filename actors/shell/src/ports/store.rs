//! The port of the control store: accounts, devices, ownership rows.

use wayfare_core::account::Registered;
use wayfare_protocol::capability::Capabilities;
use wayfare_protocol::identity::PublicKey;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::{Access, AccountId, DeviceId, ErrorCode, Refusal, Wall};

use super::Pending;

/// A registered device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id: the hash of `key`.
    pub device: DeviceId,
    /// The account it belongs to.
    pub account: AccountId,
    /// Its key.
    pub key: PublicKey,
    /// For people.
    pub name: String,
    /// What people call it, where somebody has renamed it: that goes before `name`.
    pub given: Option<String>,
    /// `linux`, `macos`, ...
    pub os: String,
    /// What it offered when it last registered; `None` for a client.
    pub node: Option<Capabilities>,
    /// What it may do, by its pairing.
    pub access: Access,
    /// When it was paired.
    pub registered_at: Wall,
    /// When its last link closed.
    pub last_seen: Wall,
    /// Since when its key is refused; `None` while it is one of the account's.
    pub revoked_at: Option<Wall>,
}

impl DeviceRow {
    /// What people call it.
    #[must_use]
    pub fn called(&self) -> &str {
        self.given.as_ref().unwrap_or(&self.name)
    }

    /// The device as it registered.
    #[must_use]
    pub fn registered(&self) -> Registered {
        Registered {
            device: self.device,
            name: self.name.clone(),
            os: self.os.clone(),
            node: self.node.clone(),
            access: self.access,
        }
    }
}

/// What a cloud needs of an account to serve it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its devices, in order of id.
    pub devices: Vec<DeviceRow>,
    /// Its ownership rows, in order of resource.
    pub rows: Vec<Row>,
}

/// A store that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It refused; nothing was changed.
    #[error("control store: {0}")]
    Refused(String),
    /// The claim compares with a row, and there is none; nothing was changed.
    #[error("control store: {0}")]
    NoRow(String),
    /// It did not answer; the change may or may not have been made.
    #[error("control store did not answer, the outcome is unknown: {0}")]
    Unknown(String),
}

impl StoreError {
    /// What whoever asked for a change is told.
    pub(crate) fn refusal(self) -> Refusal {
        let code = match self {
            // The owner claims anew, expecting none: after a restore the store may not know what was made since the backup.
            Self::NoRow(_) => ErrorCode::NotFound,
            Self::Refused(_) | Self::Unknown(_) => ErrorCode::StorageFailed,
        };
        Refusal::new(code, self.to_string())
    }
}

/// Accounts, devices and ownership rows: the truth that outlives every process.
pub trait ControlStore: Send + Sync {
    /// Its generation, at least 1; raised by a restore from backup.
    fn generation(&self) -> u32;
    /// The single account of a store that has one; made when the store is.
    fn default_account(&self) -> AccountId;
    /// A registered device.
    fn device(&self, device: DeviceId) -> Pending<Result<Option<DeviceRow>, StoreError>>;
    /// Registers a device or renews what it says of itself: name, system and capabilities. When it was registered stays, the
    /// later of both sightings counts. Refused if the id is not the hash of the key, the account is not the device's, or the device
    /// is revoked; `revoked_at`, `given` and `access` of the row are not looked
    /// at.
    fn put_device(&self, row: DeviceRow) -> Pending<Result<(), StoreError>>;
    /// The same for a device that has a pairing code: one that was revoked is the account's again, from then on; one that was renamed is
    /// called as it says again. It may do what the row says.
    fn pair_device(&self, row: DeviceRow) -> Pending<Result<(), StoreError>>;
    /// Revokes a device of an account; returns since when it is. One that is revoked already stays so since then; `None`: the
    /// account has no such device.
    fn revoke(&self, account: AccountId, device: DeviceId, at: Wall) -> Pending<Result<Option<Wall>, StoreError>>;
    /// Calls a device of an account otherwise, until it is paired anew; `false`: the account has no such device.
    fn rename(&self, account: AccountId, device: DeviceId, name: String) -> Pending<Result<bool, StoreError>>;
    /// Notes when a device was last there; nothing if it is not registered or was seen later.
    fn seen(&self, device: DeviceId, at: Wall) -> Pending<Result<(), StoreError>>;
    /// An account's devices and rows.
    fn account(&self, account: AccountId) -> Pending<Result<Account, StoreError>>;
    /// Changes a row by compare-and-set (architecture §5.1), as [`wayfare_core::claim::decide`] says; `NoRow` where there is nothing to
    /// compare with. The epoch granted is
    /// [`wayfare_protocol::Epoch::next_in`] of the row's own (of the claimant's, where there is no row).
    fn claim(&self, account: AccountId, claim: Claim) -> Pending<Result<ClaimOutcome, StoreError>>;
}
