//! Segment files: their names, and the walk over their records.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::record::{self, HEADER, Header};

/// The first bytes of every segment.
pub(super) const MAGIC: [u8; 16] = *b"wayfare log v1\n\0";
/// A mark is kept for about so many bytes: what a read may have to skip, and what an index costs.
pub(super) const MARK_EVERY: u64 = 64 * 1024;
/// Bytes that a walk takes from a file at once.
const CHUNK: usize = 64 * 1024;
const SUFFIX: &str = ".segment";

/// The file of the segment that begins with a record.
pub(super) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}{SUFFIX}"))
}

/// The first record of the segment of that file name.
pub(super) fn first_of(file_name: &str) -> Option<u64> {
    file_name.strip_suffix(SUFFIX).filter(|digits| digits.len() == 20)?.parse().ok().filter(|first| *first > 0)
}

/// Where a record begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) number: u64,
    pub(super) offset: u64,
}

/// The marks of one segment, in order; the first is its beginning.
#[derive(Clone, Debug)]
pub(super) struct Marks(Vec<Mark>);

impl Marks {
    pub(super) fn new(first: u64) -> Self {
        Self(vec![Mark { number: first, offset: MAGIC.len() as u64 }])
    }

    /// Notes where a record begins, if that is far enough from the last mark.
    pub(super) fn note(&mut self, mark: Mark) {
        if self.0.last().is_none_or(|last| mark.offset >= last.offset + MARK_EVERY) {
            self.0.push(mark);
        }
    }

    /// The last mark at or before a record.
    pub(super) fn before(&self, number: u64) -> Mark {
        let after = self.0.partition_point(|mark| mark.number <= number);
        self.0[after.saturating_sub(1)]
    }
}

/// What a walk found next.
pub(super) enum Step<'a> {
    /// A record.
    Record { number: u64, bytes: &'a [u8] },
    /// The end of what the walk was to read, after a whole record.
    End,
    /// No record lies here.
    Bad,
}

/// Goes from record to record of a segment with bounded memory.
pub(super) struct Walk<'a> {
    file: &'a File,
    /// The next record.
    at: Mark,
    end: u64,
    /// Bytes of the file from `at` on begin at `used`.
    buffer: Vec<u8>,
    used: usize,
}

impl<'a> Walk<'a> {
    /// From a mark to an offset.
    pub(super) fn new(file: &'a File, from: Mark, end: u64) -> Self {
        Self { file, at: from, end, buffer: Vec::new(), used: 0 }
    }

    /// Where the next record begins.
    pub(super) fn at(&self) -> Mark {
        self.at
    }

    /// Goes one record on; stays where it is at the end and at a bad record.
    pub(super) fn step(&mut self) -> io::Result<Step<'_>> {
        let left = self.end.saturating_sub(self.at.offset);
        if left == 0 {
            return Ok(Step::End);
        }
        if left < HEADER as u64 {
            return Ok(Step::Bad);
        }
        self.fill(HEADER)?;
        let Some(header) = Header::read(&self.buffer[self.used..]) else { return Ok(Step::Bad) };
        // Checked before anything is allocated for it.
        let size = HEADER as u64 + u64::from(header.length);
        if size > left {
            return Ok(Step::Bad);
        }
        let size = HEADER + header.length as usize;
        self.fill(size)?;
        let number = self.at.number;
        let whole = self.used..self.used + size;
        if !header.holds(number, &self.buffer[whole.start + HEADER..whole.end]) {
            return Ok(Step::Bad);
        }
        self.used = whole.end;
        self.at = Mark { number: number + 1, offset: self.at.offset + size as u64 };
        Ok(Step::Record { number, bytes: &self.buffer[whole.start + HEADER..whole.end] })
    }

    /// Makes so many bytes from `at` on available; the caller knows that the file has them.
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let have = self.buffer.len() - self.used;
        if have >= wanted {
            return Ok(());
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        let from = self.at.offset + have as u64;
        let left = usize::try_from(self.end - from).unwrap_or(usize::MAX);
        self.buffer.resize(have + CHUNK.max(wanted - have).min(left), 0);
        self.file.read_exact_at(&mut self.buffer[have..], from)
    }
}

/// What a scan of the last segment found.
pub(super) struct Scan {
    /// Where the next record goes: the end of what is whole.
    pub(super) end: Mark,
    pub(super) marks: Marks,
    pub(super) tail: Tail,
}

/// What lies after the last whole record of the last segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    Whole,
    /// The rest of a write that did not become durable.
    Torn,
    /// A record that was durable and cannot be read, since a later write follows it.
    Damaged,
}

/// Walks over the last segment to its end.
pub(super) fn scan(file: &File, first: u64) -> io::Result<Scan> {
    let length = file.metadata()?.len();
    let mut marks = Marks::new(first);
    let mut walk = Walk::new(file, marks.before(first), length);
    if !begun(file, length)? {
        // The beginning is made durable before any record is written.
        let tail = if length <= MAGIC.len() as u64 { Tail::Torn } else { Tail::Damaged };
        return Ok(Scan { end: walk.at(), marks, tail });
    }
    let tail = loop {
        marks.note(walk.at());
        match walk.step()? {
            Step::Record { .. } => {}
            Step::End => break Tail::Whole,
            Step::Bad => break tail_after(file, walk.at(), length)?,
        }
    };
    Ok(Scan { end: walk.at(), marks, tail })
}

fn begun(file: &File, length: u64) -> io::Result<bool> {
    let mut magic = [0; MAGIC.len()];
    if length < MAGIC.len() as u64 {
        return Ok(false);
    }
    file.read_exact_at(&mut magic, 0)?;
    Ok(magic == MAGIC)
}

/// Tells a torn end from damage. The rest is at most a segment and one write.
fn tail_after(file: &File, bad: Mark, length: u64) -> io::Result<Tail> {
    let mut rest = vec![0; usize::try_from(length.saturating_sub(bad.offset)).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut rest, bad.offset)?;
    Ok(if record::later_write_in(bad.number, &rest) { Tail::Damaged } else { Tail::Torn })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_sort_as_records_do() {
        let folder = Path::new("/log");
        let names: Vec<_> = [1, 9, 10, u64::MAX].map(|first| path(folder, first)).into();
        assert!(names.is_sorted());
        assert_eq!(first_of(names[2].file_name().unwrap().to_str().unwrap()), Some(10));
        assert_eq!(first_of("00000000000000000000.segment"), None);
        assert_eq!(first_of("1.segment"), None);
    }

    #[test]
    fn marks_are_bounded_by_bytes_not_by_records() {
        let mut marks = Marks::new(1);
        for number in 1..=100_000 {
            marks.note(Mark { number, offset: 16 + number * 20 });
        }
        assert!(marks.0.len() <= 32);
        assert_eq!(marks.before(0).number, 1);
        assert!(marks.before(50_000).number <= 50_000);
    }
}
