//! The keys of a node's daemons, a file each.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wayfare_actors::ports::{EntityKeys, KeyError, KeysUnread, Pending};
use wayfare_protocol::{EntityId, EntityKey};

use crate::OsRandom;
use crate::key_file::{KeyFileError, create, load_seed};

/// A folder of keys, closed to other users.
pub struct EntityKeyFiles(PathBuf);

impl EntityKeyFiles {
    /// The keys of a folder; it is made if it is not there.
    ///
    /// # Errors
    /// The system's.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self(folder.to_owned()))
    }

    fn path(&self, entity: EntityId) -> PathBuf {
        self.0.join(format!("{entity}.key"))
    }
}

impl EntityKeys for EntityKeyFiles {
    fn put(&self, key: EntityKey) -> Pending<Result<(), KeyError>> {
        let entity = key.entity();
        let path = self.path(entity);
        on_disk(entity, move || match create(&path, &key.seed(), &OsRandom) {
            // A key is never replaced: of one entity there is one.
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            created => created.map_err(|why| why.to_string()),
        })
    }

    fn get(&self, entity: EntityId) -> Pending<Result<Option<EntityKey>, KeyError>> {
        let path = self.path(entity);
        on_disk(entity, move || match load_seed(&path) {
            Ok(seed) => Ok(Some(EntityKey::from_seed(&seed))),
            Err(KeyFileError::System { why, .. }) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.to_string()),
        })
    }

    fn remove(&self, entity: EntityId) -> Pending<Result<(), KeyError>> {
        let path = self.path(entity);
        on_disk(entity, move || match std::fs::remove_file(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why.to_string()),
            _ => Ok(()),
        })
    }

    fn list(&self) -> Pending<Result<Vec<EntityId>, KeysUnread>> {
        let folder = self.0.clone();
        let listed = tokio::task::spawn_blocking(move || {
            let mut kept = Vec::new();
            for entry in std::fs::read_dir(folder).map_err(|why| why.to_string())? {
                let name = entry.map_err(|why| why.to_string())?.file_name();
                // What has another name is none of its own.
                kept.extend(name.to_str().and_then(|name| name.strip_suffix(".key")?.parse::<EntityId>().ok()));
            }
            Ok(kept)
        });
        Box::pin(
            async move { listed.await.unwrap_or_else(|why| Err(why.to_string())).map_err(|why| KeysUnread { why }) },
        )
    }
}

/// A disk may be slow: not on a thread that runs actors.
fn on_disk<T: Send + 'static>(
    entity: EntityId,
    job: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Pending<Result<T, KeyError>> {
    let done = tokio::task::spawn_blocking(job);
    Box::pin(
        async move { done.await.unwrap_or_else(|why| Err(why.to_string())).map_err(|why| KeyError { entity, why }) },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_is_kept_found_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let entity = EntityKey::from_seed(&[7; 32]).entity();
        let open = || EntityKeyFiles::open(&folder.path().join("keys")).unwrap();
        assert!(open().get(entity).await.unwrap().is_none());
        for _ in 0..2 {
            open().put(EntityKey::from_seed(&[7; 32])).await.unwrap();
        }
        assert_eq!(open().get(entity).await.unwrap().unwrap().entity(), entity);
        std::fs::write(folder.path().join("keys/notes.key"), "of somebody else").unwrap();
        assert_eq!(open().list().await.unwrap(), [entity]);
        for _ in 0..2 {
            open().remove(entity).await.unwrap();
        }
        assert!(open().get(entity).await.unwrap().is_none());
        assert_eq!(open().list().await.unwrap(), []);
    }
}
