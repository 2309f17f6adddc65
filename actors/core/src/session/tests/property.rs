//! What holds for every order of events.

use std::collections::BTreeMap;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Run(u128),
    Interrupt(u128),
    Stop,
    /// The host makes an event of the run that it executes.
    Event,
    /// It ends it.
    End,
    /// Its connection is lost.
    Cut,
    /// Its process is gone.
    Die,
    /// Something that is under way goes on.
    Answer,
    Sync,
    Restart,
    Pass,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1..12_u128).prop_map(Step::Run),
        2 => (1..12_u128).prop_map(Step::Interrupt),
        1 => Just(Step::Stop),
        4 => Just(Step::Event),
        4 => Just(Step::End),
        1 => Just(Step::Cut),
        1 => Just(Step::Die),
        8 => Just(Step::Answer),
        6 => Just(Step::Sync),
        1 => Just(Step::Restart),
        2 => Just(Step::Pass),
    ]
}

/// A session host as it behaves: it executes each position once, and keeps its records until they are acknowledged.
#[derive(Default)]
struct FakeHost {
    kernel: u32,
    last_position: u64,
    first_kept: u64,
    records: Vec<HostMessage>,
    executing: Option<(u128, u64)>,
    is_told_to_end: bool,
    is_attached: bool,
}

struct World {
    bench: Bench,
    host: Option<FakeHost>,
    /// How often each run was executed.
    executed: BTreeMap<u128, u32>,
    answered: BTreeMap<u128, Vec<Caller>>,
    accepted: Vec<u128>,
}

impl World {
    fn new() -> Self {
        let mut bench = Bench::new(Limits { host_attempts: 3, ..Limits::default() });
        bench.is_fast = false;
        Self { bench, host: None, executed: BTreeMap::new(), answered: BTreeMap::new(), accepted: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Run(n) => {
                let caller = self.bench.run(*n);
                self.answered.entry(*n).or_default().push(caller);
            }
            Step::Interrupt(n) => drop(self.bench.call(SessionCall::Interrupt { run: Some(run(*n)) })),
            Step::Stop => drop(self.bench.call(SessionCall::Stop)),
            Step::Event => self.make(false),
            Step::End => self.make(true),
            Step::Cut => self.close(),
            Step::Die => {
                self.host = None;
                self.close();
            }
            Step::Answer => self.answer(),
            Step::Sync => self.bench.sync_one(),
            Step::Restart => {
                self.note_accepted();
                self.answered.clear();
                self.bench.restart();
                if let Some(host) = &mut self.host {
                    host.is_attached = false;
                }
            }
            Step::Pass => self.bench.pass(11_000),
        }
        self.serve();
        self.note_accepted();
    }

    fn close(&mut self) {
        if let Some(host) = &mut self.host {
            host.is_attached = false;
        }
        self.bench.input(Input::HostClosed);
    }

    fn note_accepted(&mut self) {
        for (n, callers) in &self.answered {
            if callers.iter().any(|caller| self.bench.is_accepted(*caller)) && !self.accepted.contains(n) {
                self.accepted.push(*n);
            }
        }
    }

    fn make(&mut self, is_end: bool) {
        let Some(host) = &mut self.host else { return };
        let Some((n, number)) = host.executing else { return };
        let sequence = host.records.len() as u64 + 1;
        let record = if is_end {
            host.executing = None;
            ended(sequence, n, RunOutcome::Succeeded)
        } else {
            host.executing = Some((n, number + 1));
            event(sequence, n, number + 1, text("x"))
        };
        host.records.push(record.clone());
        if host.is_attached {
            self.bench.input(Input::Host(vec![record]));
        }
        if host_is_done(self.host.as_ref()) {
            self.host = None;
            self.bench.input(Input::HostClosed);
        }
    }

    /// The oldest thing that is under way is done.
    fn answer(&mut self) {
        if let Some(op) = self.bench.start_op() {
            let kernel = self.bench.session.kernels;
            assert!(self.host.is_none(), "at most one host lives");
            self.host = Some(FakeHost { kernel, first_kept: 1, ..FakeHost::default() });
            self.bench.done(Some(op), Outcome::Started(Ok(())));
        } else if let Some(op) = self.bench.kill_op() {
            self.host = None;
            self.bench.done(Some(op), Outcome::Killed);
        } else if let Some(op) = self.bench.connect_op() {
            let Some(host) = &self.host else { return self.bench.done(Some(op), Outcome::Gone) };
            let hello = HostHello {
                version: HOST_VERSION,
                session: self.bench.session.config.session,
                kernel: host.kernel,
                last_position: host.last_position,
                first_kept: host.first_kept,
                next_sequence: host.records.len() as u64 + 1,
                condition: KernelCondition::Idle,
            };
            self.bench.done(Some(op), Outcome::Connected);
            self.bench.input(Input::Host(vec![HostMessage::Hello(hello)]));
        }
    }

    /// The host does what it is told.
    fn serve(&mut self) {
        loop {
            let told = self.bench.listen();
            if told.is_empty() {
                return;
            }
            for request in told {
                self.serve_one(request);
            }
        }
    }

    fn serve_one(&mut self, request: HostRequest) {
        let Some(host) = &mut self.host else { return };
        match request {
            HostRequest::Attach { from } => {
                host.is_attached = true;
                let from = usize::try_from(from).unwrap() - 1;
                let records = host.records[from..].to_vec();
                self.bench.input(Input::Host(records));
            }
            HostRequest::HandOver { position, run: id, .. } => {
                let started = self.bench.inbox.iter().any(
                    |record| matches!(record, InboxRecord::Started { position: started, .. } if *started == position),
                );
                assert!(started, "handed over before its start was durable");
                if position > host.last_position && !host.is_told_to_end {
                    assert_eq!(host.executing, None, "one at a time");
                    host.last_position = position;
                    let n = id.0.as_u128();
                    host.executing = Some((n, 0));
                    *self.executed.entry(n).or_default() += 1;
                }
            }
            HostRequest::Acknowledge { through } => {
                let durable = self.bench.outputs.iter().filter_map(|logged| logged.source).max();
                assert!(durable.is_some_and(|durable| durable.sequence >= through || durable.kernel > host.kernel));
                host.first_kept = through + 1;
            }
            HostRequest::ShutDown => {
                host.is_told_to_end = true;
                if host_is_done(self.host.as_ref()) {
                    self.host = None;
                    self.bench.input(Input::HostClosed);
                }
            }
            HostRequest::Interrupt { .. }
            | HostRequest::Input { .. }
            | HostRequest::Prepare
            | HostRequest::Ask { .. } => {}
        }
    }

    /// Everything under way goes on until nothing is left to do.
    fn settle(&mut self) {
        for _ in 0..200 {
            for step in [Step::Sync, Step::Answer, Step::Pass, Step::End] {
                self.take(&step);
            }
        }
    }

    /// The logs alone make the runs that the session has.
    fn assert_folds(&self) {
        let (mut inbox, mut outputs) = (self.bench.inbox.clone(), self.bench.outputs.clone());
        for (_, records) in &self.bench.appends {
            for record in records {
                match record {
                    Record::Inbox(record) => inbox.push(record.clone()),
                    Record::Output(record) => outputs.push(record.clone()),
                }
            }
        }
        let folded = folded(&inbox, &outputs, Limits::default(), 0);
        assert_eq!(folded.runs(), self.bench.session.runs());
        assert_eq!((folded.taken, folded.kernels), (self.bench.session.taken, self.bench.session.kernels));
    }

    fn assert_gapless(&self) {
        let mut next: BTreeMap<RunId, u64> = BTreeMap::new();
        let mut over = Vec::new();
        for (sequence, logged) in (1..).zip(&self.bench.outputs) {
            let record = &logged.record;
            assert_eq!(record.sequence, sequence);
            assert!(!over.contains(&record.run), "nothing follows the end of {}", record.run);
            match &record.body {
                OutputBody::Event { number, .. } => {
                    let expected = next.entry(record.run).or_insert(1);
                    assert_eq!(number, expected);
                    *expected += 1;
                }
                OutputBody::Ended(outcome) => {
                    over.push(record.run);
                    if let RunOutcome::Interrupted { seen_through } = outcome {
                        assert_eq!(*seen_through + 1, next.get(&record.run).copied().unwrap_or(1));
                    }
                }
            }
        }
    }
}

fn host_is_done(host: Option<&FakeHost>) -> bool {
    host.is_some_and(|host| host.is_told_to_end && host.executing.is_none())
}

proptest! {
    #[test]
    fn every_accepted_run_ends_once_and_is_executed_at_most_once(
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            world.assert_folds();
        }
        world.settle();
        world.assert_folds();
        world.assert_gapless();
        for n in &world.accepted {
            assert!(world.bench.outcome(*n).is_some(), "run {n}: {:?}", world.bench.state(*n));
        }
        assert!(world.executed.values().all(|times| *times == 1), "{:?}", world.executed);
    }

    /// A crash cuts each log where it likes: no run is lost that was accepted, and none is ended that the outputs do not end.
    #[test]
    fn any_beginnings_of_the_two_logs_make_a_consistent_table(
        steps in prop::collection::vec(step(), 1..80),
        inbox_cut in any::<prop::sample::Index>(),
        outputs_cut in any::<prop::sample::Index>(),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.bench.sync();
        let inbox = &world.bench.inbox[..inbox_cut.index(world.bench.inbox.len() + 1)];
        let outputs = &world.bench.outputs[..outputs_cut.index(world.bench.outputs.len() + 1)];
        let folded = folded(inbox, outputs, Limits::default(), 0);
        let accepted = inbox.iter().filter(|record| matches!(record, InboxRecord::Accepted { .. })).count();
        assert_eq!(folded.runs().count(), accepted);
        let started = folded.runs().all_started();
        let waiting = folded.runs().all_waiting();
        for (run, known) in folded.runs().iter() {
            let end = outputs.iter().find(|l| l.record.run == *run && matches!(l.record.body, OutputBody::Ended(_)));
            match known.state {
                RunState::Waiting => assert!(end.is_none() && waiting.contains(run)),
                RunState::Started { .. } => assert!(end.is_none() && started.contains(run)),
                RunState::Ended(_) => assert!(end.is_some()),
            }
        }
    }
}
