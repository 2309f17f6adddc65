//! What the writer of a log and its readers share.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use wayfare_actors::ports::{LogError, LogName};

use super::segment::{self, MARK_EVERY, Mark, Marks, Step, Walk};

/// An open log, as far as it is durable.
pub(super) struct Shared {
    pub(super) name: LogName,
    pub(super) folder: PathBuf,
    state: Mutex<State>,
}

pub(super) struct State {
    /// Never empty; the last one is written to.
    pub(super) segments: VecDeque<Segment>,
    /// Number of the record after the last durable one.
    pub(super) next: u64,
    /// The error after which everything is refused.
    pub(super) failed: Option<LogError>,
}

pub(super) struct Segment {
    pub(super) first: u64,
    /// Durable bytes of its file.
    pub(super) length: u64,
    pub(super) marks: Marks,
}

/// What a read of one segment needs.
struct Stretch {
    first: u64,
    from: Mark,
    length: u64,
    /// The record after its last.
    until: u64,
}

/// A read, decided at the moment of its call: what is trimmed later is still read.
pub(super) struct Plan {
    shared: Arc<Shared>,
    from: u64,
    file: File,
    stretches: Vec<Stretch>,
}

impl Shared {
    pub(super) fn new(name: LogName, folder: PathBuf, state: State) -> Self {
        Self { name, folder, state: Mutex::new(state) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn storage(&self, what: &str, why: &io::Error) -> LogError {
        storage(self.name, what, why)
    }

    /// What a read from a record on has to look at; `None` if there is nothing durable there.
    pub(super) fn plan(self: &Arc<Self>, from: u64) -> Result<Option<Plan>, LogError> {
        let state = self.lock();
        if let Some(failed) = &state.failed {
            return Err(failed.clone());
        }
        let from = from.max(state.segments[0].first);
        if from >= state.next {
            return Ok(None);
        }
        let begin = state.segments.partition_point(|segment| segment.first <= from) - 1;
        let stretches: Vec<_> = (begin..state.segments.len())
            .map(|at| {
                let segment = &state.segments[at];
                let until = state.segments.get(at + 1).map_or(state.next, |following| following.first);
                let from = segment.marks.before(from);
                Stretch { first: segment.first, from, length: segment.length, until }
            })
            .collect();
        let opened = File::open(segment::path(&self.folder, stretches[0].first));
        let file = opened.map_err(|why| self.storage("cannot open a segment", &why))?;
        Ok(Some(Plan { shared: Arc::clone(self), from, file, stretches }))
    }
}

impl Plan {
    /// Reads. Blocks.
    pub(super) fn run(self, bytes_max: usize) -> Result<Vec<Bytes>, LogError> {
        let Self { shared, from, mut file, stretches } = self;
        let mut taken = Taken { records: Vec::new(), room: bytes_max };
        for (at, stretch) in stretches.iter().enumerate() {
            if at > 0 {
                match File::open(segment::path(&shared.folder, stretch.first)) {
                    Ok(following) => file = following,
                    // Trimmed since: the caller has what it was promised, at least one record.
                    Err(why) if why.kind() == io::ErrorKind::NotFound => break,
                    Err(why) => return Err(shared.storage("cannot open a segment", &why)),
                }
            }
            match stretch.read(&shared, &file, from, &mut taken) {
                Ok(More::Yes) => {}
                Ok(More::No) => break,
                // What could be read comes first; the next read begins at the error.
                Err(_) if !taken.records.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken.records)
    }
}

struct Taken {
    records: Vec<Bytes>,
    room: usize,
}

enum More {
    Yes,
    No,
}

impl Taken {
    fn take(&mut self, record: &[u8]) -> More {
        if record.len() > self.room && !self.records.is_empty() {
            return More::No;
        }
        self.room = self.room.saturating_sub(record.len());
        self.records.push(Bytes::copy_from_slice(record));
        More::Yes
    }
}

impl Stretch {
    fn read(&self, shared: &Shared, file: &File, from: u64, taken: &mut Taken) -> Result<More, LogError> {
        let failed = |why| shared.storage("cannot read a segment", &why);
        // A file cut short by others must not look like a failing disk.
        let length = self.length.min(file.metadata().map_err(failed)?.len());
        let mut walk = Walk::new(file, self.from, length);
        let mut marked = self.from.offset;
        while walk.at().number < self.until {
            let at = walk.at();
            if at.offset >= marked + MARK_EVERY {
                shared.note(self.first, at);
                marked = at.offset;
            }
            match walk.step().map_err(failed)? {
                Step::Record { number, bytes } if number >= from => {
                    if matches!(taken.take(bytes), More::No) {
                        return Ok(More::No);
                    }
                }
                Step::Record { .. } => {}
                Step::End | Step::Bad => return Err(shared.damaged(at.number)),
            }
        }
        Ok(More::Yes)
    }
}

impl Shared {
    fn note(&self, first: u64, mark: Mark) {
        let mut state = self.lock();
        if let Ok(at) = state.segments.binary_search_by_key(&first, |segment| segment.first) {
            state.segments[at].marks.note(mark);
        }
    }

    fn damaged(&self, index: u64) -> LogError {
        damaged(self.name, index)
    }
}

pub(super) fn storage(name: LogName, what: &str, why: &io::Error) -> LogError {
    LogError::Storage { name: name.to_string(), why: format!("{what}: {why}") }
}

pub(super) fn damaged(name: LogName, index: u64) -> LogError {
    let why = "the bytes do not match their checksum, and records after them do".to_owned();
    LogError::Damaged { name: name.to_string(), index, why }
}
