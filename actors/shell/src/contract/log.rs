//! What a [`LogStore`] and its logs must do.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use wayfare_protocol::SessionId;

use crate::ports::{Log, LogName, LogStore, Pending};

/// Storage that outlives the stores opened on it.
pub trait LogWorld {
    /// A store on this storage. The one before has been dropped, and its logs with it.
    fn open(&self) -> Pending<Arc<dyn LogStore>>;
    /// Tries to open a second store while one is open; the reason why that is refused, or `None` if it was opened.
    fn open_second(&self) -> Pending<Option<String>>;
    /// Leaves at the end of a closed log what a loss of power in the middle of a write may leave: half a record.
    fn tear(&self, name: LogName);
}

/// Bytes of one segment that the world's stores must have: small, so that a suite sees several.
pub const SEGMENT: u64 = 4 * 1024;

/// Every rule of this suite, each on a fresh world.
pub async fn all<W: LogWorld>(fresh: impl Fn() -> W) {
    records_are_numbered_from_one_in_the_order_of_calls(&fresh()).await;
    what_was_acknowledged_is_there_after_reopening(&fresh()).await;
    an_append_that_nobody_waits_for_is_still_made(&fresh()).await;
    a_torn_end_is_dropped_and_its_numbers_are_used_again(&fresh()).await;
    a_read_is_bounded_by_bytes_and_gives_at_least_one_record(&fresh()).await;
    a_read_outside_the_log_gives_what_there_is(&fresh()).await;
    concurrent_appends_all_become_durable_in_order(&fresh()).await;
    a_trim_forgets_only_what_it_was_told_to(&fresh()).await;
    numbers_go_on_after_a_trim_and_reopening(&fresh()).await;
    a_log_has_one_opener(&fresh()).await;
    a_store_has_one_opener(&fresh()).await;
    logs_are_listed_in_order_and_removed(&fresh()).await;
}

/// The first record is 1; `next` counts at the call.
pub async fn records_are_numbered_from_one_in_the_order_of_calls(world: &impl LogWorld) {
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    same("first and next of an empty log", &(log.first(), log.next()), &(1, 1));
    let one = log.append(vec![record("one")]);
    let more = log.append(vec![record("two"), record("three")]);
    let written = log.write(vec![record("four")]);
    let none = log.append(Vec::new());
    same("next counts what is not durable yet", &log.next(), &5);
    let (none, written, more, one) = futures_util::join!(none, written, more, one);
    good("append", one);
    good("append", more);
    good("write", written);
    good("append of nothing", none);
    same(
        "records, once an append after them has ended",
        &read_all(&*log).await,
        &records(&["one", "two", "three", "four"]),
    );
    same("first", &log.first(), &1);
}

/// A new process finds what the old one was told is durable, empty and large records among it.
pub async fn what_was_acknowledged_is_there_after_reopening(world: &impl LogWorld) {
    let large = "x".repeat(3 * SEGMENT as usize);
    let texts = ["one", "", &large, "four"];
    {
        let store = world.open().await;
        let log = opened(&*store, inbox(1)).await;
        for text in texts {
            good("append", log.append(vec![record(text)]).await);
        }
    }
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    same("next after reopening", &log.next(), &5);
    same("records after reopening", &read_all(&*log).await, &records(&texts));
    good("append after reopening", log.append(vec![record("five")]).await);
    same("the record appended last", &good("read", log.read(5, 1).await), &records(&["five"]));
}

/// An append is made by its call; its future only tells when it is durable.
pub async fn an_append_that_nobody_waits_for_is_still_made(world: &impl LogWorld) {
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    drop(log.append(vec![record("one")]));
    good("append", log.append(vec![record("two")]).await);
    same("records", &read_all(&*log).await, &records(&["one", "two"]));
}

/// Half a record at the end was never acknowledged: it goes, and everything before it stays.
pub async fn a_torn_end_is_dropped_and_its_numbers_are_used_again(world: &impl LogWorld) {
    {
        let store = world.open().await;
        let log = opened(&*store, inbox(1)).await;
        good("append", log.append(vec![record("one"), record("two")]).await);
    }
    world.tear(inbox(1));
    for _ in 0..2 {
        let store = world.open().await;
        let log = opened(&*store, inbox(1)).await;
        same("next after a torn end", &log.next(), &3);
        same("records after a torn end", &read_all(&*log).await, &records(&["one", "two"]));
    }
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    good("append after a torn end", log.append(vec![record("three")]).await);
    same("records", &read_all(&*log).await, &records(&["one", "two", "three"]));
}

/// As many records as fit, across segments; one even where it does not fit.
pub async fn a_read_is_bounded_by_bytes_and_gives_at_least_one_record(world: &impl LogWorld) {
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    let many = fill(&*log, 200).await;
    let size = many[0].len();
    same("a read of no bytes", &good("read", log.read(1, 0).await), &many[..1].to_vec());
    same("a read of one byte less than two", &good("read", log.read(7, 2 * size - 1).await), &many[6..7].to_vec());
    same("a read of two", &good("read", log.read(7, 2 * size).await), &many[6..8].to_vec());
    same("a read of a hundred", &good("read", log.read(51, 100 * size).await), &many[50..150].to_vec());
    same("a read of everything", &good("read", log.read(1, usize::MAX).await), &many);
}

/// From beyond the last record there is nothing; from before the first one, what is kept.
pub async fn a_read_outside_the_log_gives_what_there_is(world: &impl LogWorld) {
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    same("a read of an empty log", &good("read", log.read(1, 1024).await), &Vec::new());
    good("append", log.append(vec![record("one")]).await);
    same("a read beyond the end", &good("read", log.read(2, 1024).await), &Vec::new());
    same("a read far beyond the end", &good("read", log.read(u64::MAX, 1024).await), &Vec::new());
    same("a read from 0", &good("read", log.read(0, 1024).await), &records(&["one"]));
}

/// Whoever waits is answered, in whichever order they wait, and logs do not mix.
pub async fn concurrent_appends_all_become_durable_in_order(world: &impl LogWorld) {
    const EACH: usize = 300;
    let names: Vec<_> = (1..=5).map(inbox).collect();
    {
        let store = world.open().await;
        let mut logs = Vec::new();
        for name in &names {
            logs.push(opened(&*store, *name).await);
        }
        let appends = (0..EACH).flat_map(|n| logs.iter().map(move |log| log.append(vec![record(&numbered(n))])));
        for appended in join_all(appends.collect::<Vec<_>>().into_iter().rev()).await {
            good("append", appended);
        }
    }
    let store = world.open().await;
    let wanted: Vec<_> = (0..EACH).map(|n| record(&numbered(n))).collect();
    for name in names {
        let log = opened(&*store, name).await;
        same("records of one of many logs", &read_all(&*log).await, &wanted);
    }
}

/// Trimming never takes a record at or above the number, and does take some when segments are full below it.
pub async fn a_trim_forgets_only_what_it_was_told_to(world: &impl LogWorld) {
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    let many = fill(&*log, 400).await;
    good("trim of nothing", log.trim(0).await);
    same("first after a trim of nothing", &log.first(), &1);
    good("trim", log.trim(300).await);
    let first = log.first();
    assert!(first > 1, "a trim below 300 of 400 records over many segments forgot nothing");
    assert!(first <= 300, "a trim below 300 forgot record {}", first - 1);
    let kept = usize::try_from(first).expect("small") - 1;
    same("records after a trim", &read_all(&*log).await, &many[kept..].to_vec());
    same("a read from before the first", &good("read", log.read(1, 0).await), &many[kept..=kept].to_vec());
    good("trim of less than before", log.trim(2).await);
    same("first after a trim of less", &log.first(), &first);
}

/// A log that was trimmed, even of everything, does not count anew.
pub async fn numbers_go_on_after_a_trim_and_reopening(world: &impl LogWorld) {
    {
        let store = world.open().await;
        let log = opened(&*store, inbox(1)).await;
        fill(&*log, 400).await;
        good("trim beyond the end", log.trim(u64::MAX).await);
        assert!(log.first() <= log.next(), "first is at most next");
    }
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    same("next after trimming and reopening", &log.next(), &401);
    assert!(log.first() > 1, "what was trimmed has come back");
    good("append", log.append(vec![record("again")]).await);
    same("the new record", &good("read", log.read(401, 1).await), &records(&["again"]));
}

/// A log that is open is not opened again and not removed, until it is dropped.
pub async fn a_log_has_one_opener(world: &impl LogWorld) {
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    assert!(store.open(inbox(1)).await.is_err(), "a second opener got the log");
    assert!(store.remove(inbox(1)).await.is_err(), "an open log was removed");
    let other = opened(&*store, LogName::Outputs(session(1))).await;
    good("append", log.append(vec![record("one")]).await);
    same("records of the other log of the session", &read_all(&*other).await, &Vec::new());
    drop(log);
    let log = opened(&*store, inbox(1)).await;
    same("records", &read_all(&*log).await, &records(&["one"]));
}

/// Two processes never have the same logs, and a refused one disturbs nothing.
pub async fn a_store_has_one_opener(world: &impl LogWorld) {
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    assert!(world.open_second().await.is_some(), "a second store was opened on the same storage");
    good("append after a refused opener", log.append(vec![record("one")]).await);
    drop(store);
    assert!(world.open_second().await.is_some(), "a log outlived its store, and a second store was opened");
    drop(log);
    let store = world.open().await;
    let log = opened(&*store, inbox(1)).await;
    same("records", &read_all(&*log).await, &records(&["one"]));
}

/// The list is in the order of names; a removed log is gone and begins anew.
pub async fn logs_are_listed_in_order_and_removed(world: &impl LogWorld) {
    let names = [inbox(1), inbox(2), LogName::Outputs(session(1)), LogName::Journal(session(1))];
    let store = world.open().await;
    same("logs of an empty store", &good("list", store.list().await), &Vec::new());
    for name in names.iter().rev() {
        let log = opened(&*store, *name).await;
        good("append", log.append(vec![record("one")]).await);
    }
    same("logs", &good("list", store.list().await), &names.to_vec());
    good("remove", store.remove(inbox(2)).await);
    good("remove of what is not there", store.remove(inbox(3)).await);
    drop(store);
    let store = world.open().await;
    let kept = vec![names[0], names[2], names[3]];
    same("logs after a removal and reopening", &good("list", store.list().await), &kept);
    let log = opened(&*store, inbox(2)).await;
    same("next of a log that was removed", &log.next(), &1);
}

fn session(n: u64) -> SessionId {
    format!("00000000-0000-7000-8000-{n:012}").parse().expect("a session id")
}

fn inbox(n: u64) -> LogName {
    LogName::Inbox(session(n))
}

fn record(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn records(texts: &[&str]) -> Vec<Bytes> {
    texts.iter().map(|text| record(text)).collect()
}

fn numbered(n: usize) -> String {
    format!("record {n:08} {}", "-".repeat(100))
}

/// Appends so many records of equal size, a few at a time.
async fn fill(log: &dyn Log, count: usize) -> Vec<Bytes> {
    let many: Vec<_> = (0..count).map(|n| record(&numbered(n))).collect();
    for some in many.chunks(7) {
        good("append", log.append(some.to_vec()).await);
    }
    many
}

async fn opened(store: &dyn LogStore, name: LogName) -> Box<dyn Log> {
    good("open a log", store.open(name).await)
}

/// Everything from the first record on, by small reads.
async fn read_all(log: &dyn Log) -> Vec<Bytes> {
    let mut all = Vec::new();
    let first = log.first();
    loop {
        let some = good("read", log.read(first + all.len() as u64, 1024).await);
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

#[track_caller]
fn good<T, E: std::fmt::Display>(what: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what} failed: {error}"),
    }
}

#[track_caller]
fn same<T: PartialEq + Debug + ?Sized>(what: &str, found: &T, wanted: &T) {
    assert!(found == wanted, "{what}: found {found:?}, wanted {wanted:?}");
}
