//! The segmented log: its contract, and what only files can suffer.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use wayfare_actors::contract::log::{self as contract, LogWorld};
use wayfare_actors::ports::{LogError, LogName, LogStore, Pending};
use wayfare_io::SegmentLogStore;
use wayfare_protocol::{Limits, SessionId};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("logs")
    }

    fn store(&self) -> SegmentLogStore {
        SegmentLogStore::open(&self.root(), &limits()).unwrap()
    }

    fn segments(&self, name: LogName) -> Vec<PathBuf> {
        let entries = self.root().join(name.to_string()).read_dir().unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    }

    /// Two writes of three records each, in one segment; the file, and its length after each write.
    async fn two_writes(&self) -> (PathBuf, [u64; 2]) {
        let log = self.store().open(name()).await.unwrap();
        let path = self.segments(name()).remove(0);
        let mut lengths = [0; 2];
        for (write, length) in lengths.iter_mut().enumerate() {
            let records = (1..=3).map(|n| Bytes::from(format!("write {write}, record {n}")));
            log.append(records.collect()).await.unwrap();
            *length = path.metadata().unwrap().len();
        }
        (path, lengths)
    }
}

fn limits() -> Limits {
    Limits { log_segment: contract::SEGMENT, ..Limits::default() }
}

fn name() -> LogName {
    LogName::Inbox(session())
}

fn session() -> SessionId {
    "00000000-0000-7000-8000-000000000001".parse().unwrap()
}

fn flip(path: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

impl LogWorld for Folder {
    fn open(&self) -> Pending<Arc<dyn LogStore>> {
        let store: Arc<dyn LogStore> = Arc::new(self.store());
        Box::pin(std::future::ready(store))
    }

    fn open_second(&self) -> Pending<Option<String>> {
        let refused = SegmentLogStore::open(&self.root(), &limits()).err().map(|why| why.to_string());
        Box::pin(std::future::ready(refused))
    }

    fn tear(&self, name: LogName) {
        let last = self.segments(name).pop().unwrap();
        // A header that promises more than there is.
        OpenOptions::new().append(true).open(last).unwrap().write_all(&[7; 23]).unwrap();
    }
}

macro_rules! keeps {
    ($($rule:ident)*) => { $(
        #[tokio::test]
        async fn $rule() {
            contract::$rule(&Folder::new()).await;
        }
    )* };
}

keeps! {
    records_are_numbered_from_one_in_the_order_of_calls
    what_was_acknowledged_is_there_after_reopening
    an_append_that_nobody_waits_for_is_still_made
    a_torn_end_is_dropped_and_its_numbers_are_used_again
    a_read_is_bounded_by_bytes_and_gives_at_least_one_record
    a_read_outside_the_log_gives_what_there_is
    concurrent_appends_all_become_durable_in_order
    a_trim_forgets_only_what_it_was_told_to
    numbers_go_on_after_a_trim_and_reopening
    a_log_has_one_opener
    a_store_has_one_opener
    logs_are_listed_in_order_and_removed
}

#[tokio::test]
async fn a_write_cut_anywhere_loses_itself_only() {
    let folder = Folder::new();
    let (path, [first, second]) = folder.two_writes().await;
    for length in (first..second).rev() {
        File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
        let log = folder.store().open(name()).await.unwrap();
        assert!((4..=6).contains(&log.next()), "cut to {length}: next is {}", log.next());
        assert_eq!(log.read(1, 1 << 20).await.unwrap().len() as u64, log.next() - 1);
    }
}

#[tokio::test]
async fn a_byte_lost_in_the_last_write_loses_that_write_only() {
    for back in 1..=90 {
        let folder = Folder::new();
        let (path, [first, second]) = folder.two_writes().await;
        let at = second - back;
        assert!(at >= first);
        flip(&path, at);
        let log = folder.store().open(name()).await.unwrap();
        assert!((4..=6).contains(&log.next()), "byte {at}: next is {}", log.next());
    }
}

#[tokio::test]
async fn a_byte_lost_before_the_last_write_is_damage() {
    let folder = Folder::new();
    let (path, [first, _]) = folder.two_writes().await;
    let store = folder.store();
    for at in 0..first {
        flip(&path, at);
        let opened = store.open(name()).await.map(|log| log.next());
        let Err(LogError::Damaged { index, .. }) = opened else { panic!("byte {at}: {opened:?}") };
        assert!((1..=3).contains(&index), "byte {at}: record {index}");
        flip(&path, at);
    }
    assert_eq!(store.open(name()).await.unwrap().next(), 7);
}

#[tokio::test]
async fn zeros_after_the_end_are_dropped() {
    let folder = Folder::new();
    let (path, [_, second]) = folder.two_writes().await;
    File::options().write(true).open(&path).unwrap().set_len(second + 4096).unwrap();
    let log = folder.store().open(name()).await.unwrap();
    assert_eq!((log.next(), path.metadata().unwrap().len()), (7, second));
}

#[tokio::test]
async fn a_segment_begun_and_not_written_is_begun_again() {
    let folder = Folder::new();
    let (path, _) = folder.two_writes().await;
    let following = path.with_file_name(format!("{:020}.segment", 7));
    for length in [0, 5, 16] {
        std::fs::write(&following, &[0; 16][..length]).unwrap();
        let store = folder.store();
        let log = store.open(name()).await.unwrap();
        log.append(vec![Bytes::from_static(b"seven")]).await.unwrap();
        assert_eq!(log.read(7, 1).await.unwrap(), [Bytes::from_static(b"seven")]);
    }
}

#[tokio::test]
async fn damage_in_an_old_segment_is_found_by_the_read_that_meets_it() {
    let folder = Folder::new();
    {
        let log = folder.store().open(name()).await.unwrap();
        for _ in 0..40 {
            log.append(vec![Bytes::from(vec![b'x'; 1000])]).await.unwrap();
        }
    }
    let segments = folder.segments(name());
    assert!(segments.len() >= 4);
    // The middle of the second record of the second segment.
    flip(&segments[1], 16 + 1016 + 500);
    let broken = segments[1].file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap() + 1;

    let log = folder.store().open(name()).await.unwrap();
    let readable = log.read(1, usize::MAX).await.unwrap();
    assert_eq!(readable.len() as u64, broken - 1, "what lies before the damage is read");
    let refused = log.read(broken, 1).await;
    assert!(matches!(refused, Err(LogError::Damaged { index, .. }) if index == broken), "{refused:?}");
    assert!(log.read(broken + 5, 1).await.is_ok(), "other segments are read");
}

#[tokio::test]
async fn a_missing_segment_is_damage_not_a_gap() {
    let folder = Folder::new();
    {
        let log = folder.store().open(name()).await.unwrap();
        for _ in 0..40 {
            log.append(vec![Bytes::from(vec![b'x'; 1000])]).await.unwrap();
        }
    }
    std::fs::remove_file(&folder.segments(name())[1]).unwrap();
    let log = folder.store().open(name()).await.unwrap();
    let readable = log.read(1, usize::MAX).await.unwrap().len() as u64;
    let refused = log.read(readable + 1, usize::MAX).await;
    assert!(matches!(refused, Err(LogError::Damaged { index, .. }) if index == readable + 1), "{refused:?}");
}

#[tokio::test]
async fn after_a_failed_write_everything_is_refused_until_the_log_is_opened_anew() {
    let folder = Folder::new();
    let store = folder.store();
    let log = store.open(name()).await.unwrap();
    log.append(vec![Bytes::from(vec![b'x'; 3000])]).await.unwrap();
    let (here, aside) = (folder.root().join(name().to_string()), folder.root().join("aside"));
    std::fs::rename(&here, &aside).unwrap();
    let large = Bytes::from(vec![b'y'; 3000]);
    assert!(matches!(log.append(vec![large.clone()]).await, Err(LogError::Storage { .. })));

    std::fs::rename(&aside, &here).unwrap();
    assert!(log.append(vec![large.clone()]).await.is_err(), "an append after a failed one");
    assert!(log.read(1, 1).await.is_err(), "a read after a failed append");
    assert!(log.trim(1).await.is_err(), "a trim after a failed append");
    drop(log);
    let log = store.open(name()).await.unwrap();
    assert_eq!(log.next(), 2);
    log.append(vec![large]).await.unwrap();
}

#[tokio::test]
async fn a_record_over_the_limit_fails_the_log_and_leaves_nothing() {
    let folder = Folder::new();
    let limits = Limits { log_record: 100, ..limits() };
    let store = SegmentLogStore::open(&folder.root(), &limits).unwrap();
    let log = store.open(name()).await.unwrap();
    log.append(vec![Bytes::from(vec![1; 100])]).await.unwrap();
    let refused = log.append(vec![Bytes::from_static(b"fits"), Bytes::from(vec![1; 101])]).await;
    assert!(matches!(refused, Err(LogError::Storage { ref why, .. }) if why.contains("101")), "{refused:?}");
    drop(log);
    assert_eq!(store.open(name()).await.unwrap().next(), 2);
}

#[tokio::test]
async fn an_open_that_nobody_waits_for_does_not_hold_the_log() {
    let folder = Folder::new();
    let store = folder.store();
    drop(store.open(name()));
    // The given-up hold may still be on its way to the writer: it closes behind the open that it is the answer to.
    while store.open(name()).await.is_err() {}
}

#[tokio::test]
async fn logs_are_closed_to_other_users() {
    let folder = Folder::new();
    let (path, _) = folder.two_writes().await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.root()), 0o700);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o600);
}
