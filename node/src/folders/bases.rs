//! What is remembered of a bound folder's documents: a file each, in the data folder.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;
use wayfare_actors::ports::{Bases, Pending};
use wayfare_core::folder_assets::Base;
use wayfare_core::folder_binding::{Brief, Kept};
use wayfare_protocol::{DocumentId, codec};

const ENDING: &str = "base";
/// What is remembered of files that are no documents.
const ASSETS: &str = "assets.json";
/// Bytes of the hash before what is remembered.
const HASH: usize = 32;

/// See the module. Clones are the same files.
#[derive(Clone)]
pub struct BaseFiles {
    folder: PathBuf,
    turn: Arc<Mutex<()>>,
}

impl BaseFiles {
    /// Those of a folder; it is made if it is not there.
    ///
    /// # Errors
    /// The system's.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self { folder: folder.to_owned(), turn: Arc::default() })
    }

    fn path(&self, document: DocumentId) -> PathBuf {
        self.folder.join(format!("{}.{ENDING}", document.0))
    }

    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Self) -> Result<T, String> + Send + 'static,
    ) -> Pending<Result<T, String>> {
        let files = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = files.turn.lock().unwrap_or_else(PoisonError::into_inner);
            job(&files)
        });
        Box::pin(async move { done.await.unwrap_or_else(|error| Err(error.to_string())) })
    }

    fn read(&self, document: DocumentId) -> Result<Option<Kept>, String> {
        let path = self.path(document);
        let wrong = |why: String| format!("{}: {why}", path.display());
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let (hash, stored) = bytes.split_at_checked(HASH).ok_or_else(|| wrong("it is cut off".to_owned()))?;
        if blake3::hash(stored).as_bytes() != hash {
            return Err(wrong("it is damaged".to_owned()));
        }
        codec::decode_stored(stored).map(Some).map_err(|error| wrong(error.to_string()))
    }

    fn write(&self, document: DocumentId, kept: &Kept) -> io::Result<()> {
        let stored = codec::encode_stored(kept);
        self.replace(&self.path(document), &[blake3::hash(&stored).as_bytes(), &stored])
    }

    /// The old file or the new one is there, whatever comes between.
    fn replace(&self, path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
        let unfinished = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        pieces.iter().try_for_each(|piece| file.write_all(piece))?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        File::open(&self.folder)?.sync_all()
    }

    fn forget(&self, document: DocumentId) -> io::Result<()> {
        match fs::remove_file(self.path(document)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => File::open(&self.folder)?.sync_all(),
        }
    }

    fn briefs(&self) -> Result<BTreeMap<DocumentId, Brief>, String> {
        let mut briefs = BTreeMap::new();
        for entry in fs::read_dir(&self.folder).map_err(|error| error.to_string())? {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.extension().is_none_or(|ending| ending != ENDING) {
                continue;
            }
            let id = path.file_stem().and_then(|stem| stem.to_str()?.parse::<Uuid>().ok());
            let Some(document) = id.map(DocumentId) else { continue };
            if let Some(kept) = self.read(document)? {
                briefs.insert(document, kept.brief());
            }
        }
        Ok(briefs)
    }
}

impl Bases for BaseFiles {
    fn all(&self) -> Pending<Result<BTreeMap<DocumentId, Brief>, String>> {
        self.run(Self::briefs)
    }

    fn get(&self, document: DocumentId) -> Pending<Result<Option<Kept>, String>> {
        self.run(move |files| files.read(document))
    }

    fn assets(&self) -> Pending<Result<BTreeMap<String, Base>, String>> {
        self.run(|files| {
            let path = files.folder.join(ASSETS);
            match fs::read(&path) {
                Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
                Err(error) => Err(format!("{}: {error}", path.display())),
            }
        })
    }

    fn put_assets(&self, assets: BTreeMap<String, Base>) -> Pending<Result<(), String>> {
        self.run(move |files| {
            let path = files.folder.join(ASSETS);
            let bytes = serde_json::to_vec(&assets).map_err(|error| error.to_string())?;
            files.replace(&path, &[&bytes]).map_err(|error| format!("{}: {error}", path.display()))
        })
    }

    fn put(&self, document: DocumentId, kept: Option<Kept>) -> Pending<Result<(), String>> {
        self.run(move |files| {
            let put = kept.map_or_else(|| files.forget(document), |kept| files.write(document, &kept));
            put.map_err(|error| format!("{}: {error}", files.path(document).display()))
        })
    }
}

#[cfg(test)]
mod tests {
    use wayfare_actors::contract::bases::{self as contract, BasesWorld};

    use super::*;

    struct Folder(tempfile::TempDir);

    impl BasesWorld for Folder {
        fn open(&self) -> Arc<dyn Bases> {
            Arc::new(BaseFiles::open(self.0.path()).unwrap())
        }
    }

    #[tokio::test]
    async fn bases_on_disk_keep_the_contract() {
        contract::all(|| Folder(tempfile::tempdir().unwrap())).await;
    }

    #[tokio::test]
    async fn damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let document = DocumentId(Uuid::from_u128(5));
        let open = || BaseFiles::open(folder.path()).unwrap();
        let kept = Kept { path: "a.md".to_owned(), base: None, text: None, writing: Some("more".into()) };
        open().put(document, Some(kept)).await.unwrap();
        let path = open().path(document);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        assert!(open().get(document).await.unwrap_err().contains("damaged"));
    }
}
