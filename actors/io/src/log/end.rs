//! The writing end of an open log: recovery, group commit, rotation, trim.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use wayfare_actors::ports::{LogError, LogName};
use wayfare_protocol::Limits;

use super::record;
use super::segment::{self, MAGIC, Mark, Marks, Tail};
use super::state::{Segment, Shared, State, damaged, storage};

/// Where the answer to an append or a trim goes.
pub(super) type Answer = oneshot::Sender<Result<(), LogError>>;

/// What records must survive before their append is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Survives {
    /// The end of the process: they are the system's.
    Process,
    /// A loss of power: they are on disk.
    PowerLoss,
}

pub(super) struct WritingEnd {
    pub(super) shared: Arc<Shared>,
    /// The last segment.
    file: File,
    /// Its first record.
    first: u64,
    /// Where the next write goes.
    end: Mark,
    write: Write,
}

/// The write that is being gathered.
#[derive(Default)]
struct Write {
    bytes: Vec<u8>,
    /// Where its records begin, counted from the beginning of the write.
    marks: Vec<Mark>,
    /// Who waits until it is written.
    hasty: Vec<Answer>,
    /// Who waits until it is synced.
    waiting: Vec<Answer>,
}

impl WritingEnd {
    /// Opens a log, makes it if there is none, and drops a torn end.
    pub(super) fn open(root: &Path, name: LogName) -> Result<Self, LogError> {
        let folder = root.join(name.to_string());
        let failed = |why| storage(name, "cannot open", &why);
        let firsts = segments_of(root, &folder).map_err(failed)?;
        let Some((&first, sealed)) = firsts.split_last() else {
            let file = begin_segment(&folder, 1).map_err(failed)?;
            return Ok(Self::new(
                name,
                folder,
                file,
                1,
                &[],
                Marks::new(1),
                Mark { number: 1, offset: MAGIC.len() as u64 },
            ));
        };
        let sealed = sealed
            .iter()
            .map(|&first| Ok((first, segment::path(&folder, first).metadata()?.len())))
            .collect::<io::Result<Vec<_>>>()
            .map_err(failed)?;
        let file = OpenOptions::new().read(true).write(true).open(segment::path(&folder, first)).map_err(failed)?;
        let scan = segment::scan(&file, first).map_err(failed)?;
        match scan.tail {
            Tail::Whole => {}
            Tail::Torn => {
                tracing::info!(log = %name, record = scan.end.number, "dropped the torn end of the last write");
                file.set_len(scan.end.offset).and_then(|()| file.write_all_at(&MAGIC, 0)).map_err(failed)?;
            }
            Tail::Damaged => return Err(damaged(name, scan.end.number)),
        }
        // What was read may have been written by a process that died before it was durable.
        file.sync_all().and_then(|()| sync_folder(&folder)).map_err(failed)?;
        Ok(Self::new(name, folder, file, first, &sealed, scan.marks, scan.end))
    }

    fn new(
        name: LogName,
        folder: PathBuf,
        file: File,
        first: u64,
        sealed: &[(u64, u64)],
        marks: Marks,
        end: Mark,
    ) -> Self {
        let mut segments: VecDeque<_> =
            sealed.iter().map(|&(first, length)| Segment { first, length, marks: Marks::new(first) }).collect();
        segments.push_back(Segment { first, length: end.offset, marks });
        let state = State { segments, next: end.number, failed: None };
        let shared = Arc::new(Shared::new(name, folder, state));
        Self { shared, file, first, end, write: Write::default() }
    }

    /// Adds records to the write that is being gathered; returns the bytes they take.
    pub(super) fn gather(&mut self, records: &[Bytes], survives: Survives, answer: Answer, limits: &Limits) -> usize {
        if let Some(failed) = self.failed() {
            let _ = answer.send(Err(failed));
            return 0;
        }
        if let Some(long) = records.iter().find(|record| record.len() > limits.log_record) {
            let why = format!("a record of {} bytes, and the most is {}", long.len(), limits.log_record);
            // What follows counts on this record, so it cannot be let through either.
            self.write.waiting.push(answer);
            self.fail(LogError::Storage { name: self.shared.name.to_string(), why });
            return 0;
        }
        let before = self.write.bytes.len();
        for record in records {
            let place = self.write.marks.len();
            let number = self.end.number + place as u64;
            self.write.marks.push(Mark { number, offset: self.write.bytes.len() as u64 });
            record::encode(number, u32::try_from(place).unwrap_or(u32::MAX), record, &mut self.write.bytes);
        }
        match survives {
            Survives::Process => self.write.hasty.push(answer),
            Survives::PowerLoss => self.write.waiting.push(answer),
        }
        self.write.bytes.len() - before
    }

    /// Writes what was gathered, and leaves it to [`Self::sync`] to make it durable. Writing all logs before syncing any lets
    /// the file system make several durable at once.
    pub(super) fn write(&mut self, limits: &Limits) {
        if let Err(why) = self.write_out(limits) {
            return self.fail(self.shared.storage("cannot write", &why));
        }
        for answer in self.write.hasty.drain(..) {
            let _ = answer.send(Ok(())); // nobody may be waiting any more
        }
    }

    fn write_out(&mut self, limits: &Limits) -> io::Result<()> {
        if self.write.marks.is_empty() {
            return Ok(());
        }
        let begun = self.end.offset > MAGIC.len() as u64;
        if begun && self.end.offset + self.write.bytes.len() as u64 > limits.log_segment {
            self.first = self.end.number;
            self.file = begin_segment(&self.shared.folder, self.first)?;
            self.end.offset = MAGIC.len() as u64;
        }
        self.file.write_all_at(&self.write.bytes, self.end.offset)
    }

    /// Makes what was written durable and answers everybody who waits for it.
    pub(super) fn sync(&mut self, limits: &Limits) {
        if self.write.waiting.is_empty() && self.write.marks.is_empty() {
            return;
        }
        if !self.write.marks.is_empty() {
            // After a failed sync the system may have thrown the pages away and call the next sync a success: nothing
            // that this process still has can be trusted to be on disk.
            if let Err(why) = self.file.sync_data() {
                return self.fail(self.shared.storage("cannot sync", &why));
            }
            self.publish();
        }
        for answer in self.write.waiting.drain(..) {
            // Nobody may be waiting any more; the records are durable all the same.
            let _ = answer.send(Ok(()));
        }
        self.write.bytes.clear();
        self.write.bytes.shrink_to(limits.log_batch);
        self.write.marks.clear();
        self.write.marks.shrink_to(limits.log_batch / record::HEADER);
    }

    /// Shows readers what has become durable.
    fn publish(&mut self) {
        let size = self.write.bytes.len() as u64;
        let mut state = self.shared.lock();
        if state.segments.back().is_none_or(|last| last.first != self.first) {
            state.segments.push_back(Segment { first: self.first, length: 0, marks: Marks::new(self.first) });
        }
        let end = Mark { number: self.end.number + self.write.marks.len() as u64, offset: self.end.offset + size };
        if let Some(segment) = state.segments.back_mut() {
            for mark in &self.write.marks {
                segment.marks.note(Mark { offset: self.end.offset + mark.offset, ..*mark });
            }
            segment.length = end.offset;
        }
        state.next = end.number;
        drop(state);
        self.end = end;
    }

    /// Deletes segments whose every record is below that number, the oldest first.
    pub(super) fn trim(&mut self, before: u64) -> Result<(), LogError> {
        if let Some(failed) = self.failed() {
            return Err(failed);
        }
        while let Some(oldest) = self.oldest_below(before) {
            let removed = std::fs::remove_file(segment::path(&self.shared.folder, oldest));
            // One after the other also for the disk: a gap in the middle would be damage.
            if let Err(why) = removed.and_then(|()| sync_folder(&self.shared.folder)) {
                let error = self.shared.storage("cannot trim", &why);
                self.fail(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes the oldest segment out of the list, if all of it is below that number and it is not the last.
    fn oldest_below(&self, before: u64) -> Option<u64> {
        let mut state = self.shared.lock();
        let whole = state.segments.get(1).is_some_and(|following| following.first <= before);
        if whole { state.segments.pop_front().map(|segment| segment.first) } else { None }
    }

    fn failed(&self) -> Option<LogError> {
        self.shared.lock().failed.clone()
    }

    fn fail(&mut self, error: LogError) {
        tracing::error!(%error, "the log refuses everything from here on");
        self.shared.lock().failed = Some(error.clone());
        let Write { hasty, waiting, .. } = std::mem::take(&mut self.write);
        for answer in hasty.into_iter().chain(waiting) {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

/// The segments of a log, by their first records; makes its folder if there is none.
fn segments_of(root: &Path, folder: &Path) -> io::Result<Vec<u64>> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => sync_folder(root)?,
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
        Err(why) => return Err(why),
    }
    let mut firsts = Vec::new();
    for entry in folder.read_dir()? {
        firsts.extend(entry?.file_name().to_str().and_then(segment::first_of));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

fn begin_segment(folder: &Path, first: u64) -> io::Result<File> {
    let path = segment::path(folder, first);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all_at(&MAGIC, 0)?;
    file.sync_data()?;
    sync_folder(folder)?;
    Ok(file)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
