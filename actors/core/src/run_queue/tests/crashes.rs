//! Over every order of up to three mishaps: a run is executed once at most, once if nothing else is possible, and never when it was
//! taken back before anybody could see that it was sent.

use std::collections::{BTreeSet, VecDeque};

use super::*;

/// What may happen at an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    None,
    /// It is carried out, and the process ends before it hears so.
    CrashAfter,
    /// The process ends before it is carried out.
    CrashBefore,
    /// The link is lost before it is carried out.
    LinkLost,
    /// It is carried out, and the answer is lost.
    AnswerLost,
    /// It is carried out, and whoever passed it on says that nobody was there.
    TurnedAway,
    /// Before it is carried out the run is taken back at another device, as far as that sees it.
    TakenBack,
}

const MISHAPS: [Mishap; 7] = [
    Mishap::None,
    Mishap::CrashAfter,
    Mishap::CrashBefore,
    Mishap::LinkLost,
    Mishap::AnswerLost,
    Mishap::TurnedAway,
    Mishap::TakenBack,
];

/// The entry as Yjs has it: of an entry that is put anew the item before it is deleted, and deleting one leaves those that are put
/// meanwhile.
#[derive(Clone, Debug, Default)]
struct Entry {
    items: Vec<(u32, Option<SessionId>)>,
    deleted: BTreeSet<u32>,
}

impl Entry {
    fn live(&self) -> Option<(u32, Option<SessionId>)> {
        self.items.last().copied().filter(|(item, _)| !self.deleted.contains(item))
    }

    fn put(&mut self, item: u32, sent_to: Option<SessionId>) {
        self.remove();
        self.items.push((item, sent_to));
    }

    fn remove(&mut self) {
        self.deleted.extend(self.live().map(|(item, _)| item));
    }

    fn merge(&mut self, other: &Self) {
        self.items.extend(other.items.iter().filter(|item| !self.items.contains(item)).copied().collect::<Vec<_>>());
        self.items.sort_unstable();
        self.deleted.extend(&other.deleted);
    }
}

struct World {
    machine: RunQueue,
    log: Vec<Record>,
    todo: VecDeque<Effect>,
    now: Duration,
    is_linked: bool,
    here: Entry,
    home: Entry,
    items: u32,
    is_known_to_owner: bool,
    executed: u32,
    told: Option<bool>,
    /// Taken back when nobody could see that it was sent.
    is_taken_back: bool,
    was_interrupted: bool,
    /// A crash came when it was noted that it is sent.
    may_be_lost: bool,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            machine: new_machine(),
            log: Vec::new(),
            todo: VecDeque::new(),
            now: Duration::ZERO,
            is_linked: false,
            here: Entry::default(),
            home: Entry::default(),
            items: 0,
            is_known_to_owner: false,
            executed: 0,
            told: None,
            is_taken_back: false,
            was_interrupted: false,
            may_be_lost: false,
        };
        world.step(Input::Ask(asked(1, "main")));
        world
    }

    fn step(&mut self, input: Input) {
        let mut out = Vec::new();
        self.machine.step(Now { boot: Boot(self.now), wall: Wall(0) }, input, &mut out);
        self.todo.extend(out);
    }

    fn crash(&mut self) {
        self.may_be_lost |= self.log.iter().any(|record| matches!(record, Record::Sends { .. }));
        self.machine = new_machine();
        self.log.iter().for_each(|record| self.machine.apply(record));
        self.todo.clear();
        self.step(Input::Recovered);
        if self.is_linked {
            self.step(Input::AboveUp);
        }
    }

    fn sync(&mut self) {
        if self.is_linked {
            self.here.merge(&self.home);
            self.home.merge(&self.here);
        }
    }

    fn link(&mut self, is_linked: bool) {
        self.is_linked = is_linked;
        self.sync();
        self.step(if is_linked { Input::AboveUp } else { Input::AboveDown });
    }

    /// Somebody at the home takes out what is seen there; of what was sent the session is told.
    fn take_back(&mut self) {
        match self.home.live() {
            Some((_, None)) => self.is_taken_back = true,
            Some((_, Some(_))) => self.was_interrupted = true,
            None => return,
        }
        self.home.remove();
        self.sync();
    }

    fn perform(&mut self, effect: &Effect) -> Outcome {
        let away = || refusal(ErrorCode::OwnerUnreachable);
        self.items += 1;
        let outcome = match effect {
            Effect::Append { record, .. } => {
                self.log.push(record.clone());
                Outcome::Appended
            }
            Effect::Enter { entry, .. } => {
                self.here.put(self.items, entry.sent_to);
                Outcome::Entered(Ok(()))
            }
            Effect::Look { .. } if self.is_linked => {
                self.sync();
                Outcome::Looked(Ok(self.here.live().is_some()))
            }
            Effect::Look { .. } => Outcome::Looked(Err(away())),
            Effect::Open { .. } => Outcome::Opened(if self.is_linked { Ok(SESSION) } else { Err(away()) }),
            Effect::Say { entry, .. } => {
                let is_there = self.here.live().is_some();
                if is_there {
                    self.here.put(self.items, entry.sent_to);
                }
                Outcome::Said(Ok(is_there))
            }
            Effect::Send { call, .. } if self.is_linked => {
                let again = call.run().is_some_and(|asked| asked.again);
                if !self.is_known_to_owner && again {
                    answered(SessionAnswer::UnknownRun)
                } else {
                    self.executed += u32::from(!self.is_known_to_owner);
                    self.is_known_to_owner = true;
                    answered(accepted())
                }
            }
            Effect::Send { .. } => answered(SessionAnswer::Refused(away())),
            // For the mesh it waits no more, whatever is left to be read.
            Effect::End { .. } | Effect::Leave { .. } => {
                self.here.remove();
                Outcome::Left(Ok(()))
            }
            Effect::Tell { .. } => unreachable!("it has no outcome"),
        };
        self.sync();
        outcome
    }

    fn next(&mut self, effect: Effect, mishap: Mishap) {
        if let Effect::Tell { outcome, .. } = effect {
            self.told = Some(outcome.is_ok());
            return;
        }
        let Some(op) = op_of(&effect) else { return };
        match mishap {
            Mishap::CrashBefore => return self.crash(),
            Mishap::LinkLost => self.link(false),
            Mishap::TakenBack => self.take_back(),
            Mishap::None | Mishap::CrashAfter | Mishap::AnswerLost | Mishap::TurnedAway => {}
        }
        let done = self.perform(&effect);
        let outcome = match (mishap, done) {
            (Mishap::CrashAfter, _) => return self.crash(),
            (Mishap::AnswerLost, Outcome::Looked(_)) => Outcome::Looked(Err(refusal(ErrorCode::DeadlineExceeded))),
            (Mishap::AnswerLost, Outcome::Opened(_)) => Outcome::Opened(Err(refusal(ErrorCode::DeadlineExceeded))),
            (Mishap::AnswerLost, Outcome::Said(_)) => Outcome::Said(Err(refusal(ErrorCode::OwnerUnreachable))),
            (Mishap::AnswerLost, Outcome::Entered(_)) => Outcome::Entered(Err(refusal(ErrorCode::OwnerUnreachable))),
            (Mishap::AnswerLost, Outcome::Left(_)) => Outcome::Left(Err(refusal(ErrorCode::OwnerUnreachable))),
            (Mishap::TurnedAway, Outcome::Answered(_)) => {
                answered(SessionAnswer::Refused(refusal(ErrorCode::OwnerUnreachable)))
            }
            (Mishap::AnswerLost, Outcome::Answered(_)) => {
                answered(SessionAnswer::Refused(refusal(ErrorCode::DeadlineExceeded)))
            }
            (_, done) => done,
        };
        self.step(Input::Done { op, outcome });
    }

    /// Everything that there is to do, with those mishaps at those effects. How many effects there were.
    fn run(&mut self, mishaps: &[(usize, Mishap)]) -> usize {
        let mut effects = 0;
        for _ in 0..200 {
            if let Some(effect) = self.todo.pop_front() {
                let mishap = mishaps.iter().find(|(at, _)| *at == effects).map_or(Mishap::None, |(_, mishap)| *mishap);
                effects += 1;
                self.next(effect, mishap);
            } else if self.machine.is_empty() {
                return effects;
            } else if let Some(at) = self.machine.deadline() {
                self.now = self.now.max(at.0);
                let mut out = Vec::new();
                self.machine.wake(Now { boot: Boot(self.now), wall: Wall(0) }, &mut out);
                self.todo.extend(out);
            } else {
                assert!(!self.is_linked, "it waits for nothing");
                self.link(true);
            }
        }
        panic!("it never ends");
    }

    fn check(&self, mishaps: &[(usize, Mishap)]) {
        let executed = self.executed;
        assert!(executed <= 1, "twice: {mishaps:?}");
        assert!(self.here.live().is_none(), "its entry stays: {mishaps:?}");
        if self.is_taken_back || self.told == Some(false) {
            assert_eq!(executed, 0, "{mishaps:?}");
        } else if self.told == Some(true) && !self.may_be_lost && !self.was_interrupted {
            assert_eq!(executed, 1, "{mishaps:?}");
        }
    }
}

/// With each further mishap at a later effect than the one before.
fn explore(mishaps: &mut Vec<(usize, Mishap)>, left: usize, seen: &mut usize) {
    let mut world = World::new();
    let effects = world.run(mishaps);
    world.check(mishaps);
    *seen += 1;
    if left == 0 {
        return;
    }
    let first = mishaps.last().map_or(0, |(at, _)| at + 1);
    for at in first..effects {
        for mishap in MISHAPS.into_iter().skip(1) {
            mishaps.push((at, mishap));
            explore(mishaps, left - 1, seen);
            mishaps.pop();
        }
    }
}

#[test]
fn a_run_that_waited_is_executed_once_at_most_whatever_is_lost() {
    let mut seen = 0;
    explore(&mut Vec::new(), 3, &mut seen);
    assert!(seen > 10_000, "{seen}");
}

#[test]
fn one_that_was_sent_twice_would_be_seen() {
    let mut world = World::new();
    world.run(&[]);
    assert_eq!((world.executed, world.told), (1, Some(true)));
    (world.is_known_to_owner, world.is_linked) = (false, true);
    let call = Box::new(asked(1, "main").call(false));
    world.perform(&Effect::Send { op: OpId(99), session: SESSION, call });
    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.check(&[])));
    assert!(checked.is_err());
}
