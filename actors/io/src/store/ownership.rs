//! Ownership rows in the control store.

use sqlx::sqlite::{SqlitePool, SqliteRow};
use uuid::Uuid;
use wayfare_actors::ports::StoreError;
use wayfare_core::claim::{Decision, decide};
use wayfare_protocol::daemon::DaemonKey;
use wayfare_protocol::identity::PublicKey;
use wayfare_protocol::ownership::{Claim, ClaimOutcome, Lineage, ResourceKey, Row};
use wayfare_protocol::session::{Language, SessionKey, SessionName};
use wayfare_protocol::{AccountId, DeviceId, EntityId, Epoch, NodeId, ResourceId, SessionId};

use super::convert::{Columns, integer, refused, to_json, wrong};
use super::{Transaction, begin, commit};

const SESSION: &str = "session";
const DAEMON: &str = "daemon";

pub(super) async fn of_account(transaction: &mut Transaction, account: AccountId) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query("SELECT * FROM rows WHERE account = ?")
        .bind(account.0.as_bytes().to_vec())
        .fetch_all(&mut **transaction)
        .await
        .map_err(refused)?;
    let mut rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    rows.sort_by_key(|row| row.resource);
    Ok(rows)
}

/// Reads, decides and writes within one transaction that nobody else can come between.
pub(super) async fn claim(
    pool: &SqlitePool,
    generation: u32,
    account: AccountId,
    claim: &Claim,
) -> Result<ClaimOutcome, StoreError> {
    check_key(&claim.next.key)?;
    let mut transaction = begin(pool).await?;
    let row = of_resource(&mut transaction, account, claim.next.resource).await?;
    let named = of_key(&mut transaction, account, &claim.next.key).await?;
    let decision = decide(row.as_ref(), named.as_ref(), claim, generation);
    match decision.map_err(|why| StoreError::NoRow(why.to_string()))? {
        Decision::Answer(outcome) => Ok(outcome),
        Decision::Write(row) => {
            write(&mut transaction, account, &row).await?;
            commit(transaction).await?;
            Ok(ClaimOutcome::Granted(row))
        }
    }
}

/// What is written must be read back as the same: a decoded name has not been checked by its constructor.
fn check_key(key: &ResourceKey) -> Result<(), StoreError> {
    let ResourceKey::Session(key) = key else { return Ok(()) }; // a daemon's is checked when it is decoded
    SessionName::new(&key.name.project, &key.name.name).map_err(|why| StoreError::Refused(why.to_string()))?;
    if Language::from_word(key.language.as_str()) != key.language {
        return Err(StoreError::Refused(format!("{:?} is not the normal name of a language", key.language.as_str())));
    }
    Ok(())
}

async fn of_resource(
    transaction: &mut Transaction,
    account: AccountId,
    resource: ResourceId,
) -> Result<Option<Row>, StoreError> {
    let (kind, id) = columns_of(resource);
    let row = sqlx::query("SELECT * FROM rows WHERE account = ? AND kind = ? AND resource = ?")
        .bind(account.0.as_bytes().to_vec())
        .bind(kind)
        .bind(id)
        .fetch_optional(&mut **transaction)
        .await
        .map_err(refused)?;
    row.as_ref().map(read).transpose()
}

async fn of_key(
    transaction: &mut Transaction,
    account: AccountId,
    key: &ResourceKey,
) -> Result<Option<Row>, StoreError> {
    let query = match key {
        ResourceKey::Session(key) => sqlx::query(
            "SELECT * FROM rows WHERE account = ? AND kind = 'session' AND project = ? AND name = ? AND language = ?",
        )
        .bind(account.0.as_bytes().to_vec())
        .bind(&key.name.project)
        .bind(&key.name.name)
        .bind(key.language.as_str()),
        // Whatever code it runs: ResourceKey::clashes.
        ResourceKey::Daemon(key) => {
            sqlx::query("SELECT * FROM rows WHERE account = ? AND kind = 'daemon' AND name = ?")
                .bind(account.0.as_bytes().to_vec())
                .bind(key.name.as_str())
        }
    };
    let row = query.fetch_optional(&mut **transaction).await.map_err(refused)?;
    row.as_ref().map(read).transpose()
}

async fn write(transaction: &mut Transaction, account: AccountId, row: &Row) -> Result<(), StoreError> {
    let (kind, id) = columns_of(row.resource);
    // Of a daemon's key the kind of code is where a session's has its language.
    let (project, name, language) = match &row.key {
        ResourceKey::Session(key) => (key.name.project.as_str(), key.name.name.as_str(), key.language.as_str()),
        ResourceKey::Daemon(key) => ("", key.name.as_str(), key.kind.as_str()),
    };
    let base = to_json(row.base.as_ref())?;
    sqlx::query(
        "INSERT INTO rows (account, kind, resource, project, name, language, owner, generation, n, lineage, base)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (account, kind, resource) DO UPDATE SET
             project = excluded.project, name = excluded.name, language = excluded.language, owner = excluded.owner,
             generation = excluded.generation, n = excluded.n, lineage = excluded.lineage, base = excluded.base",
    )
    .bind(account.0.as_bytes().to_vec())
    .bind(kind)
    .bind(id)
    .bind(project)
    .bind(name)
    .bind(language)
    .bind(row.owner.0.0.to_vec())
    .bind(i64::from(row.epoch.generation))
    .bind(integer("the epoch", row.epoch.n)?)
    .bind(i64::from(row.lineage.0))
    .bind(base)
    .execute(&mut **transaction)
    .await
    .map_err(refused)?;
    Ok(())
}

fn columns_of(resource: ResourceId) -> (&'static str, Vec<u8>) {
    match resource {
        ResourceId::Session(session) => (SESSION, session.0.as_bytes().to_vec()),
        ResourceId::Daemon(entity) => (DAEMON, entity.0.0.to_vec()),
    }
}

fn resource_of(kind: &str, columns: &Columns<'_>) -> Result<ResourceId, StoreError> {
    match kind {
        SESSION => Ok(ResourceId::Session(SessionId(Uuid::from_bytes(columns.bytes("resource")?)))),
        DAEMON => Ok(ResourceId::Daemon(EntityId(PublicKey(columns.bytes("resource")?)))),
        _ => Err(wrong("kind", &format!("{kind:?} is not known"))),
    }
}

fn key_of(resource: ResourceId, columns: &Columns<'_>) -> Result<ResourceKey, StoreError> {
    let (project, name, language) = (columns.text("project")?, columns.text("name")?, columns.text("language")?);
    match resource {
        ResourceId::Session(_) => {
            let name = SessionName::new(&project, &name).map_err(|why| wrong("name", &why.to_string()))?;
            Ok(SessionKey { name, language: Language::from_word(&language) }.into())
        }
        ResourceId::Daemon(_) => {
            let name = name.parse().map_err(|why| wrong("name", &format!("{why}")))?;
            let kind = language.parse().map_err(|why| wrong("language", &format!("{why}")))?;
            Ok(DaemonKey { name, kind }.into())
        }
    }
}

fn read(row: &SqliteRow) -> Result<Row, StoreError> {
    let columns = Columns(row);
    let resource = resource_of(&columns.text("kind")?, &columns)?;
    Ok(Row {
        resource,
        key: key_of(resource, &columns)?,
        owner: NodeId(DeviceId(columns.bytes("owner")?)),
        epoch: Epoch { generation: columns.number("generation")?, n: columns.number("n")? },
        lineage: Lineage(columns.number("lineage")?),
        base: columns.json("base")?,
    })
}
