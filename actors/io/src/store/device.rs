//! Devices in the control store.

use sqlx::sqlite::{SqlitePool, SqliteRow};
use uuid::Uuid;
use wayfare_actors::ports::{DeviceRow, StoreError};
use wayfare_protocol::identity::PublicKey;
use wayfare_protocol::{Access, AccountId, DeviceId, Wall};

use super::convert::{Columns, integer, refused, to_json};
use super::{Transaction, begin, commit};

pub(super) async fn find(pool: &SqlitePool, device: DeviceId) -> Result<Option<DeviceRow>, StoreError> {
    let row = sqlx::query("SELECT * FROM devices WHERE device = ?")
        .bind(device.0.to_vec())
        .fetch_optional(pool)
        .await
        .map_err(refused)?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn of_account(
    transaction: &mut Transaction,
    account: AccountId,
) -> Result<Vec<DeviceRow>, StoreError> {
    let rows = sqlx::query("SELECT * FROM devices WHERE account = ? ORDER BY device")
        .bind(account.0.as_bytes().to_vec())
        .fetch_all(&mut **transaction)
        .await
        .map_err(refused)?;
    rows.iter().map(read).collect()
}

/// By what a device comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// By its key alone.
    Known,
    /// With a pairing code, which lifts a revocation.
    Paired,
}

/// Registers or renews. A renewal changes what a device says of itself, not when it came or whose it is.
pub(super) async fn put(pool: &SqlitePool, row: DeviceRow, entry: Entry) -> Result<(), StoreError> {
    if row.key.device_id() != row.device {
        return Err(StoreError::Refused(format!("device {} is not the hash of its key", row.device)));
    }
    let node = to_json(row.node.as_ref())?;
    let registered_at = integer("the time of registration", row.registered_at.0)?;
    let last_seen = integer("the time it was last seen", row.last_seen.0)?;
    let mut transaction = begin(pool).await?;
    match (standing(&mut transaction, row.device).await?, entry) {
        (Some((account, _)), _) if account != row.account => {
            return Err(StoreError::Refused(format!("device {} belongs to another account", row.device)));
        }
        (Some((_, Some(at))), Entry::Known) => {
            return Err(StoreError::Refused(format!("device {} was revoked {at}", row.device)));
        }
        (Some(_) | None, _) => {}
    }
    sqlx::query(
        "INSERT INTO devices (device, account, public_key, name, os, node, registered_at, last_seen, reads_only)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (device) DO UPDATE SET
             name = excluded.name, os = excluded.os, node = excluded.node,
             registered_at = CASE WHEN revoked_at IS NULL THEN registered_at ELSE excluded.registered_at END,
             last_seen = max(last_seen, excluded.last_seen), revoked_at = NULL,
             given_name = CASE WHEN ? THEN NULL ELSE given_name END,
             reads_only = CASE WHEN ? THEN excluded.reads_only ELSE reads_only END",
    )
    .bind(row.device.0.to_vec())
    .bind(row.account.0.as_bytes().to_vec())
    .bind(row.key.0.to_vec())
    .bind(&row.name)
    .bind(&row.os)
    .bind(node)
    .bind(registered_at)
    .bind(last_seen)
    .bind(!row.access.may_write())
    .bind(entry == Entry::Paired)
    .bind(entry == Entry::Paired)
    .execute(&mut *transaction)
    .await
    .map_err(refused)?;
    commit(transaction).await
}

/// Whose a device is, and since when it is revoked.
async fn standing(
    transaction: &mut Transaction,
    device: DeviceId,
) -> Result<Option<(AccountId, Option<Wall>)>, StoreError> {
    let row = sqlx::query("SELECT * FROM devices WHERE device = ?")
        .bind(device.0.to_vec())
        .fetch_optional(&mut **transaction)
        .await
        .map_err(refused)?;
    let row = row.as_ref().map(read).transpose()?;
    Ok(row.map(|row| (row.account, row.revoked_at)))
}

/// Revokes a device, unless it is; returns since when it is.
pub(super) async fn revoke(
    pool: &SqlitePool,
    account: AccountId,
    device: DeviceId,
    at: Wall,
) -> Result<Option<Wall>, StoreError> {
    let at_column = integer("the time", at.0)?;
    let mut transaction = begin(pool).await?;
    match standing(&mut transaction, device).await? {
        Some((owner, None)) if owner == account => {}
        Some((owner, Some(since))) if owner == account => return Ok(Some(since)),
        Some(_) | None => return Ok(None),
    }
    sqlx::query("UPDATE devices SET revoked_at = ? WHERE device = ?")
        .bind(at_column)
        .bind(device.0.to_vec())
        .execute(&mut *transaction)
        .await
        .map_err(refused)?;
    commit(transaction).await?;
    Ok(Some(at))
}

/// Calls a device otherwise; whether there is one of the account.
pub(super) async fn rename(
    pool: &SqlitePool,
    account: AccountId,
    device: DeviceId,
    name: &str,
) -> Result<bool, StoreError> {
    let mut transaction = begin(pool).await?;
    let renamed = sqlx::query("UPDATE devices SET given_name = ? WHERE device = ? AND account = ?")
        .bind(name)
        .bind(device.0.to_vec())
        .bind(account.0.as_bytes().to_vec())
        .execute(&mut *transaction)
        .await
        .map_err(refused)?;
    commit(transaction).await?;
    Ok(renamed.rows_affected() > 0)
}

fn read(row: &SqliteRow) -> Result<DeviceRow, StoreError> {
    let columns = Columns(row);
    Ok(DeviceRow {
        device: DeviceId(columns.bytes("device")?),
        account: AccountId(Uuid::from_bytes(columns.bytes("account")?)),
        key: PublicKey(columns.bytes("public_key")?),
        name: columns.text("name")?,
        given: columns.optional_text("given_name")?,
        os: columns.text("os")?,
        node: columns.json("node")?,
        access: if columns.number::<u8>("reads_only")? == 0 { Access::Everything } else { Access::Reading },
        registered_at: Wall(columns.number("registered_at")?),
        last_seen: Wall(columns.number("last_seen")?),
        revoked_at: columns.optional("revoked_at")?.map(Wall),
    })
}
