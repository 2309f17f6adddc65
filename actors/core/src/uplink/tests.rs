//! The life of an uplink in virtual time; the server is a real link machine.

use wayfare_protocol::control::Welcome;
use wayfare_protocol::{AccountId, Wall};

use super::*;

struct World {
    uplink: Uplink,
    now: Now,
    told: Vec<Effect>,
}

fn server() -> ServerIdentity {
    ServerIdentity::Ca([1; 32])
}

fn config(seed: u64) -> Config {
    let introduction = Introduction { name: "laptop".into(), os: "linux".into(), version: "0.1.0".into(), node: None };
    let key = DeviceKey::from_seed(&[7; 32]);
    Config { key, expects: server(), introduction, codec: Codec::Bincode, limits: Limits::default(), seed }
}

fn unreachable() -> DialFailure {
    DialFailure::Unreachable { why: "connection refused".into() }
}

impl World {
    fn new(seed: u64) -> Self {
        let now = Now { boot: Boot(Duration::from_secs(100)), wall: Wall(0) };
        Self { uplink: Uplink::new(config(seed), now), now, told: Vec::new() }
    }

    fn give(&mut self, input: Input) -> &[Effect] {
        self.told.clear();
        self.uplink.step(self.now, input, &mut self.told);
        &self.told
    }

    /// Goes to the deadline; says how long that was.
    fn pass_deadline(&mut self) -> Duration {
        let at = self.uplink.deadline().expect("an uplink always has something to do");
        let waited = at.since(self.now.boot);
        self.now.boot = self.now.boot.max(at);
        self.told.clear();
        self.uplink.wake(self.now, &mut self.told);
        waited
    }

    /// Waits for the next dial.
    fn dial(&mut self) -> (Duration, OpId) {
        let waited = self.pass_deadline();
        match &self.told[..] {
            [Effect::Dial { op }] => (waited, *op),
            other => panic!("no dial but {other:?}"),
        }
    }

    /// Dials and runs the handshake with a server of that identity, up to the server's answer.
    fn connect(&mut self, identity: ServerIdentity) -> (OpId, Link) {
        let (_, op) = self.dial();
        self.give(Input::Dialed { op, outcome: Ok(()) });
        let role = Role::Acceptor { identity, nonce: [9; 32], version: String::new() };
        let mut far = Link::new(link::Config { role, codec: Codec::Bincode, limits: Arc::default() }, self.now);
        let mut said = Vec::new();
        far.wake(self.now, &mut said);
        self.converse(op, &mut far, said);
        (op, far)
    }

    /// Carries frames between the uplink's link and the server's until both are quiet.
    fn converse(&mut self, op: OpId, far: &mut Link, mut said: Vec<link::Effect>) {
        let mut told = Vec::new();
        while !said.is_empty() {
            let mut back = Vec::new();
            for effect in said.drain(..) {
                let link::Effect::Transmit(frame) = effect else { continue };
                let mut effects = Vec::new();
                self.uplink.step(self.now, Input::Link { op, input: link::Input::Received(frame) }, &mut effects);
                for effect in effects {
                    match effect {
                        Effect::Link { effect: link::Effect::Transmit(frame), .. } => back.push(frame),
                        other => told.push(other),
                    }
                }
            }
            for frame in back {
                far.step(self.now, link::Input::Received(frame), &mut said);
            }
        }
        self.told = told;
    }

    fn answer(&mut self, op: OpId, far: &mut Link, input: link::Input) {
        let mut said = Vec::new();
        far.step(self.now, input, &mut said);
        self.converse(op, far, said);
    }

    fn up(&mut self) -> (OpId, Link) {
        let (op, mut far) = self.connect(server());
        let welcome = Welcome { account: AccountId::LOCAL, generation: 1, at: Wall(0) };
        self.answer(op, &mut far, link::Input::Admit(Ok(welcome)));
        assert_eq!(self.uplink.up(), Some(op));
        (op, far)
    }

    fn waiting_for(&self) -> Duration {
        match self.told.last() {
            Some(Effect::Waiting { until }) => until.since(self.now.boot),
            other => panic!("not waiting but {other:?}"),
        }
    }
}

fn closed() -> link::Input {
    link::Input::Closed { why: "cut".into() }
}

#[test]
fn it_dials_at_once_and_tells_what_the_link_says() {
    let mut world = World::new(1);
    let (op, _) = world.up();
    assert!(matches!(&world.told[..], [Effect::Link { op: told, effect: link::Effect::Up(_) }] if *told == op));
}

#[test]
fn waits_grow_to_the_longest_and_never_fall_below_the_shortest() {
    let limits = Limits::default();
    for seed in 0..50 {
        let mut world = World::new(seed);
        let (mut bound, mut longest) = (limits.redial_min * 2, Duration::ZERO);
        let (_, mut op) = world.dial();
        for _ in 0..20 {
            world.give(Input::Dialed { op, outcome: Err(unreachable()) });
            let (waited, next) = world.dial();
            assert!((limits.redial_min..=bound).contains(&waited), "{waited:?} of {bound:?}");
            (bound, longest, op) = ((bound * 2).min(limits.redial_max), longest.max(waited), next);
        }
        assert!(longest > limits.redial_max / 2, "twenty draws reach the upper half");
    }
}

#[test]
fn waits_differ_by_seed_and_repeat_with_it() {
    let first = |seed| {
        let mut world = World::new(seed);
        let (_, op) = world.dial();
        world.give(Input::Dialed { op, outcome: Err(unreachable()) });
        world.waiting_for()
    };
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
}

#[test]
fn a_link_that_was_up_resets_the_waits() {
    let mut world = World::new(3);
    for _ in 0..20 {
        let (_, op) = world.dial();
        world.give(Input::Dialed { op, outcome: Err(unreachable()) });
    }
    let (op, _) = world.up();
    world.give(Input::Link { op, input: closed() });
    assert!(matches!(world.told[0], Effect::Link { effect: link::Effect::Down { .. }, .. }));
    assert!(world.waiting_for() <= Limits::default().redial_min * 2);
    assert_eq!(world.uplink.up(), None);
}

#[test]
fn a_dial_that_takes_too_long_is_abandoned() {
    let mut world = World::new(1);
    let (_, op) = world.dial();
    assert_eq!(world.pass_deadline(), Limits::default().dial);
    let expected = [Effect::Abandon { op }, Effect::DialFailed { failure: DialFailure::TimedOut }];
    assert_eq!(world.told[..2], expected);
    // It was on its way all the same.
    assert_eq!(world.give(Input::Dialed { op, outcome: Ok(()) }), [Effect::Abandon { op }]);
}

#[test]
fn what_belongs_to_an_old_link_is_ignored() {
    let mut world = World::new(1);
    let (old, _) = world.up();
    world.give(Input::Link { op: old, input: closed() });
    let (new, _) = world.up();
    assert_eq!(world.give(Input::Link { op: old, input: closed() }), []);
    assert_eq!(world.uplink.up(), Some(new));
}

#[test]
fn waking_up_or_impatience_dials_at_once() {
    for input in [Input::Woke, Input::DialNow] {
        let mut world = World::new(1);
        let (_, op) = world.dial();
        world.give(Input::Dialed { op, outcome: Err(unreachable()) });
        assert!(matches!(world.give(input.clone()), [Effect::Dial { .. }]));
        assert_eq!(world.give(input), [], "one dial is enough");
    }
}

/// The server says how long; the longest wait bounds what it may say.
#[test]
fn a_draining_server_sets_the_wait() {
    for (asked, expected) in [(2_500, 2_500), (u32::MAX, 10_000), (0, 100)] {
        let mut world = World::new(1);
        let (op, mut far) = world.up();
        let draining = link::Input::Send(Box::new(Control::Draining { retry_after_ms: asked }));
        world.answer(op, &mut far, draining);
        let goodbye = link::Input::Goodbye(Refusal::new(ErrorCode::Draining, "restart"));
        world.answer(op, &mut far, goodbye);
        assert_eq!(world.waiting_for(), Duration::from_millis(expected));
    }
}

#[test]
fn a_refusal_beyond_mending_is_told_and_tried_again_slowly() {
    let refusal = Refusal::new(ErrorCode::Unauthenticated, "no such device");
    let mut world = World::new(1);
    for _ in 0..2 {
        let (op, mut far) = world.connect(server());
        world.answer(op, &mut far, link::Input::Admit(Err(refusal.clone())));
        assert!(world.told.contains(&Effect::GaveUp { refusal: refusal.clone() }), "{:?}", world.told);
        assert_eq!(world.waiting_for(), Limits::default().redial_max);
    }
}

#[test]
fn another_server_is_beyond_mending() {
    let mut world = World::new(1);
    world.connect(ServerIdentity::Ca([2; 32]));
    assert!(world.told.iter().any(|effect| matches!(effect, Effect::GaveUp { .. })), "{:?}", world.told);
    let (_, op) = world.dial();
    world.give(Input::Dialed { op, outcome: Err(DialFailure::WrongServer { why: "certificate".into() }) });
    assert!(matches!(world.told[..], [Effect::DialFailed { .. }, Effect::GaveUp { .. }, Effect::Waiting { .. }]));
}

#[test]
fn a_refusal_that_may_pass_is_no_reason_to_give_up() {
    let mut world = World::new(1);
    let (op, mut far) = world.connect(server());
    world.answer(op, &mut far, link::Input::Admit(Err(Refusal::new(ErrorCode::Overloaded, "full"))));
    assert!(!world.told.iter().any(|effect| matches!(effect, Effect::GaveUp { .. })));
    assert!(world.waiting_for() < Limits::default().redial_max);
}

#[test]
fn a_silent_link_is_dialed_again() {
    let mut world = World::new(1);
    world.up();
    for _ in 0..10 {
        world.pass_deadline();
        if world.uplink.up().is_none() {
            break;
        }
    }
    let down = Effect::Link { op: OpId(1), effect: link::Effect::Down { reason: Reason::Silence } };
    assert_eq!(world.told[0], down);
    assert!(matches!(world.told[1], Effect::Waiting { .. }));
}
