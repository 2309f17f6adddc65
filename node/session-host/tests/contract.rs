//! What a kernel does, once for the fake one of the simulation and once for a real one: what the simulation shows of kernels is
//! worth as much as this holds.

mod support;

use std::collections::VecDeque;
use std::time::Duration;

use support::{Host, Node, ipykernel, launch, python, run_id};
use wayfare_core::Machine as _;
use wayfare_core::kernel_host::{ConnectionId, Effect, FakeKernel, Input, KernelEvent, KernelHost, KernelHostConfig};
use wayfare_protocol::ask::{Completeness, KernelAsk, KernelTold};
use wayfare_protocol::host::{HostMessage, HostRequest};
use wayfare_protocol::mrp::{ExecuteRequest, RunEvent};
use wayfare_protocol::output::{OutputBody, RunOutcome};
use wayfare_protocol::{Boot, ErrorCode, Limits, Now, Wall};

/// A program, in the kernel's language.
struct Program {
    fake: &'static str,
    python: &'static str,
}

const SAY: Program = Program {
    fake: "print hello\nwarn beware",
    python: "import sys\nprint('hello', flush=True)\nprint('beware', file=sys.stderr)",
};
const FAIL: Program =
    Program { fake: "print before\nfail it broke", python: "print('before')\nraise ValueError('it broke')" };
const SET: Program = Program { fake: "set number 41\nset numeral 1", python: "number = 41\nnumeral = 1" };
const GET: Program = Program { fake: "add number 1\nget number", python: "number += 1\nnumber" };
const QUESTION: Program = Program { fake: "input Name?", python: "print(input('Name?'))" };
const PASSWORD: Program = Program { fake: "password Key?", python: "import getpass\nprint(getpass.getpass('Key?'))" };
const CLEAR: Program = Program { fake: "clear", python: "from IPython.display import clear_output\nclear_output()" };
const WIDGET: Program = Program {
    fake: "widget\nwidget",
    python: "from comm import create_comm\na = create_comm(target_name='x')\nb = create_comm(target_name='x')",
};
const SLEEP: Program =
    Program { fake: "print on\nsleep 600000", python: "import time\nprint('on', flush=True)\ntime.sleep(600)" };
const EXIT: Program = Program {
    fake: "print last\nexit",
    python: "import os, time\nprint('last', flush=True)\ntime.sleep(0.2)\nos._exit(0)",
};

trait Subject {
    fn code(&self, program: &Program) -> &'static str;
    fn incomplete(&self) -> &'static str;
    fn tell(&mut self, request: HostRequest);
    /// The next message; waits for it.
    fn next(&mut self) -> HostMessage;
}

/// The machine over the fake kernel, in virtual time.
struct Fake {
    now: Now,
    machine: KernelHost,
    kernel: FakeKernel,
    said: VecDeque<HostMessage>,
}

impl Fake {
    fn start() -> Self {
        let now = Now { boot: Boot(Duration::ZERO), wall: Wall(0) };
        let config = KernelHostConfig::of(&launch(&["fake"]), Limits::default());
        let kernel = FakeKernel::new(now, Duration::from_millis(200), Duration::from_millis(1));
        let mut fake = Self { now, machine: KernelHost::new(config, now), kernel, said: VecDeque::new() };
        fake.input(Input::Connected(ConnectionId(1)));
        fake.tell(HostRequest::Attach { from: 1 });
        fake
    }

    fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.machine.step(self.now, input, &mut effects);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Kernel(command) => {
                    let mut said = Vec::new();
                    self.kernel.command(self.now, command, &mut said);
                    self.hear(said);
                }
                Effect::Send { connection, messages, bytes } => {
                    self.said.extend(messages);
                    self.input(Input::Written { connection, bytes });
                }
                _ => {}
            }
        }
    }

    fn hear(&mut self, said: Vec<KernelEvent>) {
        for event in said {
            self.input(Input::Kernel(vec![event]));
        }
    }
}

impl Subject for Fake {
    fn code(&self, program: &Program) -> &'static str {
        program.fake
    }

    fn incomplete(&self) -> &'static str {
        "set \\"
    }

    fn tell(&mut self, request: HostRequest) {
        self.input(Input::Request { connection: ConnectionId(1), request });
    }

    fn next(&mut self) -> HostMessage {
        loop {
            if let Some(message) = self.said.pop_front() {
                return message;
            }
            let due = [self.kernel.deadline(), self.machine.deadline()].into_iter().flatten().min();
            self.now.boot = due.expect("nothing more will be said");
            let (mut effects, mut said) = (Vec::new(), Vec::new());
            self.kernel.wake(self.now, &mut said);
            self.hear(said);
            self.machine.wake(self.now, &mut effects);
            self.carry_out(effects);
        }
    }
}

/// The session host's process over ipykernel.
struct Real {
    _host: Host,
    node: Node,
}

impl Subject for Real {
    fn code(&self, program: &Program) -> &'static str {
        program.python
    }

    fn incomplete(&self) -> &'static str {
        "if True:"
    }

    fn tell(&mut self, request: HostRequest) {
        self.node.ask(&request);
    }

    fn next(&mut self) -> HostMessage {
        self.node.next().expect("the host goes on")
    }
}

/// Follows one run.
struct Run<'a> {
    subject: &'a mut dyn Subject,
    position: u64,
    events: Vec<RunEvent>,
}

impl Run<'_> {
    /// Waits for an event, or for the end.
    fn until(&mut self, wanted: impl Fn(&RunEvent) -> bool) -> Option<RunOutcome> {
        loop {
            let HostMessage::Output(record) = self.subject.next() else { continue };
            if record.run != run_id(self.position) {
                continue;
            }
            match record.body {
                OutputBody::Event { event, .. } => {
                    self.events.push(event.clone());
                    if wanted(&event) {
                        return None;
                    }
                }
                OutputBody::Ended(outcome) => return Some(outcome),
            }
        }
    }

    fn end(&mut self) -> RunOutcome {
        self.until(|_| false).expect("an end")
    }

    fn text(&self) -> (String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        for event in &self.events {
            match event {
                RunEvent::Stdout { content } => out.push_str(content),
                RunEvent::Stderr { content } => err.push_str(content),
                _ => {}
            }
        }
        (out, err)
    }
}

fn begin<'a>(subject: &'a mut dyn Subject, position: u64, program: &Program) -> Run<'a> {
    let request = ExecuteRequest::of(subject.code(program));
    subject.tell(HostRequest::HandOver { position, run: run_id(position), attempt: 1, request });
    Run { subject, position, events: Vec::new() }
}

fn told(subject: &mut dyn Subject, what: KernelAsk) -> Result<KernelTold, ErrorCode> {
    subject.tell(HostRequest::Ask { ask: 1, what });
    loop {
        if let HostMessage::Told { outcome, .. } = subject.next() {
            return outcome.map_err(|refusal| refusal.code);
        }
    }
}

fn holds(subject: &mut dyn Subject) {
    texts_values_and_errors(subject);
    questions_of_a_cell(subject);
    questions_to_the_kernel(subject);

    let mut sleep = begin(subject, 9, &SLEEP);
    assert_eq!(sleep.until(|event| matches!(event, RunEvent::Stdout { .. })), None);
    assert_eq!(told(sleep.subject, KernelAsk::Variables), Err(ErrorCode::KernelBusy));
    sleep.subject.tell(HostRequest::Interrupt { position: Some(9) });
    assert_eq!(sleep.end(), RunOutcome::Failed);
    assert!(matches!(sleep.events.last(), Some(RunEvent::Error { error, .. }) if error.kind == "KeyboardInterrupt"));

    let mut exit = begin(subject, 10, &EXIT);
    assert_eq!(exit.end(), RunOutcome::Interrupted { seen_through: 2 });
    assert_eq!(exit.text().0, "last\n");
    assert_eq!(told(subject, KernelAsk::Variables), Err(ErrorCode::NotFound));
}

fn texts_values_and_errors(subject: &mut dyn Subject) {
    let mut say = begin(subject, 1, &SAY);
    assert_eq!(say.end(), RunOutcome::Succeeded);
    assert_eq!(say.text(), ("hello\n".to_owned(), "beware\n".to_owned()));
    assert!(matches!(say.events.first(), Some(RunEvent::Start { .. })));

    let mut fail = begin(subject, 2, &FAIL);
    assert_eq!(fail.end(), RunOutcome::Failed);
    assert!(matches!(fail.events.last(), Some(RunEvent::Error { error, .. }) if error.message == "it broke"));

    assert_eq!(begin(subject, 3, &SET).end(), RunOutcome::Succeeded);
    let mut get = begin(subject, 4, &GET);
    assert_eq!(get.end(), RunOutcome::Succeeded);
    let Some(RunEvent::Result(result)) = get.events.last() else { panic!("{:?}", get.events) };
    assert_eq!(result.result.as_ref().and_then(|bundle| bundle.text()), Some("42"));

    let mut clear = begin(subject, 5, &CLEAR);
    assert_eq!(clear.end(), RunOutcome::Succeeded);
    assert!(clear.events.contains(&RunEvent::ClearOutput { wait: false }));

    let mut widget = begin(subject, 6, &WIDGET);
    assert_eq!(widget.end(), RunOutcome::Succeeded);
    assert_eq!(widget.text().1.matches("widgets are not supported").count(), 1);
}

fn questions_of_a_cell(subject: &mut dyn Subject) {
    for (position, program, wanted, is_password) in [(7, QUESTION, "Name?", false), (8, PASSWORD, "Key?", true)] {
        let mut run = begin(subject, position, &program);
        let asked = run.until(|event| {
            matches!(event, RunEvent::StdinRequest { prompt, password } if prompt == wanted && *password == is_password)
        });
        assert_eq!(asked, None);
        run.subject.tell(HostRequest::Input { run: run_id(position), text: "Ada".to_owned() });
        assert_eq!(run.end(), RunOutcome::Succeeded);
        assert_eq!(run.text().0, "Ada\n");
        assert!(run.events.contains(&RunEvent::StdinAnswered));
    }
}

fn questions_to_the_kernel(subject: &mut dyn Subject) {
    let Ok(KernelTold::Variables { variables, .. }) = told(subject, KernelAsk::Variables) else {
        panic!("no variables")
    };
    let values: Vec<_> = variables
        .iter()
        .filter(|variable| variable.name.starts_with("num"))
        .map(|variable| (variable.name.as_str(), variable.value.as_str()))
        .collect();
    assert_eq!(values, [("number", "42"), ("numeral", "1")]);
    let complete = KernelAsk::Complete { code: "num".to_owned(), cursor: 3 };
    let mut completions = told(subject, complete.clone());
    while completions == Err(ErrorCode::DeadlineExceeded) {
        completions = told(subject, complete.clone()); // a busy machine loads what completes for the first time
    }
    let Ok(KernelTold::Completions { matches, cursor_start: 0, cursor_end: 3 }) = completions else {
        panic!("{completions:?}")
    };
    assert!(matches.iter().any(|found| found.label == "numeral"), "{matches:?}");
    let code = subject.incomplete().to_owned();
    assert!(matches!(
        told(subject, KernelAsk::IsComplete { code }),
        Ok(KernelTold::Completeness { status: Completeness::Incomplete, .. })
    ));
    let variable = KernelAsk::Variable { name: "none".to_owned(), path: vec![], max_children: 1, max_value: 1 };
    assert_eq!(told(subject, variable), Err(ErrorCode::NotFound));
    let history = KernelAsk::History { last: 2, before: 0, contains: String::new() };
    assert!(matches!(told(subject, history), Ok(KernelTold::History { entries, .. }) if entries.len() == 2));
}

#[test]
fn the_fake_kernel_does_what_a_kernel_does() {
    holds(&mut Fake::start());
}

#[test]
fn ipykernel_does_what_a_kernel_does() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&ipykernel(&python));
    let node = host.attached();
    holds(&mut Real { _host: host, node });
}
