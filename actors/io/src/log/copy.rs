//! Copies of a folder of logs that may be written meanwhile.
//!
//! What lies in a segment only grows, and segments go in order: written to at the end, trimmed from the beginning. So a copy made
//! segment by segment is a log as a crash leaves one, with a torn end at most, which is dropped when it is opened.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use wayfare_protocol::limits::LOG_COPY_TRIES;

use super::{name_of, segment};

/// Copies every log of a folder into another one, which is made. Returns how many. What is appended after a log's turn is not in it.
///
/// # Errors
/// If the system refuses to read or write.
pub fn copy_logs(from: &Path, to: &Path) -> io::Result<usize> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700).create(to)?;
    let mut copied = 0;
    if !from.exists() {
        return Ok(copied);
    }
    for entry in from.read_dir()? {
        let name = entry?.file_name();
        if name.to_str().and_then(name_of).is_none() {
            continue; // the lock, or a log that is being removed
        }
        let folder = to.join(&name);
        builder.create(&folder)?;
        if copy_log(&from.join(&name), &folder)? {
            copied += 1;
        } else {
            fs::remove_dir_all(&folder)?;
        }
    }
    File::open(to)?.sync_all()?;
    Ok(copied)
}

/// Whether there is a log any more.
fn copy_log(from: &Path, to: &Path) -> io::Result<bool> {
    for _ in 0..LOG_COPY_TRIES {
        let Some(firsts) = there(settled_segments(from))?.flatten() else { return Ok(false) };
        copy_segments(from, to, &firsts)?;
        if !segments(to)?.is_empty() {
            File::open(to)?.sync_all()?;
            return Ok(true);
        }
        // All that was listed was trimmed before its turn, and the log goes on without it.
    }
    let why = format!("{} is trimmed faster than it can be copied", from.display());
    Err(io::Error::other(why))
}

/// Copies those segments that are still there: with one that is gone, all before it are.
fn copy_segments(from: &Path, to: &Path, firsts: &[u64]) -> io::Result<()> {
    for (at, &first) in firsts.iter().enumerate() {
        if there(copy_file(&segment::path(from, first), &segment::path(to, first)))?.is_none() {
            for &older in &firsts[..at] {
                there(fs::remove_file(segment::path(to, older)))?;
            }
        }
    }
    Ok(())
}

/// `None` of what was trimmed or removed meanwhile.
fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A list of a folder that changes may miss what was made meanwhile. The second one misses nothing that the first one has seen the
/// successor of. `None`: there is no segment.
fn settled_segments(folder: &Path) -> io::Result<Option<Vec<u64>>> {
    let Some(newest) = segments(folder)?.into_iter().max() else { return Ok(None) };
    let mut firsts = segments(folder)?;
    firsts.retain(|first| *first <= newest);
    firsts.sort_unstable();
    Ok(Some(firsts))
}

fn segments(folder: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for entry in folder.read_dir()? {
        firsts.extend(entry?.file_name().to_str().and_then(segment::first_of));
    }
    Ok(firsts)
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()
}
