//! A journal in virtual time, with an owner that says what the test makes it say.

use uuid::Uuid;
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::{OutputBody, RunOutcome};
use wayfare_protocol::stream::RunUpdate;
use wayfare_protocol::{DeviceId, NodeId, RunId, Wall, codec};

use super::*;

const EPOCH: Epoch = Epoch { generation: 1, n: 1 };
const READER: ReaderId = ReaderId(1);

fn now(millis: u64) -> Now {
    Now { boot: Boot(Duration::from_millis(millis)), wall: Wall(millis) }
}

fn run() -> RunId {
    RunId(Uuid::from_u128(5))
}

fn record(sequence: u64) -> OutputRecord {
    let body = OutputBody::Event { number: sequence, event: RunEvent::Stdout { content: sequence.to_string() } };
    OutputRecord { sequence, run: run(), attempt: 1, body }
}

struct Bench {
    journal: SessionJournal,
    millis: u64,
    said: Vec<Effect>,
}

impl Bench {
    fn new() -> Self {
        let config = Config { session: SessionId(Uuid::from_u128(1)), executor: None, limits: Limits::default() };
        Self { journal: SessionJournal::new(config, now(0)), millis: 0, said: Vec::new() }
    }

    /// One whose owner is connected.
    fn following() -> Self {
        let mut bench = Self::new();
        bench.input(Input::Recovered);
        bench.owner_up();
        bench
    }

    fn input(&mut self, input: Input) {
        let now = now(self.millis);
        self.journal.step(now, input, &mut self.said);
    }

    fn pass(&mut self, millis: u64) {
        self.millis += millis;
        let now = now(self.millis);
        self.journal.wake(now, &mut self.said);
    }

    fn owner_up(&mut self) {
        let executor = Executor { owner: NodeId(DeviceId([1; 32])), device_name: "desk".to_owned() };
        self.input(Input::OwnerUp { executor, epoch: EPOCH });
    }

    fn record(&mut self, sequence: u64) {
        self.input(Input::Record { record: record(sequence), bytes: 100 });
    }

    fn read(&mut self) {
        self.input(Input::ReaderOpened { reader: READER, want: Want::Run { run: run(), from: 1 } });
        self.input(Input::ReaderCredit { reader: READER, bytes: 1 << 20 });
    }

    fn subscribed(&mut self) -> Vec<u64> {
        let mut subscribed = Vec::new();
        self.said.retain(|effect| match effect {
            Effect::Subscribe { from, .. } => {
                subscribed.push(*from);
                false
            }
            _ => true,
        });
        subscribed
    }

    fn appended(&self) -> Vec<(OpId, u64)> {
        let appended = self.said.iter().filter_map(|effect| match effect {
            Effect::Append { op, record } => Some((*op, record.sequence)),
            _ => None,
        });
        appended.collect()
    }

    fn consumed(&self) -> u64 {
        let consumed = self.said.iter().filter_map(|effect| match effect {
            Effect::Consumed { bytes } => Some(*bytes),
            _ => None,
        });
        consumed.sum()
    }

    fn shown(&self) -> Vec<RunUpdate> {
        let shown = self.said.iter().filter_map(|effect| match effect {
            Effect::Reader(ReaderEffect::Send { message, .. }) => Some(codec::decode(message).unwrap()),
            _ => None,
        });
        shown.collect()
    }

    fn numbers(&self) -> Vec<u64> {
        let numbers = self.shown().into_iter().filter_map(|update| match update {
            RunUpdate::Event { number, .. } => Some(number),
            _ => None,
        });
        numbers.collect()
    }
}

#[test]
fn the_copy_goes_on_at_its_end_when_the_owner_comes_back() {
    let mut bench = Bench::following();
    assert_eq!(bench.subscribed(), [1]);
    for sequence in 1..=3 {
        bench.record(sequence);
    }
    bench.input(Input::OwnerDown);
    bench.owner_up();
    assert_eq!(bench.subscribed(), [4]);
    bench.record(4);
    let copied: Vec<_> = bench.appended().into_iter().map(|(_, sequence)| sequence).collect();
    assert_eq!(copied, [1, 2, 3, 4]);
}

/// The owner has it durably, so nothing that a reader saw can be lost with the cloud.
#[test]
fn a_record_is_shown_at_once_and_its_credit_given_back_when_it_is_durable() {
    let mut bench = Bench::following();
    bench.read();
    bench.record(1);
    assert_eq!((bench.numbers(), bench.consumed()), (vec![1], 0));
    let (op, _) = bench.appended()[0];
    bench.input(Input::Appended { op });
    assert_eq!(bench.consumed(), 100);
}

#[test]
fn a_record_that_comes_twice_is_dropped() {
    let mut bench = Bench::following();
    bench.read();
    bench.record(1);
    bench.record(2);
    bench.record(1);
    assert_eq!((bench.numbers(), bench.appended().len()), (vec![1, 2], 2));
    assert_eq!(bench.consumed(), 100, "its credit is given back at once");
}

#[test]
fn a_gap_is_told_and_nothing_after_it_is_copied() {
    let mut bench = Bench::following();
    bench.record(1);
    bench.record(3);
    assert_eq!(bench.said.last(), Some(&Effect::Broken { wanted: 2, got: 3 }));
    assert_eq!(bench.appended().len(), 1);
}

#[test]
fn a_first_copy_begins_where_the_owner_has_trimmed_to() {
    let mut bench = Bench::following();
    bench.record(40);
    bench.record(41);
    assert_eq!(bench.appended().len(), 2);
    bench.read();
    let updates = bench.shown();
    let omitted = RunEvent::Omitted { from: 1, through: 39, bytes: 0 };
    assert_eq!(updates[1], RunUpdate::Event { number: 1, event: omitted }, "numbers have no gap");
    assert_eq!(bench.numbers(), [1, 40, 41]);
}

#[test]
fn a_refused_subscription_is_made_again_later() {
    let mut bench = Bench::following();
    bench.record(1);
    bench.subscribed();
    bench.input(Input::SubscriptionLost);
    bench.pass(9_999);
    assert_eq!(bench.subscribed(), [] as [u64; 0]);
    bench.pass(1);
    assert_eq!(bench.subscribed(), [2]);
    bench.input(Input::SubscriptionLost);
    bench.input(Input::OwnerDown);
    assert_eq!(bench.journal.deadline(), None, "an owner that is away is not asked");
}

#[test]
fn readers_of_a_run_that_goes_on_are_told_when_its_owner_goes_away() {
    let mut bench = Bench::following();
    bench.read();
    bench.record(1);
    bench.input(Input::OwnerDown);
    bench.input(Input::OwnerDown);
    let waits = bench.shown().into_iter().filter(|update| *update == RunUpdate::Waiting).count();
    assert_eq!(waits, 1, "once");
    bench.owner_up();
    bench.record(2);
    assert_eq!(bench.numbers(), [1, 2]);
}

#[test]
fn a_reader_attaches_while_the_owner_is_away() {
    let mut bench = Bench::following();
    bench.record(1);
    let end = OutputRecord { sequence: 2, run: run(), attempt: 1, body: OutputBody::Ended(RunOutcome::Succeeded) };
    bench.input(Input::Record { record: end, bytes: 10 });
    bench.input(Input::OwnerDown);
    bench.read();
    assert_eq!(bench.shown().last(), Some(&RunUpdate::Ended(RunOutcome::Succeeded)));
}

/// Credit belongs to a stream: what an older one lent is not given to the next.
#[test]
fn credit_of_a_replaced_subscription_is_not_given_back() {
    let mut bench = Bench::following();
    bench.record(1);
    let (op, _) = bench.appended()[0];
    bench.input(Input::OwnerDown);
    bench.owner_up();
    bench.input(Input::Appended { op });
    assert_eq!(bench.consumed(), 0);
}

#[test]
fn a_copy_that_is_read_from_its_log_goes_on_where_it_was() {
    let mut bench = Bench::new();
    bench.journal.starts_at(7);
    for sequence in 7..=9 {
        bench.journal.apply(&record(sequence));
    }
    bench.input(Input::Recovered);
    bench.read();
    assert_eq!(bench.numbers()[1..], [7, 8, 9]);
    bench.owner_up();
    assert_eq!(bench.subscribed(), [10]);
}

#[test]
fn so_many_readers_attach_and_no_more() {
    let mut bench = Bench::following();
    for reader in 0..=64 {
        bench.input(Input::ReaderOpened { reader: ReaderId(reader), want: Want::Session { from: 1 } });
    }
    let refused = bench.said.iter().filter(|effect| matches!(effect, Effect::RefuseReader { .. })).count();
    assert_eq!(refused, 1);
}
