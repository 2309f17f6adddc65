//! The people: they open sessions, run programs, look at each other's runs, leave and return. Each writes down what they saw.

mod asks;
mod config;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_actors::client::{Client, News};
use wayfare_core::Fact;
use wayfare_core::client::Told;
use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::session::{RunRequest, SessionAnswer, SessionCall};
use wayfare_protocol::{NodeId, RequestId, RunId, SessionId};

pub use asks::Done;
pub use config::{Config, Task, Woken};

use crate::evidence::Evidence;
use crate::habit::Habit;
use crate::life::Life;
use crate::parts;
use crate::place::Place;
use crate::ports::Disk;
use crate::process::Surroundings;
use crate::seed::Draws;

/// The runs that everybody knows of, in the order in which they were acknowledged.
pub type Board = Arc<Mutex<Vec<(SessionId, RunId)>>>;

#[derive(Debug)]
enum Phase {
    /// Does nothing until woken.
    Idle,
    /// Waits for a session.
    Opening(String, Option<NodeId>),
    /// Waits for a run that it sent, or looks at one.
    Looking { run: RunId, is_known: bool },
    /// Has left, and returns to what it looked at.
    Away { run: RunId },
    /// Waits for the answer to something that it asked once.
    Calling { request: RequestId, resends: Option<RunId> },
}

/// See the module.
pub struct Person {
    config: Config,
    draws: Draws,
    around: Surroundings,
    evidence: Arc<Evidence>,
    board: Board,
    woken: Woken,
    disk: Arc<Disk>,
    tasks: VecDeque<Task>,
    phase: Phase,
    client: Option<(Arc<Life>, Client)>,
    starts: u64,
    session: Option<SessionId>,
    watched: BTreeSet<RunId>,
    is_resting: bool,
    outcomes: Vec<RunOutcome>,
    /// The next event wanted of each run.
    next: BTreeMap<RunId, u64>,
    /// Its own runs, and what they execute.
    own: BTreeMap<RunId, String>,
    /// A run of its own that waits for its answer.
    asks: Option<RunId>,
    /// What became of what it asked once.
    history: Vec<(SessionCall, Done)>,
}

impl Person {
    /// A person who has not begun.
    #[must_use]
    pub fn new(
        config: Config,
        around: Surroundings,
        evidence: Arc<Evidence>,
        board: Board,
        woken: Woken,
        disk: Arc<Disk>,
    ) -> Self {
        Self {
            draws: config.seed.draws(),
            tasks: config.tasks.iter().cloned().collect(),
            config,
            around,
            evidence,
            board,
            woken,
            disk,
            phase: Phase::Idle,
            client: None,
            starts: 0,
            session: None,
            watched: BTreeSet::new(),
            is_resting: false,
            outcomes: Vec::new(),
            next: BTreeMap::new(),
            own: BTreeMap::new(),
            asks: None,
            history: Vec::new(),
        }
    }

    /// Comes into being.
    ///
    /// # Errors
    /// If the client does not start.
    pub async fn begin(&mut self) -> Result<(), Fatal> {
        self.connect().await?;
        let latest = if self.has(Habit::Hurries) { Duration::from_millis(20) } else { Duration::from_secs(5) };
        self.sleep(Duration::from_millis(1), latest);
        Ok(())
    }

    /// Begins nothing new; what is under way goes on.
    pub fn rest(&mut self) {
        self.is_resting = true;
    }

    /// What is under way, for people; `None`: nothing.
    #[must_use]
    pub fn doing(&self) -> Option<String> {
        let is_idle = matches!(self.phase, Phase::Idle) && (self.is_resting || self.tasks.is_empty());
        (!is_idle).then(|| format!("{} is {:?}, {} tasks to do", self.config.name, self.phase, self.tasks.len()))
    }

    /// How its runs ended.
    #[must_use]
    pub fn outcomes(&self) -> &[RunOutcome] {
        &self.outcomes
    }

    /// What it asked once, and what became of that, as far as it knows.
    #[must_use]
    pub fn history(&self) -> &[(SessionCall, Done)] {
        &self.history
    }

    fn has(&self, habit: Habit) -> bool {
        self.config.habits.contains(&habit)
    }

    /// The life of its client, if it is there.
    #[must_use]
    pub fn life(&self) -> Option<Arc<Life>> {
        self.client.as_ref().map(|(life, _)| Arc::clone(life))
    }

    fn note(&self, line: std::fmt::Arguments<'_>) {
        self.around.tracer.note(&self.config.name, "person", line);
    }

    async fn connect(&mut self) -> Result<(), Fatal> {
        self.starts += 1;
        self.client = Some(parts::connect(&self.config, &self.around, &self.disk, self.starts).await?);
        Ok(())
    }

    fn sleep(&mut self, low: Duration, high: Duration) {
        let lasts = self.config.thinks(&mut self.draws, low, high);
        self.pause(lasts);
    }

    fn pause(&self, lasts: Duration) {
        self.config.wake_after(lasts, &self.around, &self.woken, self.life());
    }

    /// A wait is over.
    ///
    /// # Errors
    /// If the client does not start.
    pub async fn wake(&mut self) -> Result<(), Fatal> {
        match &self.phase {
            Phase::Away { run } => {
                let run = *run;
                self.come_back(run).await?;
            }
            Phase::Idle => self.do_next(),
            Phase::Opening(name, chooses) => {
                let (name, chooses) = (name.clone(), *chooses);
                self.open(name, chooses);
            }
            Phase::Looking { run, .. } if self.asks == Some(*run) => {
                let run = *run;
                self.once(SessionCall::Input { run, text: "somebody".to_owned() });
                self.sleep(Duration::from_secs(1), Duration::from_secs(4)); // the answer may be lost
            }
            Phase::Looking { run, is_known: true } => {
                let run = *run;
                if self.config.leaves && self.draws.percent(40) {
                    self.leave(run).await;
                } else if self.has(Habit::Interrupts) && !self.is_resting && self.draws.percent(40) {
                    let run = self.draws.percent(80).then_some(run);
                    self.once(SessionCall::Interrupt { run });
                } else if self.has(Habit::Stops) && !self.is_resting && self.draws.percent(15) {
                    self.once(SessionCall::Stop);
                }
            }
            Phase::Looking { .. } | Phase::Calling { .. } => {}
        }
        Ok(())
    }

    fn do_next(&mut self) {
        if self.is_resting {
            return;
        }
        match self.tasks.pop_front() {
            Some(Task::Open(name, chooses)) => self.open(name, chooses),
            Some(Task::Run(program)) => self.run(program),
            Some(Task::Watch(session, run)) => self.watch(session, run),
            Some(Task::Resend(run, program)) => {
                let request = ExecuteRequest::of(program);
                let call = SessionCall::Run(RunRequest { run, again: true, request });
                self.call(call, Some(run));
            }
            Some(Task::Stop) => self.call(SessionCall::Stop, None),
            None if self.config.watches => {
                let known = self.board.lock().unwrap_or_else(PoisonError::into_inner).clone();
                match known.into_iter().find(|(_, run)| !self.watched.contains(run)) {
                    Some((session, run)) => self.watch(session, run),
                    None => self.sleep(Duration::from_millis(500), Duration::from_secs(2)),
                }
            }
            None => {}
        }
    }

    fn open(&mut self, name: String, chooses: Option<NodeId>) {
        let Some((_, client)) = &self.client else { return };
        self.note(format_args!("opens {name}"));
        parts::open(client, &name, chooses);
        self.phase = Phase::Opening(name, chooses);
    }

    fn run(&mut self, program: String) {
        let Some((_, client)) = &self.client else { return };
        let run = client.run(ExecuteRequest::of(program.clone()));
        self.own.insert(run, program);
        self.watched.insert(run);
        self.note(format_args!("runs {run}"));
        self.phase = Phase::Looking { run, is_known: false };
        self.sleep(Duration::from_millis(200), Duration::from_secs(6));
    }

    fn watch(&mut self, session: SessionId, run: RunId) {
        let midway = self.has(Habit::BeginsMidway);
        let drawn = if midway { self.draws.between(1, 6) } else { 1 };
        // Who was refused looks for the same again.
        let from = self.next.get(&run).copied().filter(|_| midway).unwrap_or(drawn);
        self.note(format_args!("watches {run} from {from}"));
        self.watched.insert(run);
        self.next.insert(run, from);
        let Some((_, client)) = &self.client else { return };
        client.attach(session, run, from);
        self.session = Some(session);
        self.phase = Phase::Looking { run, is_known: true };
        self.sleep(Duration::from_millis(200), Duration::from_secs(6));
    }

    async fn leave(&mut self, run: RunId) {
        self.note(format_args!("leaves {run}"));
        if let Some((life, client)) = self.client.take() {
            life.end();
            drop(client);
            self.around.world.settle().await;
            self.around.network.process_ended(Place::Person(self.config.number), &life, true);
        }
        self.phase = Phase::Away { run };
        self.sleep(Duration::from_millis(500), Duration::from_secs(5));
    }

    async fn come_back(&mut self, run: RunId) -> Result<(), Fatal> {
        self.connect().await?;
        let Some(session) = self.session else { return Ok(()) };
        let next = self.next.get(&run).copied().unwrap_or(1) + u64::from(self.config.skips);
        self.note(format_args!("returns to {run} at {next}"));
        if let Some((_, client)) = &self.client {
            client.attach(session, run, next);
        }
        self.phase = Phase::Looking { run, is_known: true };
        self.sleep(Duration::from_millis(200), Duration::from_secs(6));
        Ok(())
    }

    /// Reads what has come; `false` if nothing has.
    pub fn read(&mut self) -> bool {
        let mut has_read = false;
        while let Some(news) = self.client.as_mut().and_then(|(_, client)| client.try_next()) {
            has_read = true;
            self.note(format_args!("is told {news:?}"));
            if let News::Told(told) = news {
                self.told(*told);
            }
        }
        has_read
    }

    fn told(&mut self, told: Told) {
        match (told, &mut self.phase) {
            (Told::Opened(opened), Phase::Opening(..)) => {
                self.session = Some(opened.session.id);
                self.phase = Phase::Idle;
                self.sleep(Duration::from_millis(100), Duration::from_secs(4));
            }
            (Told::OpenRefused(_), Phase::Opening(..)) => {
                self.sleep(Duration::from_secs(1), Duration::from_secs(4));
            }
            (Told::Accepted { run }, Phase::Looking { run: looked_at, is_known }) if run == *looked_at => {
                *is_known = true;
                if let Some(session) = self.session
                    && self.config.is_public
                {
                    self.board.lock().unwrap_or_else(PoisonError::into_inner).push((session, run));
                }
            }
            (Told::Event { number, event }, Phase::Looking { run, .. }) => {
                let run = *run;
                self.next.insert(run, number + event.span());
                self.saw(run, &event);
            }
            (Told::Ended { run, outcome }, Phase::Looking { .. }) => {
                self.outcomes.push(outcome);
                self.plan_after(run);
                self.over();
            }
            (Told::Answer { request, answer }, Phase::Calling { request: asked, resends }) if request == *asked => {
                if let (SessionAnswer::UnknownRun, Some(run)) = (&answer, *resends) {
                    // Said of a run that it was told is recorded.
                    let outcome = RunOutcome::Unknown;
                    self.evidence.fact(&self.config.name, &Fact::Ended { run, outcome });
                }
                if let Some((_, done)) = self.history.last_mut() {
                    *done = Done::of(&answer);
                }
                self.over();
            }
            (Told::RunRefused { run, refusal }, Phase::Looking { .. }) => self.refused(run, &refusal),
            _ => {}
        }
    }

    fn over(&mut self) {
        self.phase = Phase::Idle;
        self.sleep(Duration::from_millis(50), Duration::from_millis(1_500));
    }
}
