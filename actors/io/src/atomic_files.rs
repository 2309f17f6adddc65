//! A folder whose files are written elsewhere in it and renamed: a crash leaves a whole file or none.

use std::io;
use std::path::Path;

use opendal::Operator;
use opendal::services::Fs;

/// Where files are written before they get their name.
const WRITING: &str = "writing";

/// Opens a folder, and makes it if there is none. What a crash left half-written is removed.
///
/// # Errors
/// If the folder cannot be made or written to.
pub(crate) async fn open(root: &Path) -> io::Result<Operator> {
    let writing = root.join(WRITING);
    match tokio::fs::remove_dir_all(&writing).await {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => tokio::fs::create_dir_all(&writing).await?,
    }
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or(io::ErrorKind::InvalidFilename);
    let files = Fs::default().root(&text(root)?).atomic_write_dir(&text(&writing)?);
    Operator::new(files).map_err(io::Error::other)
}
