//! Whatever the order of acknowledgements, spills, connections and losses: no connection sees a gap, and all see the same.

use proptest::prelude::*;

use super::super::{Executed, FakeKernel};
use super::*;

#[derive(Clone, Debug)]
enum Act {
    HandOver { code: usize, again: bool },
    Time { ms: u64 },
    Connect { id: u64 },
    Attach { id: u64, back: u64 },
    Disconnect { id: u64 },
    Acknowledge { id: u64 },
    Write { times: usize },
    Disk { times: usize },
    BreakDisk,
    Interrupt,
    Answer,
    Prepare,
    Crash,
}

const CODES: [&str; 6] = [
    "print one\nprint two\nsleep 20\nwarn three\nset x 1\nadd x 2\nget x",
    "sleep 50\nfail because",
    "input name\nprint done",
    "lose-idle\nprint quiet",
    "print aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nwarn b\nprint c\nwarn d\nprint e\nwarn f\nshow g",
    "print a\nwarn bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\nprint c\nsleep 5\nprint a\nwarn b",
];

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..CODES.len(), any::<bool>()).prop_map(|(code, again)| Act::HandOver { code, again }),
        6 => (1..200_u64).prop_map(|ms| Act::Time { ms }),
        3 => (1..6_u64).prop_map(|id| Act::Connect { id }),
        4 => (1..6_u64, 0..30_u64).prop_map(|(id, back)| Act::Attach { id, back }),
        1 => (1..6_u64).prop_map(|id| Act::Disconnect { id }),
        3 => (1..6_u64).prop_map(|id| Act::Acknowledge { id }),
        6 => (1..8_usize).prop_map(|times| Act::Write { times }),
        4 => (1..4_usize).prop_map(|times| Act::Disk { times }),
        1 => Just(Act::BreakDisk),
        1 => Just(Act::Interrupt),
        2 => Just(Act::Answer),
        1 => Just(Act::Prepare),
        1 => Just(Act::Crash),
    ]
}

struct World {
    host: Host,
    kernel: FakeKernel,
    /// Connections are numbered anew each time: an id is never used twice.
    open: BTreeMap<u64, ConnectionId>,
    opened: u64,
    position: u64,
}

impl World {
    fn new() -> Self {
        let tight = Limits {
            journal_memory: 900,
            journal_disk: 3_000,
            spill_segment: 400,
            host_window: 700,
            ..Limits::default()
        };
        let mut host = Host::starting(tight);
        host.eager = false;
        let kernel = FakeKernel::new(host.now, Duration::from_millis(5), Duration::from_millis(1));
        Self { host, kernel, open: BTreeMap::new(), opened: 0, position: 0 }
    }

    /// Passes commands to the kernel and its events back, until neither has anything.
    fn exchange(&mut self) {
        loop {
            let mut events = Vec::new();
            for command in std::mem::take(&mut self.host.commands) {
                self.kernel.command(self.host.now, command, &mut events);
            }
            self.kernel.wake(self.host.now, &mut events);
            if events.is_empty() {
                return;
            }
            self.host.input(Input::Kernel(events));
        }
    }

    /// Time runs from one deadline to the next, never past one.
    fn pass(&mut self, ms: u64) {
        let end = self.host.now.boot.after(Duration::from_millis(ms));
        loop {
            self.exchange();
            let next = crate::machine::earlier(self.host.machine.deadline(), self.kernel.deadline());
            match next.filter(|at| *at <= end && *at > self.host.now.boot) {
                Some(at) => self.host.pass(at.since(self.host.now.boot)),
                None => break,
            }
        }
        let rest = end.since(self.host.now.boot);
        self.host.pass(rest);
        self.exchange();
    }

    fn act(&mut self, act: Act) {
        let at = |world: &Self, id: u64| world.open.get(&id).copied().filter(|c| !world.host.closed.contains(c));
        match act {
            Act::HandOver { code, again } => {
                self.position += u64::from(!again);
                let position = self.position.max(1);
                let run = run_id(u128::from(position));
                let request = ExecuteRequest::of(CODES[code]);
                if let Some(id) = self.open.values().copied().find(|id| !self.host.closed.contains(id)) {
                    self.host.ask(id, HostRequest::HandOver { position, run, attempt: 1, request });
                }
            }
            Act::Time { ms } => self.pass(ms),
            Act::Connect { id } => {
                if let Some(old) = at(self, id) {
                    self.host.closed.insert(old);
                    self.host.input(Input::Disconnected(old));
                }
                self.opened += 1;
                let fresh = ConnectionId(self.opened);
                self.open.insert(id, fresh);
                self.host.input(Input::Connected(fresh));
            }
            Act::Attach { id, back } => {
                // Once per connection, so that everything it sees must follow on.
                if let Some(id) = at(self, id).filter(|id| self.host.records(*id).is_empty()) {
                    let hello = self.host.machine.hello();
                    let from = hello.next_sequence.saturating_sub(back).max(hello.first_kept);
                    self.host.ask(id, HostRequest::Attach { from });
                }
            }
            Act::Disconnect { id } => {
                if let Some(id) = at(self, id) {
                    self.host.closed.insert(id);
                    self.host.input(Input::Disconnected(id));
                }
            }
            Act::Acknowledge { id } => {
                if let Some(id) = at(self, id)
                    && let Some(last) = self.host.records(id).last()
                {
                    self.host.ask(id, HostRequest::Acknowledge { through: last.sequence });
                }
            }
            Act::Write { times } => {
                for _ in 0..times {
                    self.host.write_one();
                }
            }
            Act::Disk { times } => {
                for _ in 0..times {
                    self.host.finish_one_op();
                }
            }
            Act::BreakDisk => self.host.disk_works = false,
            Act::Interrupt => self.anybody(HostRequest::Interrupt { position: None }),
            Act::Answer => {
                self.anybody(HostRequest::Input { run: run_id(u128::from(self.position)), text: "Ada".into() });
            }
            Act::Prepare => self.anybody(HostRequest::Prepare),
            Act::Crash => {
                let mut events = Vec::new();
                self.kernel.crash(&mut events);
                self.host.input(Input::Kernel(events));
            }
        }
        self.exchange();
    }

    fn anybody(&mut self, request: HostRequest) {
        if let Some(id) = self.open.values().copied().find(|id| !self.host.closed.contains(id)) {
            self.host.ask(id, request);
        }
    }

    fn check(&self) {
        let mut all: BTreeMap<u64, OutputRecord> = BTreeMap::new();
        for id in self.host.got.keys() {
            let records = self.host.records(*id);
            for pair in records.windows(2) {
                assert_eq!(pair[1].sequence, pair[0].sequence + 1, "a gap for {id:?}");
            }
            for record in records {
                let before = all.entry(record.sequence).or_insert_with(|| record.clone());
                assert_eq!(*before, record, "two connections differ");
            }
        }
        let mut expected: BTreeMap<(RunId, u32), u64> = BTreeMap::new();
        let mut last = None;
        for record in all.values() {
            if last.is_some_and(|last: u64| last + 1 != record.sequence) {
                expected.clear(); // acknowledged before these connections came
            }
            last = Some(record.sequence);
            if let OutputBody::Event { number, event } = &record.body {
                let next = expected.entry((record.run, record.attempt)).or_insert(*number);
                assert_eq!(*number, *next, "events are numbered without a gap");
                *next += event.span();
            }
        }
        let log = self.kernel.log();
        let once: BTreeSet<Executed> = log.iter().copied().collect();
        assert_eq!(once.len(), log.len(), "executed twice");
        assert!(log.windows(2).all(|pair| pair[0].position < pair[1].position), "out of order");
        assert!(self.host.machine.memory_bytes() <= 2 * 900 + 40 * 400, "memory is bounded");
    }
}

proptest! {
    #[test]
    fn every_connection_sees_gapless_and_equal_records(acts in prop::collection::vec(act(), 1..120)) {
        let mut world = World::new();
        for act in acts {
            world.act(act);
        }
        world.host.eager = true;
        world.host.catch_up();
        world.check();
    }

    /// In the end everything that is kept is had by whoever stays attached.
    #[test]
    fn a_connection_that_stays_gets_everything(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = World::new();
        world.act(Act::Connect { id: 9 });
        world.act(Act::Attach { id: 9, back: 0 });
        for act in acts {
            if !matches!(act, Act::Acknowledge { .. } | Act::Prepare | Act::BreakDisk) {
                world.act(act);
            }
        }
        world.host.eager = true;
        world.host.catch_up();
        world.check();
        let mine = world.host.records(ConnectionId(1));
        prop_assert_eq!(mine.len() as u64, world.host.machine.hello().next_sequence - 41);
    }
}
