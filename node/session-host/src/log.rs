//! The session's log file: bounded, and written by a thread of its own so that nobody waits for the disk.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Lines that wait to be written; more are dropped.
const WAITING_LINES: usize = 1024;
/// Longest line, in bytes.
const LINE_MAX: usize = 4096;
/// Last lines of the kernel's process that its death is explained with.
const LAST_WORDS: usize = 8;

/// Takes lines from anywhere.
#[derive(Clone)]
pub(crate) struct Log {
    lines: SyncSender<String>,
    last_words: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// Appends to the file at `path`. Two files of half of `bound` bytes take turns.
    pub(crate) fn open(path: PathBuf, bound: u64) -> Self {
        let (lines, waiting) = sync_channel(WAITING_LINES);
        std::thread::spawn(move || write(&path, bound / 2, &waiting));
        Self { lines, last_words: Arc::default() }
    }

    /// Notes something about the host itself.
    pub(crate) fn note(&self, line: impl std::fmt::Display) {
        let _ = self.lines.try_send(format!("{} host: {line}\n", crate::clock::now().wall.0));
    }

    /// Takes a line that the kernel's process wrote outside of its messages.
    pub(crate) fn kernel(&self, line: &str) {
        let line = &line[..line.floor_char_boundary(LINE_MAX)];
        let mut last = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        if !line.trim().is_empty() {
            last.push_back(line.to_owned());
            if last.len() > LAST_WORDS {
                last.pop_front();
            }
        }
        drop(last);
        let _ = self.lines.try_send(format!("{} kernel: {line}\n", crate::clock::now().wall.0));
    }

    /// What the kernel's process wrote last.
    pub(crate) fn last_words(&self) -> String {
        let last = self.last_words.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

fn write(path: &Path, bound: u64, lines: &Receiver<String>) {
    let open = || OpenOptions::new().append(true).create(true).open(path);
    // A log that cannot be written is not worth the session.
    let mut file: Option<File> = open().ok();
    let mut size = fs::metadata(path).map(|data| data.len()).unwrap_or_default();
    for line in lines {
        if size + line.len() as u64 > bound {
            let _ = fs::rename(path, path.with_extension("log.old"));
            file = open().ok();
            size = 0;
        }
        if let Some(file) = &mut file
            && file.write_all(line.as_bytes()).is_ok()
        {
            size += line.len() as u64;
        }
    }
}
