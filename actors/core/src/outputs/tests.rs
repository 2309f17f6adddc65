//! Readers in virtual time: none, because outputs know no time.

use uuid::Uuid;
use wayfare_protocol::DeviceId;
use wayfare_protocol::mrp::{RunEvent, RunResult};
use wayfare_protocol::output::RunOutcome;

use super::*;

fn run(n: u128) -> RunId {
    RunId(Uuid::from_u128(n))
}

fn text(content: &str) -> RunEvent {
    RunEvent::Stdout { content: content.to_owned() }
}

struct Bench {
    outputs: Outputs,
    ops: OpIds,
    log: Vec<OutputRecord>,
    numbers: BTreeMap<RunId, u64>,
    effects: Vec<ReaderEffect>,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        let mut outputs = Outputs::new(limits);
        outputs.set_executor(Executor { owner: NodeId(DeviceId([1; 32])), device_name: "desk".into() });
        Self { outputs, ops: OpIds::default(), log: Vec::new(), numbers: BTreeMap::new(), effects: Vec::new() }
    }

    fn body(&mut self, run: RunId, body: OutputBody) {
        let record = OutputRecord { sequence: self.outputs.next(), run, attempt: 1, body };
        self.outputs.push(&record);
        self.log.push(record.clone());
        self.outputs.show_through(record.sequence, &mut self.ops, &mut self.effects);
        self.answer_reads();
    }

    fn event(&mut self, run: RunId, event: RunEvent) {
        let number = self.numbers.entry(run).or_insert(0);
        let first = *number + 1;
        *number += event.span();
        self.body(run, OutputBody::Event { number: first, event });
    }

    fn attach(&mut self, reader: u64, want: Want, credit: u64) {
        self.outputs.open(ReaderId(reader), want).expect("room");
        self.credit(reader, credit);
    }

    fn credit(&mut self, reader: u64, bytes: u64) {
        self.outputs.credit(ReaderId(reader), bytes, &mut self.ops, &mut self.effects);
        self.answer_reads();
    }

    /// The log answers at once, two records at a time.
    fn answer_reads(&mut self) {
        while let Some(at) = self.effects.iter().position(|e| matches!(e, ReaderEffect::Read { .. })) {
            let ReaderEffect::Read { op, from, .. } = self.effects.remove(at) else { unreachable!("just matched") };
            let records: Vec<_> = self.log.iter().filter(|r| r.sequence >= from).take(2).cloned().collect();
            self.outputs.read(op, &records, &mut self.ops, &mut self.effects);
        }
    }

    fn updates(&self, reader: u64) -> Vec<RunUpdate> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                ReaderEffect::Send { reader: to, message } if to.0 == reader => {
                    Some(codec::decode(message).expect("a run update"))
                }
                _ => None,
            })
            .collect()
    }

    fn numbers(&self, reader: u64) -> Vec<u64> {
        self.updates(reader)
            .iter()
            .filter_map(|update| match update {
                RunUpdate::Event { number, .. } => Some(*number),
                _ => None,
            })
            .collect()
    }
}

/// A reader of a run that has not begun gets all of it, and nothing of other runs.
#[test]
fn a_reader_ahead_of_its_run_sees_it_whole() {
    let mut bench = Bench::new(Limits::default());
    bench.attach(1, Want::Run { run: run(2), from: 1 }, 1 << 20);
    bench.event(run(1), text("other"));
    bench.event(run(2), text("mine"));
    bench.event(run(2), RunEvent::Result(RunResult::default()));
    bench.body(run(2), OutputBody::Ended(RunOutcome::Succeeded));
    let updates = bench.updates(1);
    assert!(matches!(updates[0], RunUpdate::Attached { .. }));
    assert_eq!(bench.numbers(1), [1, 2]);
    assert_eq!(updates.last(), Some(&RunUpdate::Ended(RunOutcome::Succeeded)));
    assert_eq!(bench.effects.last(), Some(&ReaderEffect::Close { reader: ReaderId(1) }));
}

/// Without credit nothing is sent; with a little, one message more than it allows.
#[test]
fn a_reader_gets_what_it_granted() {
    let mut bench = Bench::new(Limits::default());
    bench.attach(1, Want::Run { run: run(1), from: 1 }, 0);
    for _ in 0..10 {
        bench.event(run(1), text("0123456789"));
    }
    assert!(bench.effects.is_empty());
    bench.credit(1, 1);
    assert_eq!(bench.updates(1).len(), 1, "the greeting overdraws");
    bench.credit(1, 100);
    let seen = bench.numbers(1).len();
    assert!((1..10).contains(&seen), "{seen} events for 100 bytes");
    bench.credit(1, 1 << 20);
    assert_eq!(bench.numbers(1), (1..=10).collect::<Vec<_>>());
}

/// Two readers of one run, one of them late and served from the log, see equal numbered events.
#[test]
fn readers_from_memory_and_from_the_log_see_the_same() {
    let limits = Limits { output_tail: 100, ..Limits::default() };
    let mut bench = Bench::new(limits);
    bench.attach(1, Want::Run { run: run(1), from: 1 }, 1 << 20);
    for n in 0..1_000 {
        bench.event(run(1), text(&format!("line {n}\n")));
    }
    bench.attach(2, Want::Run { run: run(1), from: 1 }, 1 << 20);
    bench.attach(3, Want::Run { run: run(1), from: 900 }, 1 << 20);
    bench.event(run(1), text("last"));
    assert_eq!(bench.updates(1), bench.updates(2));
    assert_eq!(bench.numbers(3), (900..=1_001).collect::<Vec<_>>());
}

/// What was trimmed is told as omitted, in its place, so that numbers have no gap.
#[test]
fn trimmed_events_are_told_as_omitted() {
    let limits = Limits { output_tail: 1_000, output_log: 600 * 1024, ..Limits::default() };
    let mut bench = Bench::new(limits);
    for _ in 0..100 {
        bench.event(run(1), text(&"x".repeat(10 * 1024)));
    }
    let kept = bench.outputs.first();
    assert!(kept > 1, "the log was trimmed");
    bench.attach(1, Want::Run { run: run(1), from: 5 }, 1 << 30);
    let updates = bench.updates(1);
    assert_eq!(
        updates[1],
        RunUpdate::Event { number: 5, event: RunEvent::Omitted { from: 5, through: kept - 1, bytes: 0 } }
    );
    assert_eq!(bench.numbers(1)[1..], (kept..=100).collect::<Vec<_>>());
}

/// A run whose records are all gone still has its end.
#[test]
fn a_run_trimmed_whole_still_ends() {
    let limits = Limits { output_tail: 1_000, output_log: 300 * 1024, ..Limits::default() };
    let mut bench = Bench::new(limits);
    bench.event(run(1), text("early"));
    bench.body(run(1), OutputBody::Ended(RunOutcome::Failed));
    for _ in 0..100 {
        bench.event(run(2), text(&"x".repeat(10 * 1024)));
    }
    bench.attach(1, Want::Run { run: run(1), from: 1 }, 1 << 20);
    let updates = bench.updates(1);
    assert_eq!(updates[1], RunUpdate::Event { number: 1, event: RunEvent::Omitted { from: 1, through: 1, bytes: 0 } });
    assert_eq!(updates[2], RunUpdate::Ended(RunOutcome::Failed));
}
