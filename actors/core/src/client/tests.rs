//! A conversation in virtual time, over a link that comes and goes.

use std::time::Duration;

use uuid::Uuid;
use wayfare_protocol::control::MrpResponse;
use wayfare_protocol::mrp::{ExecuteRequest, RunResult};
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{
    Environment, Language, RouteReason, SessionInfo, SessionKey, SessionName, SessionState,
};
use wayfare_protocol::{DeviceId, Epoch, NodeId, TraceId, Wall};

use super::*;

const DESK: NodeId = NodeId(DeviceId([1; 32]));

fn now(millis: u64) -> Now {
    Now { boot: Boot(Duration::from_millis(millis)), wall: Wall(millis) }
}

fn request(n: u128) -> RequestId {
    RequestId(Uuid::from_u128(n))
}

fn session() -> SessionId {
    SessionId(Uuid::from_u128(1))
}

fn run() -> RunId {
    RunId(Uuid::from_u128(2))
}

fn key() -> SessionKey {
    SessionKey { name: SessionName::new("notes", "main").unwrap(), language: Language::from_word("python") }
}

fn text(content: &str) -> RunEvent {
    RunEvent::Stdout { content: content.to_owned() }
}

struct Bench {
    conversation: Conversation,
    millis: u64,
    said: Vec<Effect>,
}

impl Bench {
    fn new() -> Self {
        let config = Config { limits: Limits::default(), linked: true };
        Self { conversation: Conversation::new(config, now(0)), millis: 0, said: Vec::new() }
    }

    /// With an open session.
    fn open() -> Self {
        let mut bench = Self::new();
        bench.ask_open();
        bench.input(Input::Control(opened()));
        bench.said.clear();
        bench
    }

    /// With a run that is recorded and attached to.
    fn attached() -> Self {
        let mut bench = Self::open();
        bench.run();
        bench.answer(accepted());
        bench.input(Input::StreamOpened);
        bench.said.clear();
        bench
    }

    fn input(&mut self, input: Input) {
        let now = now(self.millis);
        self.conversation.step(now, input, &mut self.said);
    }

    fn pass(&mut self, millis: u64) {
        self.millis += millis;
        let now = now(self.millis);
        self.conversation.wake(now, &mut self.said);
    }

    fn ask_open(&mut self) {
        let open = OpenSession {
            key: key(),
            id: session(),
            environment: Environment::default(),
            needs: wayfare_protocol::capability::Needs::default(),
            device: None,
        };
        self.input(Input::Open { request: request(10), open });
    }

    fn run(&mut self) {
        let execute = ExecuteRequest::of("1+1");
        let (request, trace) = (request(11), TraceId(Uuid::from_u128(3)));
        self.input(Input::Run { request, run: run(), trace, execute, cell: None });
    }

    fn answer(&mut self, answer: SessionAnswer) {
        self.input(Input::Control(Control::MrpResponse(MrpResponse { request: request(11), answer })));
    }

    fn event(&mut self, number: u64, event: RunEvent) {
        self.input(Input::Update(RunUpdate::Event { number, event }));
    }

    /// Takes the submissions: whether each is marked as sent before.
    fn submitted(&mut self) -> Vec<bool> {
        let mut marks = Vec::new();
        self.said.retain(|effect| match effect {
            Effect::Send(Control::MrpRequest(MrpRequest { call: SessionCall::Run(asked), request: with, .. })) => {
                assert_eq!((asked.run, *with), (run(), request(11)), "the same ids every time");
                marks.push(asked.again);
                false
            }
            _ => true,
        });
        marks
    }

    /// Takes the numbers that streams were opened at.
    fn attached_at(&mut self) -> Vec<u64> {
        let mut from_numbers = Vec::new();
        self.said.retain(|effect| match effect {
            Effect::OpenStream(Destination::Run { from, .. }) => {
                from_numbers.push(*from);
                false
            }
            _ => true,
        });
        from_numbers
    }

    fn shown(&self) -> Vec<(u64, RunEvent)> {
        let shown = self.said.iter().filter_map(|effect| match effect {
            Effect::Tell(Told::Event { number, event }) => Some((*number, event.clone())),
            _ => None,
        });
        shown.collect()
    }

    fn numbers(&self) -> Vec<u64> {
        self.shown().into_iter().map(|(number, _)| number).collect()
    }

    fn is_told(&self, told: &Told) -> bool {
        self.said.iter().any(|effect| matches!(effect, Effect::Tell(said) if said == told))
    }
}

fn opened() -> Control {
    let session = SessionInfo {
        id: session(),
        key: key(),
        owner: DESK,
        device_name: "desk".to_owned(),
        epoch: Epoch::LOCAL,
        state: SessionState::Idle,
        environment: Environment::default(),
    };
    let outcome = Ok(OpenedSession { session, reason: RouteReason::LocalOwner, created: false });
    Control::Opened { request: request(10), outcome }
}

fn accepted() -> SessionAnswer {
    SessionAnswer::Accepted { position: 1, owner: DESK, epoch: Epoch::LOCAL }
}

fn refused(code: ErrorCode) -> SessionAnswer {
    SessionAnswer::Refused(Refusal::new(code, "why"))
}

fn greeting() -> RunUpdate {
    RunUpdate::Attached { owner: DESK, device_name: "desk".to_owned(), attempt: 1 }
}

fn told(bench: &Bench) -> Vec<&'static str> {
    let name = |effect: &Effect| match effect {
        Effect::Tell(Told::Accepted { .. }) => Some("accepted"),
        Effect::Tell(Told::Attached { .. }) => Some("attached"),
        Effect::Tell(Told::Event { .. }) => Some("event"),
        Effect::Tell(Told::Ended { .. }) => Some("ended"),
        Effect::CloseStream => Some("closed"),
        _ => None,
    };
    bench.said.iter().filter_map(name).collect()
}

#[test]
fn a_run_is_looked_at_together_with_asking_for_it() {
    let mut bench = Bench::open();
    bench.run();
    assert_eq!((bench.submitted(), bench.attached_at()), (vec![false], vec![1]));
    bench.input(Input::StreamOpened);
    bench.input(Input::Update(greeting()));
    assert_eq!(told(&bench), [] as [&str; 0], "who executes it is told when it is accepted");
    bench.answer(accepted());
    bench.event(1, text("a"));
    assert_eq!(told(&bench), ["accepted", "attached", "event"]);
    bench.answer(accepted());
    assert_eq!(bench.attached_at(), [] as [u64; 0], "a second answer changes nothing");
}

#[test]
fn an_event_that_comes_before_the_answer_proves_that_the_run_was_accepted() {
    let mut bench = Bench::open();
    bench.run();
    bench.input(Input::StreamOpened);
    bench.input(Input::Update(greeting()));
    bench.event(1, RunEvent::Result(RunResult::default()));
    bench.input(Input::Update(RunUpdate::Ended(RunOutcome::Succeeded)));
    bench.answer(accepted());
    assert_eq!(told(&bench), ["accepted", "attached", "event", "ended"]);
    assert!(bench.conversation.is_idle());
}

#[test]
fn a_stream_that_is_closed_before_the_answer_is_opened_again_after_it() {
    let mut bench = Bench::open();
    bench.run();
    bench.input(Input::StreamOpened);
    bench.input(Input::StreamClosed(Some(Refusal::new(ErrorCode::NotFound, "no such session"))));
    assert_eq!(bench.attached_at(), [1]);
    bench.answer(accepted());
    assert_eq!(bench.attached_at(), [1]);
}

#[test]
fn nobody_looks_at_a_run_that_is_refused_or_unknown() {
    for answer in [refused(ErrorCode::Forbidden), SessionAnswer::UnknownRun] {
        let mut bench = Bench::open();
        bench.run();
        bench.input(Input::StreamOpened);
        bench.answer(answer);
        assert!(told(&bench).contains(&"closed") && bench.conversation.is_idle());
    }
}

#[test]
fn after_a_lost_link_events_go_on_at_the_next_number_and_none_is_shown_twice() {
    let mut bench = Bench::attached();
    bench.event(1, text("a"));
    bench.event(2, text("b"));
    bench.input(Input::LinkDown);
    assert!(bench.is_told(&Told::Offline));
    bench.input(Input::LinkUp);
    assert_eq!(bench.attached_at(), [3]);
    bench.event(2, text("b"));
    bench.event(3, text("c"));
    assert_eq!(bench.numbers(), [1, 2, 3]);
    bench.event(4, RunEvent::Result(RunResult::default()));
    bench.input(Input::Update(RunUpdate::Ended(RunOutcome::Succeeded)));
    assert!(bench.conversation.is_idle());
    bench.input(Input::StreamClosed(None));
    assert_eq!(bench.conversation.deadline(), None);
}

#[test]
fn of_an_omission_the_numbers_that_were_shown_are_left_out() {
    let mut bench = Bench::attached();
    bench.event(1, text("a"));
    bench.event(2, text("b"));
    bench.event(1, RunEvent::Omitted { from: 1, through: 5, bytes: 9 });
    bench.event(6, text("c"));
    let rest = RunEvent::Omitted { from: 3, through: 5, bytes: 9 };
    assert_eq!(bench.shown()[2..], [(3, rest), (6, text("c"))]);
}

#[test]
fn a_run_that_may_have_arrived_is_sent_again_with_its_ids_and_marked() {
    let mut bench = Bench::open();
    bench.run();
    bench.input(Input::LinkDown);
    bench.input(Input::LinkUp);
    assert_eq!(bench.submitted(), [false, true]);
}

#[test]
fn a_run_asked_for_without_a_link_is_sent_unmarked_when_it_comes() {
    let mut bench = Bench::open();
    bench.input(Input::LinkDown);
    bench.run();
    assert_eq!(bench.submitted(), [] as [bool; 0]);
    assert_eq!(bench.conversation.deadline(), None);
    bench.input(Input::LinkUp);
    assert_eq!(bench.submitted(), [false]);
}

#[test]
fn a_run_without_an_answer_is_asked_for_again_at_its_deadline() {
    let mut bench = Bench::open();
    bench.run();
    bench.pass(9_999);
    assert_eq!(bench.submitted(), [false]);
    bench.pass(1);
    bench.pass(10_000);
    assert_eq!(bench.submitted(), [true, true]);
}

#[test]
fn a_refusal_that_may_pass_is_waited_out() {
    for code in [ErrorCode::OwnerUnreachable, ErrorCode::DeadlineExceeded, ErrorCode::Overloaded, ErrorCode::StaleEpoch]
    {
        let mut bench = Bench::open();
        bench.run();
        bench.submitted();
        bench.answer(refused(code));
        assert!(bench.is_told(&Told::Waiting), "{code}");
        bench.pass(10_000);
        assert_eq!(bench.submitted(), [true], "{code}");
        assert_eq!(bench.attached_at(), [1], "the stream stays, and waits too");
        bench.answer(accepted());
        assert!(bench.is_told(&Told::Accepted { run: run() }));
    }
}

#[test]
fn a_refusal_that_does_not_pass_ends_the_run() {
    for code in [ErrorCode::SessionFull, ErrorCode::TooLarge, ErrorCode::NotFound, ErrorCode::Forbidden] {
        let mut bench = Bench::open();
        bench.run();
        bench.answer(refused(code));
        assert!(bench.is_told(&Told::RunRefused { run: run(), refusal: Refusal::new(code, "why") }));
        assert!(bench.conversation.is_idle());
    }
}

#[test]
fn a_run_that_no_owner_knows_has_an_unknown_outcome() {
    let mut bench = Bench::open();
    bench.run();
    bench.answer(SessionAnswer::UnknownRun);
    assert!(bench.is_told(&Told::Ended { run: run(), outcome: RunOutcome::Unknown }));
}

#[test]
fn a_stream_that_closes_early_is_opened_again_later() {
    let mut bench = Bench::attached();
    bench.event(1, text("a"));
    bench.input(Input::StreamClosed(Some(Refusal::new(ErrorCode::OwnerUnreachable, "away"))));
    bench.pass(9_999);
    assert_eq!(bench.attached_at(), [] as [u64; 0]);
    bench.pass(1);
    assert_eq!(bench.attached_at(), [2]);
}

#[test]
fn a_stream_that_is_refused_for_good_ends_the_run() {
    let mut bench = Bench::attached();
    let refusal = Refusal::new(ErrorCode::NotFound, "no such run");
    bench.input(Input::StreamClosed(Some(refusal.clone())));
    assert!(bench.is_told(&Told::RunRefused { run: run(), refusal }));
}

/// A deadline that nothing can be done at would wake the machine without end.
#[test]
fn without_a_link_a_closed_stream_has_no_deadline() {
    let mut bench = Bench::attached();
    bench.input(Input::LinkDown);
    bench.input(Input::StreamClosed(None));
    assert_eq!(bench.conversation.deadline(), None);
    bench.input(Input::LinkUp);
    assert_eq!(bench.attached_at(), [1]);
}

#[test]
fn opening_is_repeated_at_its_deadline_and_over_a_new_link() {
    let mut bench = Bench::new();
    bench.ask_open();
    bench.pass(60_000);
    bench.input(Input::LinkDown);
    bench.input(Input::LinkUp);
    let opens = bench
        .said
        .iter()
        .filter(|effect| matches!(effect, Effect::Send(Control::Open { request: with, .. }) if *with == request(10)));
    assert_eq!(opens.count(), 3);
    bench.input(Input::Control(opened()));
    assert_eq!(bench.conversation.session(), Some(session()));
}

#[test]
fn a_call_over_a_lost_link_is_of_unknown_outcome_and_not_repeated() {
    let mut bench = Bench::open();
    let trace = TraceId(Uuid::from_u128(3));
    bench.input(Input::Call { request: request(20), trace, call: SessionCall::Stop });
    bench.said.clear();
    bench.input(Input::LinkDown);
    bench.input(Input::LinkUp);
    let [Effect::Tell(Told::Answer { answer: SessionAnswer::Refused(refusal), .. })] = &bench.said[..] else {
        panic!("{:?}", bench.said)
    };
    assert_eq!(refusal.code, ErrorCode::DeadlineExceeded);
}
