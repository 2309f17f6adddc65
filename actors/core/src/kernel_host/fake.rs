//! A deterministic kernel for tests and the simulation: commands in, events at their virtual time.
//!
//! Its language has one instruction a line:
//!
//! | line | does |
//! |---|---|
//! | `print TEXT`, `warn TEXT` | writes a line to standard output, standard error |
//! | `show TEXT` | a rich output |
//! | `sleep MS` | waits |
//! | `set NAME N`, `add NAME N`, `get NAME` | variables; the last `get` is the result |
//! | `input PROMPT` | asks, and prints the answer |
//! | `fail MSG` | ends the run with an error |
//! | `exit` | the process ends in the middle of the run |
//! | `password PROMPT` | the same, not to be shown |
//! | `clear` | clears the output |
//! | `widget` | opens a comm |
//! | `deaf` | from here on this run heeds no interrupt |
//! | `lose-idle` | this run will not say `Idle` |
//!
//! Questions are answered when it is idle, as a real kernel does: its variables are the names it knows, their numbers the
//! values; code is complete unless it ends in `\`.

mod answers;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use wayfare_protocol::ask::KernelAsk;
use wayfare_protocol::mrp::{ExecuteError, MimeBundle};
use wayfare_protocol::{Boot, Now, RunId};

use super::{KernelCommand, KernelEvent, KernelOutput, ReplyOutcome};
use crate::machine::Sink;

/// One execution that the kernel began. The same one twice in the log is what must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Executed {
    /// Its place in the session's inbox.
    pub position: u64,
    /// The run.
    pub run: RunId,
    /// Which execution of it.
    pub attempt: u32,
}

#[derive(Debug)]
struct Execution {
    position: u64,
    lines: VecDeque<String>,
    /// When the next line is due; `None` while it waits for an answer.
    resume: Option<Boot>,
    says_idle: bool,
    is_deaf: bool,
}

#[derive(Debug)]
enum State {
    Starting { ready: Boot },
    Alive,
    Dead,
}

/// The kernel. It is alone in knowing its variables, as a real one is.
#[derive(Debug)]
pub struct FakeKernel {
    state: State,
    line_takes: Duration,
    variables: BTreeMap<String, i64>,
    executing: Option<Execution>,
    count: u32,
    log: Vec<Executed>,
    asked: Vec<(u64, KernelAsk)>,
}

impl FakeKernel {
    /// A kernel that is ready after `start_takes` and needs `line_takes` for every line.
    #[must_use]
    pub fn new(now: Now, start_takes: Duration, line_takes: Duration) -> Self {
        Self {
            state: State::Starting { ready: now.boot.after(start_takes) },
            line_takes,
            variables: BTreeMap::new(),
            executing: None,
            count: 0,
            log: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Everything that it began to execute, in order.
    #[must_use]
    pub fn log(&self) -> &[Executed] {
        &self.log
    }

    /// When it wants to be woken.
    #[must_use]
    pub fn deadline(&self) -> Option<Boot> {
        match self.state {
            State::Starting { ready } => Some(ready),
            State::Alive => self.executing.as_ref().and_then(|execution| execution.resume),
            State::Dead => None,
        }
    }

    /// Takes a command. A dead kernel takes nothing.
    pub fn command(&mut self, now: Now, command: KernelCommand, out: &mut impl Sink<KernelEvent>) {
        if matches!(self.state, State::Dead) {
            return;
        }
        match command {
            KernelCommand::Execute { position, run, attempt, request } => {
                self.log.push(Executed { position, run, attempt });
                self.count += u32::from(!request.silent);
                self.executing = Some(Execution {
                    position,
                    lines: request.code.lines().map(str::to_owned).collect(),
                    resume: Some(now.boot.after(self.line_takes)),
                    says_idle: true,
                    is_deaf: false,
                });
            }
            KernelCommand::Interrupt => {
                if self.executing.as_ref().is_some_and(|execution| !execution.is_deaf) {
                    self.end(error("KeyboardInterrupt", ""), out);
                }
            }
            KernelCommand::InputReply { text } => {
                if let Some(execution) = self.executing.as_mut().filter(|execution| execution.resume.is_none()) {
                    execution.resume = Some(now.boot.after(self.line_takes));
                    out.push(output(execution.position, KernelOutput::Stdout(format!("{text}\n"))));
                }
            }
            KernelCommand::Ask { ask, what } => {
                self.asked.push((ask, what));
                self.answer(out);
            }
            KernelCommand::CloseComm { .. } => {}
            KernelCommand::ShutDown => self.die("exit status 0", out),
            KernelCommand::Terminate => self.die("signal 15", out),
            KernelCommand::Kill => self.die("signal 9", out),
        }
    }

    /// Does what is due.
    pub fn wake(&mut self, now: Now, out: &mut impl Sink<KernelEvent>) {
        if let State::Starting { ready } = self.state
            && ready <= now.boot
        {
            self.state = State::Alive;
            out.push(KernelEvent::Ready);
            self.answer(out);
        }
        while let Some(due) = self.deadline()
            && due <= now.boot
        {
            self.next_line(due, out);
        }
    }

    /// Ends as a process that is killed from outside does.
    pub fn crash(&mut self, out: &mut impl Sink<KernelEvent>) {
        self.die("signal 9", out);
    }

    fn next_line(&mut self, due: Boot, out: &mut impl Sink<KernelEvent>) {
        let Some(execution) = &mut self.executing else { return };
        let Some(line) = execution.lines.pop_front() else {
            self.end(ReplyOutcome::Ok, out);
            return;
        };
        let position = execution.position;
        execution.resume = Some(due.after(self.line_takes));
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        match word {
            "" => {}
            "print" => out.push(output(position, KernelOutput::Stdout(format!("{rest}\n")))),
            "warn" => out.push(output(position, KernelOutput::Stderr(format!("{rest}\n")))),
            "show" => out.push(output(position, KernelOutput::Display { bundle: plain(rest), display_id: None })),
            "sleep" => {
                let pause = Duration::from_millis(rest.parse().unwrap_or(0));
                execution.resume = Some(due.after(self.line_takes).after(pause));
            }
            "input" | "password" => {
                execution.resume = None;
                let prompt = rest.to_owned();
                let password = word == "password";
                out.push(KernelEvent::StdinRequest { parent: Some(position), prompt, password });
            }
            "clear" => out.push(output(position, KernelOutput::ClearOutput { wait: false })),
            "widget" => out.push(KernelEvent::CommOpened { comm: format!("comm-{position}") }),
            "deaf" => execution.is_deaf = true,
            "lose-idle" => execution.says_idle = false,
            "fail" => self.end(error("Failure", rest), out),
            "exit" => self.die("exit status 0", out),
            "set" | "add" | "get" => self.variable(position, word, rest, out),
            unknown => self.end(error("UnknownInstruction", unknown), out),
        }
    }

    fn variable(&mut self, position: u64, word: &str, rest: &str, out: &mut impl Sink<KernelEvent>) {
        let (name, number) = rest.split_once(' ').unwrap_or((rest, "0"));
        let number: i64 = number.parse().unwrap_or(0);
        match (word, self.variables.get_mut(name)) {
            ("set", _) => {
                self.variables.insert(name.to_owned(), number);
            }
            ("add", Some(value)) => *value = value.wrapping_add(number),
            (_, Some(value)) => out.push(output(position, KernelOutput::Result(plain(&value.to_string())))),
            (_, None) => self.end(error("UnknownName", name), out),
        }
    }

    fn end(&mut self, outcome: ReplyOutcome, out: &mut impl Sink<KernelEvent>) {
        let Some(execution) = self.executing.take() else { return };
        let position = execution.position;
        if let ReplyOutcome::Error(error) = &outcome {
            out.push(output(position, KernelOutput::Error(error.clone())));
        }
        out.push(KernelEvent::Reply { position, outcome, execution_count: Some(self.count) });
        if execution.says_idle {
            out.push(KernelEvent::Idle { parent: Some(position) });
        }
        self.answer(out);
    }

    fn answer(&mut self, out: &mut impl Sink<KernelEvent>) {
        if self.executing.is_some() || !matches!(self.state, State::Alive) {
            return;
        }
        for (ask, what) in std::mem::take(&mut self.asked) {
            out.push(KernelEvent::Told { ask, outcome: answers::answer(&self.variables, &what) });
        }
    }

    fn die(&mut self, detail: &str, out: &mut impl Sink<KernelEvent>) {
        if !matches!(self.state, State::Dead) {
            self.state = State::Dead;
            self.executing = None;
            self.asked.clear();
            out.push(KernelEvent::Died { detail: detail.to_owned() });
        }
    }
}

fn output(position: u64, output: KernelOutput) -> KernelEvent {
    KernelEvent::Output { parent: Some(position), output }
}

fn plain(text: &str) -> MimeBundle {
    let data = BTreeMap::from([("text/plain".to_owned(), text.to_owned())]);
    MimeBundle { data, metadata: "{}".to_owned() }
}

fn error(kind: &str, message: &str) -> ReplyOutcome {
    ReplyOutcome::Error(ExecuteError { kind: kind.to_owned(), message: message.to_owned(), ..ExecuteError::default() })
}
