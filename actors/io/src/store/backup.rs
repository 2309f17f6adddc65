//! Copies of a control store: made beside whoever uses it, and brought to life again in a generation of their own.

use std::fs::File;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use wayfare_protocol::Wall;

use super::{OpenStoreError, SqliteStore};

impl SqliteStore {
    /// Copies the store of a file, as it is at one moment, into a new file; whoever uses it meanwhile goes on.
    ///
    /// # Errors
    /// If there is no store, or the copy cannot be written.
    pub async fn copy(from: &Path, to: &Path) -> Result<(), OpenStoreError> {
        let system = |why| OpenStoreError::System { path: from.to_owned(), why };
        let path = to.to_str().ok_or_else(|| OpenStoreError::Damaged {
            path: to.to_owned(),
            why: "its path is not UTF-8, which SQLite needs".to_owned(),
        })?;
        let options = SqliteConnectOptions::new().filename(from).create_if_missing(false);
        let pool = SqlitePool::connect_with(options).await.map_err(system)?;
        let copied = sqlx::query("VACUUM INTO ?").bind(path).execute(&pool).await;
        pool.close().await;
        copied.map_err(system)?;
        let synced = File::open(to).and_then(|file| file.sync_all());
        synced.map_err(|why| OpenStoreError::System { path: to.to_owned(), why: why.into() })
    }

    /// Begins a new generation in a copy that nobody has open: everything granted from now on is above all that was granted
    /// before, by this store or by another copy that was brought to life. Returns it.
    ///
    /// Two copies may have the same beginning, so one more than the last generation is not enough: it is at least the time in
    /// seconds since 1970.
    ///
    /// # Errors
    /// If it is no store of this version or an earlier one, or cannot be written.
    pub async fn begin_generation(path: &Path, now: Wall) -> Result<u32, OpenStoreError> {
        let store = Self::open(path, now).await?;
        let seconds = u32::try_from(now.0 / 1_000).unwrap_or(u32::MAX);
        let next = store.generation.saturating_add(1).max(seconds);
        let written = sqlx::query("UPDATE store SET generation = ?").bind(i64::from(next)).execute(&store.pool).await;
        store.close().await;
        written.map_err(|why| OpenStoreError::System { path: path.to_owned(), why })?;
        Ok(next)
    }
}
