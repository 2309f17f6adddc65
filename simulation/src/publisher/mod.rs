//! People who keep a daemon busy: they start it, publish events, hear its outputs, and write down what they are told.
//!
//! | phase \ told | started | recorded | events are missing | refused, or no answer |
//! |---|---|---|---|---|
//! | Starting | Subscribing | – | – | Starting, later |
//! | Subscribing | – | Idle | – | Subscribing, later |
//! | Feeding | Feeding | Idle | – | Feeding, later |
//! | Publishing | – | Idle | Publishing, from there | Publishing the same, later |
//!
//! A publisher numbers its events itself and repeats what it got no answer to: that is what lets a daemon take each event once.

mod asks;
mod feeding;
mod hearing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use wayfare_actors::actor::Fatal;
use wayfare_actors::client::{Client, News};
use wayfare_core::Fact;
use wayfare_protocol::daemon::{DaemonAnswer, DaemonCall, DaemonInfo, DaemonUpdate, Durability};
use wayfare_protocol::{EntityId, NodeId, Origin, Refusal};

use crate::evidence::Evidence;
use crate::life::Life;
use crate::parts;
use crate::person::{Config, Woken};
use crate::ports::Disk;
use crate::process::Surroundings;
use crate::seed::Draws;

use feeding::Feeding;
use hearing::Hearing;
pub use hearing::Model;

/// Events of one call at the most.
const BATCH: usize = 5;

/// What it is to do.
pub struct Work {
    /// The daemon's name.
    pub daemon: String,
    /// The node on which it is to be made, if they choose.
    pub chooses: Option<NodeId>,
    /// What it publishes, in order.
    pub events: Vec<String>,
    /// The daemon that takes what theirs says.
    pub feeds: Option<String>,
    /// What its events survive.
    pub durability: Durability,
    /// The daemons that have no state.
    pub stateless: Vec<String>,
    /// The code of the daemon that the ledger keeps, if what it says is to be held against it.
    pub model: Option<Model>,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Starting,
    Subscribing,
    /// Waits for an answer about its events up to this number, excluded.
    Publishing {
        until: usize,
    },
    /// Lets another daemon take what this one says.
    Feeding,
    /// Waits for the answer to something that it asked beside.
    Asking,
}

/// What comes of what it asked.
enum Told {
    Started(Option<Result<Box<DaemonInfo>, Refusal>>),
    Answered(Option<DaemonAnswer>),
    Update(u64, DaemonUpdate),
    /// Nothing more comes of that following.
    Silent(u64),
}

/// See the module.
pub struct Publisher {
    config: Config,
    work: Work,
    draws: Draws,
    around: Surroundings,
    evidence: Arc<Evidence>,
    woken: Woken,
    disk: Arc<Disk>,
    client: Option<(Arc<Life>, Client)>,
    phase: Phase,
    /// Whether it waits to be woken.
    sleeps: bool,
    daemon: Option<EntityId>,
    is_subscribed: bool,
    feeding: Feeding,
    origin: Origin,
    /// So many of its events were recorded.
    recorded: usize,
    /// So many were recorded before its daemon lost some of them: those it publishes again.
    owed: usize,
    hearing: Hearing,
    /// Number of the newest following.
    followings: u64,
    is_following: bool,
    is_resting: bool,
    /// Whether its daemon is gone.
    has_given_up: bool,
    tell: mpsc::UnboundedSender<Told>,
    told: mpsc::UnboundedReceiver<Told>,
}

impl Publisher {
    /// One who has not begun.
    #[must_use]
    pub fn new(
        config: Config,
        mut work: Work,
        around: Surroundings,
        evidence: Arc<Evidence>,
        woken: Woken,
        disk: Arc<Disk>,
    ) -> Self {
        let hearing = Hearing::new(work.model.take(), work.stateless.contains(&work.daemon));
        let (tell, told) = mpsc::unbounded_channel();
        let mut draws = config.seed.draws();
        Self {
            origin: Origin(draws.number()),
            draws,
            config,
            work,
            around,
            evidence,
            woken,
            disk,
            client: None,
            phase: Phase::Idle,
            sleeps: false,
            daemon: None,
            is_subscribed: false,
            feeding: Feeding::default(),
            recorded: 0,
            owed: 0,
            hearing,
            followings: 0,
            is_following: false,
            is_resting: false,
            has_given_up: false,
            tell,
            told,
        }
    }

    /// Comes into being.
    ///
    /// # Errors
    /// If the client does not start.
    pub async fn begin(&mut self) -> Result<(), Fatal> {
        self.client = Some(parts::connect(&self.config, &self.around, &self.disk, 1).await?);
        self.sleep(Duration::from_millis(20), Duration::from_secs(5));
        Ok(())
    }

    /// Publishes no more than it has begun with.
    pub fn rest(&mut self) {
        self.is_resting = true;
    }

    /// Whether it publishes no more: it rests, and what its daemon lost is recorded again.
    fn has_published_enough(&self) -> bool {
        self.is_resting && self.recorded >= self.owed
    }

    /// Publishes one event more, at once.
    pub fn go_on(&mut self) {
        if self.has_given_up || self.doing().is_some() {
            return; // who is late was said to be
        }
        self.work.events.truncate(self.recorded.max(self.owed));
        self.work.events.push("note fresh".to_owned());
        self.is_resting = false;
        self.config.hurries = true;
        self.sleep(Duration::ZERO, Duration::ZERO);
    }

    /// A daemon goes on from an earlier state, at whose end it had said that many outputs. What came later is lost, and published again
    /// by whoever has it.
    pub fn is_recovered(&mut self, daemon: EntityId, output: u64) {
        self.feeding.is_recovered(daemon);
        if self.daemon != Some(daemon) {
            return;
        }
        self.note(format_args!("hears that {} goes on after output {output}", daemon.short()));
        // What is still told of the time before counts no more.
        (self.tell, self.told) = mpsc::unbounded_channel();
        self.hearing.is_recovered(output);
        self.owed = self.owed.max(self.recorded);
        (self.recorded, self.is_subscribed, self.is_following) = (0, false, false);
        self.idle();
    }

    /// A node is gone for good: nothing is made there any more.
    pub fn loses(&mut self, node: NodeId) {
        self.work.chooses = self.work.chooses.filter(|chosen| *chosen != node);
    }

    /// Waits for nothing of daemons that are gone.
    pub fn gives_up(&mut self, gone: &BTreeMap<EntityId, String>) {
        if self.work.feeds.as_ref().is_some_and(|name| gone.values().any(|gone| gone == name)) {
            (self.feeding, self.work.feeds) = (Feeding::No, None);
        }
        if gone.values().any(|gone| *gone == self.work.daemon) && !self.has_given_up {
            self.note(format_args!("gives its daemon up"));
            self.has_given_up = true;
        }
    }

    /// What is under way, for people; `None`: nothing.
    #[must_use]
    pub fn doing(&self) -> Option<String> {
        let has_begun = !self.has_given_up && (self.daemon.is_some() || !self.is_resting);
        let is_idle = matches!(self.phase, Phase::Idle)
            && (self.has_published_enough() || self.recorded == self.work.events.len());
        let missing = self.hearing.missing(self.recorded, &self.work.events);
        let is_fed = self.feeding.has_taken(self.hearing.heard());
        (has_begun && !(is_idle && missing == 0 && is_fed)).then(|| {
            let Self { phase, recorded, feeding, .. } = self;
            let name = &self.config.name;
            format!(
                "{name} is {phase:?}, {recorded} of its events are recorded, of {missing} it heard nothing, {feeding:?}"
            )
        })
    }

    /// The life of its client, if it is there.
    #[must_use]
    pub fn life(&self) -> Option<Arc<Life>> {
        self.client.as_ref().map(|(life, _)| Arc::clone(life))
    }

    fn note(&self, line: std::fmt::Arguments<'_>) {
        self.around.tracer.note(&self.config.name, "person", line);
    }

    fn fact(&self, fact: &Fact) {
        self.evidence.fact(&self.config.name, fact);
    }

    fn sleep(&mut self, low: Duration, high: Duration) {
        let lasts = self.config.thinks(&mut self.draws, low, high);
        self.sleeps = true;
        self.config.wake_after(lasts, &self.around, &self.woken, self.life());
    }

    /// A wait is over.
    pub fn wake(&mut self) {
        if !std::mem::take(&mut self.sleeps) {
            return; // it went on meanwhile
        }
        match self.phase {
            Phase::Idle => self.do_next(),
            Phase::Starting => self.start(),
            Phase::Subscribing => self.subscribe(),
            Phase::Publishing { until } => self.publish(until),
            Phase::Feeding => self.feed(),
            Phase::Asking => self.idle(),
        }
    }

    fn do_next(&mut self) {
        let Some(daemon) = self.daemon else {
            return if self.is_resting { self.idle() } else { self.start() };
        };
        if !self.is_subscribed {
            return self.subscribe();
        }
        if !self.is_following {
            self.follow(daemon);
        }
        if self.wants_to_feed() {
            return self.feed();
        }
        let left = self.work.events.len() - self.recorded;
        if left == 0 || self.has_published_enough() {
            return self.idle();
        }
        if self.draws.percent(10) {
            return self.beside();
        }
        let count = usize::try_from(self.draws.between(1, BATCH as u64)).unwrap_or(BATCH).min(left);
        self.publish(self.recorded + count);
    }

    /// Something that has nothing to do with events.
    fn beside(&mut self) {
        let call = match self.draws.number() % 4 {
            0 => DaemonCall::Snapshot,
            1 => DaemonCall::Describe,
            _ => DaemonCall::Acknowledge { subscriber: self.origin, through: self.hearing.heard() },
        };
        if let DaemonCall::Acknowledge { through, .. } = call {
            self.hearing.acknowledge(through);
        }
        self.phase = Phase::Asking;
        self.call(call);
    }

    fn idle(&mut self) {
        self.phase = Phase::Idle;
        // Also who has nothing to do looks now and then whether the outputs still come.
        self.sleep(Duration::from_millis(100), Duration::from_secs(3));
    }

    /// Reads what has come; `false` if nothing has.
    pub fn read(&mut self) -> bool {
        let mut has_read = false;
        while let Some(news) = self.client.as_mut().and_then(|(_, client)| client.try_next()) {
            has_read = true;
            if !matches!(news, News::Told(_)) {
                self.note(format_args!("is told {news:?}"));
            }
        }
        while let Ok(told) = self.told.try_recv() {
            has_read = true;
            self.take(told);
        }
        has_read
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Started(Some(Ok(info))) if matches!(self.phase, Phase::Feeding) => {
                self.feeding.begins(info.entity);
                self.feed();
            }
            Told::Started(Some(Ok(info))) => {
                self.note(format_args!("has {} on {}", info.entity.short(), info.device_name));
                self.daemon = Some(info.entity);
                self.subscribe();
            }
            Told::Started(refused) => {
                self.note(format_args!("is refused a start: {refused:?}"));
                if self.is_resting { self.idle() } else { self.later() }
            }
            Told::Answered(answer) => self.answered(answer),
            Told::Update(number, update) if number == self.followings => self.hears(update),
            Told::Silent(number) if number == self.followings => {
                self.note(format_args!("hears nothing more"));
                self.is_following = false;
            }
            Told::Update(..) | Told::Silent(_) => {} // of a link that was lost
        }
    }

    fn later(&mut self) {
        self.sleep(Duration::from_millis(300), Duration::from_secs(4));
    }

    fn answered(&mut self, answer: Option<DaemonAnswer>) {
        self.note(format_args!("is answered {answer:?}"));
        let Some(daemon) = self.daemon else { return };
        match (&self.phase, answer) {
            (Phase::Publishing { .. }, Some(DaemonAnswer::Accepted { through })) => {
                self.recorded = usize::try_from(through).unwrap_or(usize::MAX).min(self.work.events.len());
                self.fact(&Fact::Confirmed { daemon, origin: self.origin, through });
                self.idle();
            }
            (Phase::Publishing { .. }, Some(DaemonAnswer::Gap { expected })) => {
                self.fact(&Fact::Missed { daemon, origin: self.origin, expected });
                self.recorded = usize::try_from(expected.saturating_sub(1)).unwrap_or(0).min(self.recorded);
                self.idle();
            }
            (Phase::Subscribing, Some(DaemonAnswer::Done)) => {
                self.is_subscribed = true;
                self.idle();
            }
            (Phase::Feeding, Some(answer)) => self.fed(daemon, &answer),
            (Phase::Asking, _) => self.idle(),
            _ => self.later(),
        }
    }

    fn hears(&mut self, update: DaemonUpdate) {
        let Some(daemon) = self.daemon else { return };
        let fact = self.hearing.take(daemon, self.origin, &self.work.events, &update);
        self.note(format_args!("hears {fact:?}"));
        self.fact(&fact);
    }
}
