//! The SQLite control store: its contract, and what only a file can suffer.

use std::sync::Arc;

use tempfile::TempDir;
use wayfare_actors::contract::store::{self as contract, StoreWorld};
use wayfare_actors::ports::{ControlStore, Pending};
use wayfare_io::{OpenStoreError, SqliteStore};
use wayfare_protocol::{Epoch, ResourceId, Wall};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("control.sqlite")
    }
}

impl StoreWorld for Folder {
    fn open(&self) -> Pending<Arc<dyn ControlStore>> {
        let path = self.path();
        Box::pin(async move {
            let store: Arc<dyn ControlStore> = Arc::new(SqliteStore::open(&path, Wall(1)).await.unwrap());
            store
        })
    }
}

macro_rules! keeps {
    ($($rule:ident)*) => { $(
        #[tokio::test]
        async fn $rule() {
            contract::$rule(&Folder::new()).await;
        }
    )* };
}

keeps! {
    a_store_keeps_its_generation_and_account
    a_device_is_found_as_it_was_registered
    a_renewal_changes_what_a_device_says_of_itself_only
    a_device_must_have_its_own_key_and_an_account
    being_seen_never_goes_back
    a_revoked_device_is_refused_until_it_is_paired_anew
    a_device_is_revoked_by_its_own_account_only
    a_first_claim_makes_the_row
    epochs_grow_by_one_with_every_grant
    of_claims_that_race_one_is_granted
    a_repeated_claim_is_granted_again_and_changes_nothing
    a_claim_on_an_old_epoch_learns_the_row
    a_name_belongs_to_one_session_per_language
    a_daemons_row_is_kept_like_a_sessions
    a_claim_on_a_row_that_is_not_there_is_refused
    everything_is_there_after_reopening
}

async fn change(folder: &Folder, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path());
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    SqliteStore::open(&folder.path(), Wall(1)).await.unwrap().close().await;
    change(
        &folder,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'of a later year', TRUE, x'00', 1)",
    )
    .await;
    let refused = SqliteStore::open(&folder.path(), Wall(1)).await;
    assert!(matches!(refused, Err(OpenStoreError::Newer { found: 99, known: 5, .. })), "{refused:?}");
}

/// Schema 1, as the first version made it, with a session's row.
#[tokio::test]
async fn a_store_of_the_first_schema_keeps_its_rows() {
    let folder = Folder::new();
    let first = folder.0.path().join("first");
    std::fs::create_dir(&first).unwrap();
    let name = "0001_accounts_devices_rows.sql";
    let written = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name);
    std::fs::copy(written, first.join(name)).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path()).create_if_missing(true);
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    sqlx::migrate::Migrator::new(first).await.unwrap().run(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
    change(
        &folder,
        "INSERT INTO accounts VALUES (x'00000000000000000000000000000001', 1);
         INSERT INTO store VALUES (1, 1, x'00000000000000000000000000000001');
         INSERT INTO rows VALUES (x'00000000000000000000000000000001', 'session', x'00000000000070008000000000000005',
             'notes', 'main', 'python', zeroblob(32), 1, 7, 0, NULL)",
    )
    .await;
    let store = SqliteStore::open(&folder.path(), Wall(1)).await.unwrap();
    let rows = store.account(store.default_account()).await.unwrap().rows;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row.resource, ResourceId::Session("00000000-0000-7000-8000-000000000005".parse().unwrap()));
    assert_eq!(row.epoch, Epoch { generation: 1, n: 7 });
}

#[tokio::test]
async fn a_restored_store_grants_in_its_raised_generation() {
    let folder = Folder::new();
    SqliteStore::open(&folder.path(), Wall(1)).await.unwrap().close().await;
    change(&folder, "UPDATE store SET generation = 2").await;
    let store = SqliteStore::open(&folder.path(), Wall(1)).await.unwrap();
    assert_eq!(store.generation(), 2);
    drop(store);
    contract::epochs_grow_by_one_with_every_grant(&folder).await;
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused() {
    let folder = Folder::new();
    std::fs::write(folder.path(), "a letter of more than a hundred bytes, ".repeat(10)).unwrap();
    assert!(SqliteStore::open(&folder.path(), Wall(1)).await.is_err());
}
