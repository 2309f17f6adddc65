//! How long an append takes until it is durable: `cargo run --release -p wayfare-io --example append [folder]`.
//!
//! One line of JSON per case; times in milliseconds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::future::join_all;
use uuid::Uuid;
use wayfare_actors::ports::{Log, LogName, LogStore};
use wayfare_io::SegmentLogStore;
use wayfare_protocol::{Limits, SessionId};

#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let root = folder.join(format!("append-{}", std::process::id()));
    let store = SegmentLogStore::open(&root, &Limits::default()).expect("the folder can be used");
    for (logs, size, batch) in [(1, 100, 1), (1, 10_000, 1), (1, 100, 100), (8, 100, 1), (64, 100, 1)] {
        let opened = join_all((0..logs).map(|_| store.open(LogName::Inbox(SessionId(Uuid::now_v7()))))).await;
        let tasks = opened.into_iter().map(|log| {
            let log: Arc<dyn Log> = Arc::from(log.expect("the log opens"));
            tokio::spawn(appends(log, size, batch, 4_000 / logs))
        });
        let begun = Instant::now();
        let mut took: Vec<f64> = Vec::new();
        for times in join_all(tasks.collect::<Vec<_>>()).await {
            took.extend(times.expect("the appends end"));
        }
        let rate = took.len() as f64 / begun.elapsed().as_secs_f64();
        took.sort_by(f64::total_cmp);
        println!(
            "{{\"logs\":{logs},\"record_bytes\":{size},\"records\":{batch},\"p50_ms\":{:.3},\"p99_ms\":{:.3},\"appends_s\":{rate:.0}}}",
            took[took.len() / 2],
            took[took.len() * 99 / 100],
        );
    }
    drop(store);
    std::fs::remove_dir_all(root).expect("the folder can be removed");
}

/// Appends one after the other; the milliseconds of each.
async fn appends(log: Arc<dyn Log>, size: usize, batch: usize, count: usize) -> Vec<f64> {
    let records = vec![Bytes::from(vec![b'x'; size]); batch];
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        log.append(records.clone()).await.expect("the append holds");
        took.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    took
}
