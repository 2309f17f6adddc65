//! What a node does with the runs that it was asked for without its cloud, step by step, and over every order of crashes.

mod crashes;

use std::time::Duration;

use uuid::Uuid;
use wayfare_protocol::document::{CharacterId, DocumentCell};
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::session::{Environment, Language, OpenSession, SessionAnswer, SessionKey, SessionName};
use wayfare_protocol::{DeviceId, DocumentId, Epoch, Limits, NodeId, ProjectId, Wall};

use super::*;

const DEVICE: DeviceId = DeviceId([7; 32]);
const SESSION: SessionId = SessionId(Uuid::from_u128(9));

fn asked(n: u128, session: &str) -> Box<AskedRun> {
    Box::new(AskedRun {
        run: RunId(Uuid::from_u128(n)),
        at: Wall(1),
        cell: DocumentCell {
            project: ProjectId(Uuid::from_u128(1)),
            document: DocumentId(Uuid::from_u128(2)),
            begins: CharacterId { client: 1, clock: 0 },
        },
        open: OpenSession {
            key: SessionKey {
                name: SessionName::new("lab", session).unwrap(),
                language: Language::from_word("python"),
            },
            id: SessionId(Uuid::from_u128(3)),
            environment: Environment::default(),
            needs: Default::default(),
            device: None,
        },
        request: ExecuteRequest::of("1"),
    })
}

fn accepted() -> SessionAnswer {
    SessionAnswer::Accepted { position: 1, owner: NodeId(DEVICE), epoch: Epoch::LOCAL }
}

fn answered(answer: SessionAnswer) -> Outcome {
    Outcome::Answered(Box::new(answer))
}

fn refusal(code: ErrorCode) -> Refusal {
    Refusal::new(code, "no")
}

fn new_machine() -> RunQueue {
    RunQueue::new(Config { device: DEVICE, limits: Limits::default() }, Now::default())
}

/// What joins an effect to its outcome; `None`: it has none.
fn op_of(effect: &Effect) -> Option<OpId> {
    match effect {
        Effect::Append { op, .. }
        | Effect::Enter { op, .. }
        | Effect::Look { op, .. }
        | Effect::Open { op, .. }
        | Effect::Say { op, .. }
        | Effect::Send { op, .. }
        | Effect::End { op, .. }
        | Effect::Leave { op, .. } => Some(*op),
        Effect::Tell { .. } => None,
    }
}

/// A node's machine, and what it has decided that was not carried out.
struct Bench {
    machine: RunQueue,
    now: Duration,
    said: Vec<Effect>,
}

impl Bench {
    fn new() -> Self {
        Self { machine: new_machine(), now: Duration::ZERO, said: Vec::new() }
    }

    fn now(&self) -> Now {
        Now { boot: Boot(self.now), wall: Wall(0) }
    }

    fn step(&mut self, input: Input) {
        let now = self.now();
        self.machine.step(now, input, &mut self.said);
    }

    /// Carries out the oldest effect, which is of that kind, with that outcome.
    fn done(&mut self, kind: &str, outcome: Outcome) -> Effect {
        assert!(!self.said.is_empty(), "{kind} was not decided");
        let effect = self.said.remove(0);
        assert_eq!(<&str>::from(&effect), kind);
        if let Some(op) = op_of(&effect) {
            self.step(Input::Done { op, outcome });
        }
        effect
    }

    /// Asked without the cloud.
    fn wait(&mut self, asked: Box<AskedRun>) {
        let run = asked.run;
        self.step(Input::Ask(asked));
        self.done("Append", Outcome::Appended);
        self.done("Enter", Outcome::Entered(Ok(())));
        self.done("Append", Outcome::Appended);
        assert_eq!(self.done("Tell", Outcome::Appended), Effect::Tell { run, outcome: Ok(()) });
    }

    /// From a look at its document until it is sent.
    fn until_sent(&mut self) {
        self.done("Look", Outcome::Looked(Ok(true)));
        self.done("Open", Outcome::Opened(Ok(SESSION)));
        self.done("Append", Outcome::Appended);
        self.done("Say", Outcome::Said(Ok(true)));
    }

    /// Its entry says how it ended, at the second try.
    fn until_ended(&mut self, end: QueuedEnd, sent_to: Option<SessionId>) {
        self.done("End", Outcome::Left(Err(refusal(ErrorCode::StorageFailed))));
        self.now = self.machine.deadline().unwrap().0;
        let now = self.now();
        self.machine.wake(now, &mut self.said);
        match self.done("End", Outcome::Left(Ok(()))) {
            Effect::End { entry, .. } => assert_eq!((entry.end, entry.sent_to), (Some(end), sent_to)),
            other => panic!("{other:?}"),
        }
        self.done("Append", Outcome::Appended);
    }

    fn until_over(&mut self) {
        self.done("Leave", Outcome::Left(Ok(())));
        self.done("Append", Outcome::Appended);
    }
}

fn is_again(effect: &Effect) -> bool {
    match effect {
        Effect::Send { call, .. } => call.run().is_some_and(|asked| asked.again),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_is_kept_and_entered_before_anybody_is_told_and_sent_when_the_cloud_is_there() {
    let mut bench = Bench::new();
    bench.wait(asked(1, "main"));
    assert!(bench.said.is_empty() && bench.machine.deadline().is_none(), "it waits for the cloud");
    bench.step(Input::AboveUp);
    bench.until_sent();
    let sent = bench.done("Send", answered(accepted()));
    assert!(!is_again(&sent));
    bench.until_over();
    assert!(bench.machine.is_empty() && bench.said.is_empty());
}

#[test]
fn one_that_was_taken_back_is_not_sent() {
    let mut bench = Bench::new();
    bench.wait(asked(1, "main"));
    bench.step(Input::AboveUp);
    bench.done("Look", Outcome::Looked(Ok(false)));
    bench.until_over();
    bench.wait(asked(2, "main"));
    bench.done("Look", Outcome::Looked(Ok(true)));
    bench.done("Open", Outcome::Opened(Ok(SESSION)));
    bench.done("Append", Outcome::Appended);
    bench.done("Say", Outcome::Said(Ok(false)));
    bench.until_over();
    assert!(bench.machine.is_empty() && bench.said.is_empty());
}

#[test]
fn what_a_document_does_not_take_is_told_and_forgotten() {
    let mut bench = Bench::new();
    bench.step(Input::Ask(asked(1, "main")));
    bench.done("Append", Outcome::Appended);
    bench.done("Enter", Outcome::Entered(Err(refusal(ErrorCode::TooLarge))));
    let told = bench.done("Tell", Outcome::Appended);
    assert!(matches!(told, Effect::Tell { outcome: Err(_), .. }), "{told:?}");
    bench.until_over();
    assert!(bench.machine.is_empty());
}

#[test]
fn those_of_a_session_go_one_after_the_other_and_others_beside_them() {
    let mut bench = Bench::new();
    for (n, session) in [(1, "main"), (2, "main"), (3, "other")] {
        bench.wait(asked(n, session));
    }
    bench.step(Input::AboveUp);
    let looked: Vec<_> = bench.said.iter().map(|effect| matches!(effect, Effect::Look { .. })).collect();
    assert_eq!(looked, [true, true], "the first of each");
    bench.done("Look", Outcome::Looked(Ok(true)));
    bench.done("Look", Outcome::Looked(Err(refusal(ErrorCode::DeadlineExceeded))));
    bench.done("Open", Outcome::Opened(Ok(SESSION)));
    bench.done("Append", Outcome::Appended);
    bench.done("Say", Outcome::Said(Ok(true)));
    bench.done("Send", answered(accepted()));
    // Accepted, it is over for those behind it.
    assert!(matches!(bench.said.as_slice(), [Effect::Leave { .. }, Effect::Look { .. }]), "{:?}", bench.said);
    // The third is tried again later, and not before.
    bench.said.clear();
    let retry = bench.machine.deadline().unwrap();
    assert_eq!(retry, Boot(Limits::default().queue_retry));
    bench.now = retry.0;
    let now = bench.now();
    bench.machine.wake(now, &mut bench.said);
    assert!(matches!(bench.said.as_slice(), [Effect::Look { run, .. }] if *run == asked(3, "other").run));
}

#[test]
fn one_whose_devices_are_away_waits_on_and_one_that_is_refused_does_not() {
    let mut bench = Bench::new();
    bench.wait(asked(1, "main"));
    bench.step(Input::AboveUp);
    for code in [ErrorCode::NoCapability, ErrorCode::OwnerUnreachable] {
        bench.done("Look", Outcome::Looked(Ok(true)));
        bench.done("Open", Outcome::Opened(Err(refusal(code))));
        assert!(bench.said.is_empty());
        bench.now = bench.machine.deadline().unwrap().0;
        let now = bench.now();
        bench.machine.wake(now, &mut bench.said);
    }
    bench.done("Look", Outcome::Looked(Ok(true)));
    bench.done("Open", Outcome::Opened(Err(refusal(ErrorCode::Forbidden))));
    bench.until_ended(QueuedEnd::Refused(ErrorCode::Forbidden), None);
    assert!(bench.machine.is_empty());
}

#[test]
fn one_that_nobody_answered_for_is_asked_for_again_and_one_that_was_turned_away_is_not() {
    let mut bench = Bench::new();
    bench.wait(asked(1, "main"));
    bench.step(Input::AboveUp);
    bench.until_sent();
    let busy = SessionAnswer::Refused(refusal(ErrorCode::Overloaded));
    assert!(!is_again(&bench.done("Send", answered(busy.clone()))));
    bench.step(Input::AboveDown);
    bench.step(Input::AboveUp);
    // Where to is noted by now.
    bench.done("Look", Outcome::Looked(Ok(true)));
    bench.done("Open", Outcome::Opened(Ok(SESSION)));
    bench.done("Say", Outcome::Said(Ok(true)));
    let late = SessionAnswer::Refused(refusal(ErrorCode::DeadlineExceeded));
    assert!(!is_again(&bench.done("Send", answered(late))));
    for answer in [busy, SessionAnswer::UnknownRun] {
        bench.step(Input::AboveDown);
        bench.step(Input::AboveUp);
        assert!(is_again(&bench.done("Send", answered(answer))));
    }
    bench.until_ended(QueuedEnd::Unknown, Some(SESSION));
    assert!(bench.machine.is_empty());
}

#[test]
fn one_that_was_turned_away_goes_to_the_session_that_was_noted_or_to_none() {
    let mut bench = Bench::new();
    bench.wait(asked(1, "main"));
    bench.step(Input::AboveUp);
    bench.until_sent();
    let away = SessionAnswer::Refused(refusal(ErrorCode::OwnerUnreachable));
    bench.done("Send", answered(away));
    bench.step(Input::AboveDown);
    bench.step(Input::AboveUp);
    bench.done("Look", Outcome::Looked(Ok(true)));
    bench.done("Open", Outcome::Opened(Ok(SessionId(Uuid::from_u128(77)))));
    let sent = bench.done("Send", answered(SessionAnswer::UnknownRun));
    assert!(is_again(&sent) && matches!(sent, Effect::Send { session: SESSION, .. }));
    bench.until_ended(QueuedEnd::Unknown, Some(SESSION));
    assert!(bench.machine.is_empty());
}

#[test]
fn a_device_has_so_many_runs_that_wait_and_each_once() {
    let mut bench = Bench::new();
    for n in 0..QUEUED_RUNS_MAX as u128 {
        bench.machine.apply(&Record::Asked(asked(n, "main")));
    }
    for n in [5, QUEUED_RUNS_MAX as u128] {
        bench.step(Input::Ask(asked(n, "main")));
        let told = bench.said.pop().unwrap();
        assert!(matches!(told, Effect::Tell { outcome: Err(_), .. }), "{told:?}");
    }
    assert_eq!(bench.machine.len(), QUEUED_RUNS_MAX);
}

#[test]
fn a_log_is_written_anew_with_what_is_needed_of_it() {
    let mut bench = Bench::new();
    bench.wait(asked(1, "main"));
    bench.wait(asked(2, "main"));
    bench.machine.apply(&Record::Sends { run: asked(1, "main").run, session: SESSION });
    assert_eq!(bench.machine.renewed(7), None);
    let records = bench.machine.renewed(5_000).unwrap();
    assert_eq!(records.len(), 5);
    let mut again = new_machine();
    // The old ones are there too if a crash comes before they are dropped.
    records.iter().chain(&records).for_each(|record| again.apply(record));
    assert_eq!(again.renewed(5_000), Some(records));
}
