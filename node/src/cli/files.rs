//! `wayfare project files`, `upload` and `download`: files of projects that are no documents.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use wayfare_actors::asset::{AssetSource, Assets};
use wayfare_actors::document::{Library, LibraryError};
use wayfare_actors::ports::Pending;
use wayfare_core::document::AssetFile;
use wayfare_protocol::asset::AssetHash;
use wayfare_protocol::limits::ASSET_PART;
use wayfare_protocol::{AssetId, DocumentId, ErrorCode, ProjectId, Refusal};

use super::app::App;
use super::exit::{Exit, Failure};
use super::lists::printable;
use crate::media_type;
use crate::render::Form;

/// A transfer that lost its link goes on after so long.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The files of a project, or those in its trash.
pub(super) async fn files(app: &App, name: &str, trash: bool) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    let project = project(app, library, name).await?;
    let tree = library.tree(project).await?;
    let files = if trash { tree.asset_trash } else { tree.assets };
    if app.form == Form::Json {
        files.iter().try_for_each(|(path, file)| app.screen.json(&row(path, file)))?;
        return Ok(Exit::Good);
    }
    let head = ["FILE", "BYTES", "TYPE", "SHA-256"].map(str::to_owned).to_vec();
    let cells = files.iter().map(|(path, file)| {
        vec![printable(path), file.size.to_string(), printable(&file.media_type), file.asset.to_string()]
    });
    app.screen.table(&std::iter::once(head).chain(cells).collect::<Vec<_>>())?;
    Ok(Exit::Good)
}

fn row(path: &str, file: &AssetFile) -> serde_json::Value {
    json!({ "path": path, "id": file.asset, "size": file.size, "type": file.media_type })
}

pub(super) async fn project(app: &App, library: &Library, name: &str) -> Result<ProjectId, Failure> {
    library.settled(DocumentId::INDEX, app.limits.request).await?;
    let project = library.project(name).await?;
    library.settled(project.tree(), app.limits.request).await?;
    Ok(project)
}

/// Brings a file into a project, which is made if there is none.
pub(super) async fn upload(app: &App, name: &str, file: &Path, path: Option<String>) -> Result<Exit, Failure> {
    let own = file.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let path =
        path.or(own).ok_or_else(|| Failure::Usage("say --path: the file has no name that can be one".to_owned()))?;
    let (asset, size) = hashed(file)?;
    let client = app.connect().await?;
    let library = client.library();
    library.settled(DocumentId::INDEX, app.limits.request).await?;
    let project = library.make_project(name).await?;
    library.settled(DocumentId::INDEX, app.limits.request).await?;
    library.settled(project.tree(), app.limits.request).await?;
    send(app, library.assets(), asset, size, file).await?;
    let file = AssetFile::new(asset, size, media_type::of(&path));
    library.put_asset(project, &path, &file).await?;
    library.settled(project.tree(), app.limits.request).await?;
    match app.form {
        Form::Json => app.screen.json(&row(&path, &file))?,
        Form::Text => app.screen.note(&printable(&format!("{path} is in {name}: {size} bytes"))),
    }
    Ok(Exit::Good)
}

fn hashed(file: &Path) -> std::io::Result<(AssetId, u64)> {
    let mut source = std::fs::File::open(file)?;
    let (mut hash, mut size, mut buffer) = (AssetHash::default(), 0, vec![0; ASSET_PART]);
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            return Ok((hash.id(), size));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

/// What a lost link interrupts goes on where it was, as long as a new one comes in time.
fn may_go_on(app: &App, refusal: &Refusal, since: &mut std::time::Instant, has_moved: bool) -> bool {
    if has_moved {
        *since = std::time::Instant::now();
    }
    let is_of_link = matches!(refusal.code, ErrorCode::OwnerUnreachable | ErrorCode::Draining | ErrorCode::Overloaded);
    is_of_link && since.elapsed() < app.limits.open_session
}

async fn send(app: &App, assets: &Assets, asset: AssetId, size: u64, file: &Path) -> Result<(), Failure> {
    let source = FileSource(Arc::from(file));
    let mut since = std::time::Instant::now();
    loop {
        match assets.send(asset, size, &source).await {
            Ok(()) => return Ok(()),
            Err(refusal) if may_go_on(app, &refusal, &mut since, false) => tokio::time::sleep(AGAIN_AFTER).await,
            Err(refusal) => return Err(LibraryError::from(refusal).into()),
        }
    }
}

/// A file that is read piece by piece.
struct FileSource(Arc<Path>);

impl AssetSource for FileSource {
    fn read(&self, from: u64, length: usize) -> Pending<Result<Bytes, Refusal>> {
        let path = Arc::clone(&self.0);
        let read = tokio::task::spawn_blocking(move || {
            let mut file = std::fs::File::open(&path)?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(length as u64).read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>(Bytes::from(bytes))
        });
        Box::pin(async move {
            let failed = |why: String| Refusal::new(ErrorCode::StorageFailed, why);
            read.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
        })
    }
}

/// Writes a file of a project to one here, or to standard output.
pub(super) async fn download(app: &App, name: &str, path: &str, to: Option<PathBuf>) -> Result<Exit, Failure> {
    let client = app.connect().await?;
    let library = client.library();
    let project = project(app, library, name).await?;
    let file = library.asset_at(project, path).await?;
    let own = path.rsplit('/').next().unwrap_or(path);
    let to = to.unwrap_or_else(|| PathBuf::from(own));
    if to == Path::new("-") {
        fetch(app, library.assets(), file.asset, &mut std::io::stdout().lock()).await?;
        return Ok(Exit::Good);
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let mut unfinished = tempfile::Builder::new().prefix(".wayfare-").tempfile_in(folder)?;
    fetch(app, library.assets(), file.asset, unfinished.as_file_mut()).await?;
    unfinished.as_file().sync_all()?;
    unfinished.persist(&to).map_err(|error| error.error)?;
    match app.form {
        Form::Json => app.screen.json(&row(path, &file))?,
        Form::Text => app.screen.note(&printable(&format!("{}: {} bytes", to.display(), file.size))),
    }
    Ok(Exit::Good)
}

async fn fetch(app: &App, assets: &Assets, asset: AssetId, to: &mut impl std::io::Write) -> Result<(), Failure> {
    let (mut at, mut hash) = (0, AssetHash::default());
    let mut since = std::time::Instant::now();
    loop {
        let before = at;
        let fetched = async {
            let mut download = assets.download(asset, at).await.map_err(LibraryError::from)?;
            while let Some(bytes) = download.next().await.map_err(LibraryError::from)? {
                to.write_all(&bytes)?;
                hash.update(&bytes);
                at += bytes.len() as u64;
            }
            Ok::<(), Failure>(())
        };
        match fetched.await {
            Ok(()) => break,
            Err(Failure::Documents(LibraryError::Refused(refusal)))
                if may_go_on(app, &refusal, &mut since, at > before) =>
            {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
            Err(failure) => return Err(failure),
        }
    }
    to.flush()?;
    if hash.id() != asset {
        return Err(Failure::NotFound(format!("what came is not {asset}: it was damaged on the way")));
    }
    Ok(())
}
