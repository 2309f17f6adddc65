//! The control store in SQLite: WAL, synchronous=FULL, one connection, so that changes follow one another.

mod backup;
mod convert;
mod device;
mod ownership;

use std::path::{Path, PathBuf};

use sqlx::Sqlite;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use uuid::Uuid;
use wayfare_actors::ports::{Account, ControlStore, DeviceRow, Pending, StoreError};
use wayfare_protocol::ownership::{Claim, ClaimOutcome};
use wayfare_protocol::{AccountId, DeviceId, Wall};

use convert::{integer, refused};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The control store of one process, in a SQLite file. The folder's lock ([`crate::DataDir`]) keeps others out.
pub struct SqliteStore {
    pool: SqlitePool,
    generation: u32,
    default_account: AccountId,
}

/// A store that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// A newer version of Wayfare made it.
    #[error(
        "{} was made by a newer version (it has schema {found}, this version knows up to {known}): install that version \
         again, or restore a backup from before",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// A migration that it has and this version does not know.
        found: i64,
        /// The last migration that this version knows.
        known: i64,
    },
    /// Its schema cannot be brought up to date.
    #[error("cannot bring {} up to date: {why}", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        why: MigrateError,
    },
    /// It cannot be read or written.
    #[error("cannot use {}: {why}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        why: sqlx::Error,
    },
    /// What it says of itself makes no sense.
    #[error("{} is not a control store: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl SqliteStore {
    /// Opens a store and brings its schema up to date; makes it with one account if there is none.
    ///
    /// # Errors
    /// If the file is of a newer version, damaged, or cannot be used.
    pub async fn open(path: &Path, now: Wall) -> Result<Self, OpenStoreError> {
        let system = |why| OpenStoreError::System { path: path.to_owned(), why };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let pool = PoolOptions::<Sqlite>::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(system)?;
        MIGRATIONS.run(&pool).await.map_err(|why| match why {
            MigrateError::VersionMissing(found) => {
                let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
                OpenStoreError::Newer { path: path.to_owned(), found, known }
            }
            why => OpenStoreError::Migrate { path: path.to_owned(), why },
        })?;
        let (generation, account) = match identity(&pool).await.map_err(system)? {
            Some(known) => known,
            None => create(&pool, now).await.map_err(system)?,
        };
        let damaged = |why: String| OpenStoreError::Damaged { path: path.to_owned(), why };
        let generation = u32::try_from(generation).map_err(|_| damaged(format!("its generation is {generation}")))?;
        let account = Uuid::from_slice(&account).map_err(|why| damaged(format!("its default account: {why}")))?;
        Ok(Self { pool, generation, default_account: AccountId(account) })
    }

    /// Ends what is under way and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

async fn identity(pool: &SqlitePool) -> sqlx::Result<Option<(i64, Vec<u8>)>> {
    sqlx::query_as("SELECT generation, default_account FROM store").fetch_optional(pool).await
}

/// A store begins in generation 1 with one account.
async fn create(pool: &SqlitePool, now: Wall) -> sqlx::Result<(i64, Vec<u8>)> {
    let account = Uuid::now_v7().as_bytes().to_vec();
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let created_at = i64::try_from(now.0).unwrap_or(i64::MAX);
    sqlx::query("INSERT INTO accounts (account, created_at) VALUES (?, ?)")
        .bind(&account)
        .bind(created_at)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT INTO store (id, generation, default_account) VALUES (1, 1, ?)")
        .bind(&account)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok((1, account))
}

impl ControlStore for SqliteStore {
    fn generation(&self) -> u32 {
        self.generation
    }

    fn default_account(&self) -> AccountId {
        self.default_account
    }

    fn device(&self, device: DeviceId) -> Pending<Result<Option<DeviceRow>, StoreError>> {
        let pool = self.pool.clone();
        Box::pin(async move { device::find(&pool, device).await })
    }

    fn put_device(&self, row: DeviceRow) -> Pending<Result<(), StoreError>> {
        let pool = self.pool.clone();
        Box::pin(async move { device::put(&pool, row, device::Entry::Known).await })
    }

    fn pair_device(&self, row: DeviceRow) -> Pending<Result<(), StoreError>> {
        let pool = self.pool.clone();
        Box::pin(async move { device::put(&pool, row, device::Entry::Paired).await })
    }

    fn revoke(&self, account: AccountId, device: DeviceId, at: Wall) -> Pending<Result<Option<Wall>, StoreError>> {
        let pool = self.pool.clone();
        Box::pin(async move { device::revoke(&pool, account, device, at).await })
    }

    fn rename(&self, account: AccountId, device: DeviceId, name: String) -> Pending<Result<bool, StoreError>> {
        let pool = self.pool.clone();
        Box::pin(async move { device::rename(&pool, account, device, &name).await })
    }

    fn seen(&self, device: DeviceId, at: Wall) -> Pending<Result<(), StoreError>> {
        let pool = self.pool.clone();
        Box::pin(async move {
            let at = integer("the time", at.0)?;
            let mut transaction = begin(&pool).await?;
            sqlx::query("UPDATE devices SET last_seen = max(last_seen, ?) WHERE device = ?")
                .bind(at)
                .bind(device.0.to_vec())
                .execute(&mut *transaction)
                .await
                .map_err(refused)?;
            commit(transaction).await
        })
    }

    fn account(&self, account: AccountId) -> Pending<Result<Account, StoreError>> {
        let pool = self.pool.clone();
        Box::pin(async move {
            // One transaction: devices and rows of one moment.
            let mut transaction = pool.begin().await.map_err(refused)?;
            let devices = device::of_account(&mut transaction, account).await?;
            let rows = ownership::of_account(&mut transaction, account).await?;
            Ok(Account { devices, rows })
        })
    }

    fn claim(&self, account: AccountId, claim: Claim) -> Pending<Result<ClaimOutcome, StoreError>> {
        let (pool, generation) = (self.pool.clone(), self.generation);
        Box::pin(async move { ownership::claim(&pool, generation, account, &claim).await })
    }
}

type Transaction = sqlx::Transaction<'static, Sqlite>;

/// Begins a change: nobody else changes anything until it ends.
async fn begin(pool: &SqlitePool) -> Result<Transaction, StoreError> {
    pool.begin_with("BEGIN IMMEDIATE").await.map_err(refused)
}

/// Makes a change durable. Only here is the outcome of a failure unknown: whatever fails before is rolled back.
async fn commit(transaction: Transaction) -> Result<(), StoreError> {
    transaction.commit().await.map_err(|why| StoreError::Unknown(why.to_string()))
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("generation", &self.generation).finish_non_exhaustive()
    }
}
