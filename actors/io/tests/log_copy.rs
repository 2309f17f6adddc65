//! Copies of logs that are written to meanwhile.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use wayfare_actors::ports::{LogName, LogStore as _};
use wayfare_io::{SegmentLogStore, copy_logs};
use wayfare_protocol::{Limits, SessionId};

fn name() -> LogName {
    let session: SessionId = "00000000-0000-7000-8000-000000000001".parse().unwrap();
    LogName::Journal(session)
}

fn limits() -> Limits {
    Limits { log_segment: 512, ..Limits::default() }
}

fn record(number: u64) -> Bytes {
    Bytes::from(format!("record {number}"))
}

/// Everything in a copy, by number, checked against what each record must be. Returns its first and its next.
async fn check(folder: &Path) -> (u64, u64) {
    let store = SegmentLogStore::open(folder, &limits()).unwrap();
    let log = store.open(name()).await.unwrap();
    let (first, next) = (log.first(), log.next());
    let mut number = first;
    while number < next {
        for bytes in log.read(number, 4_096).await.unwrap() {
            assert_eq!(bytes, record(number));
            number += 1;
        }
    }
    (first, next)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_while_a_log_is_appended_to_and_trimmed_is_a_log_without_a_gap() {
    let root = tempfile::tempdir().unwrap();
    let logs = root.path().join("logs");
    let store = SegmentLogStore::open(&logs, &limits()).unwrap();
    let log = store.open(name()).await.unwrap();
    log.append((1..=200).map(record).collect()).await.unwrap();
    let is_enough = std::sync::Arc::new(AtomicBool::new(false));
    let writing = {
        let is_enough = std::sync::Arc::clone(&is_enough);
        tokio::spawn(async move {
            while !is_enough.load(Ordering::Relaxed) {
                let next = log.next();
                log.append((next..next + 5).map(record).collect()).await.unwrap();
                log.trim(next.saturating_sub(150)).await.unwrap();
            }
            log
        })
    };
    for copy in 0..20 {
        let (before, to) = (oldest(&logs), root.path().join(format!("copy{copy}")));
        let from = logs.clone();
        let copied = tokio::task::spawn_blocking(move || copy_logs(&from, &to).map(|count| (count, to)));
        let (count, to) = copied.await.unwrap().unwrap();
        assert_eq!(count, 1);
        let (first, next) = check(&to).await;
        assert!(first >= before && next > first, "{before} {first} {next}");
    }
    is_enough.store(true, Ordering::Relaxed);
    let log = writing.await.unwrap();
    let last = root.path().join("last");
    assert_eq!(copy_logs(&logs, &last).unwrap(), 1);
    assert_eq!(check(&last).await, (log.first(), log.next()), "nothing is left out of a log at rest");
}

/// The first record of the oldest segment on disk.
fn oldest(logs: &Path) -> u64 {
    let entries = logs.join(name().to_string()).read_dir().unwrap();
    let firsts = entries.filter_map(|entry| entry.unwrap().file_name().to_str()?.split('.').next()?.parse().ok());
    firsts.min().unwrap()
}
