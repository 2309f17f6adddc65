//! Somebody with a client who asks one thing at a time, and waits so long for its answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use wayfare_actors::actor::Fatal;
use wayfare_actors::client::Client;
use wayfare_actors::ports::Pending;

use crate::evidence::Evidence;
use crate::life::Life;
use crate::parts;
use crate::person::{Config, Woken};
use crate::place::Place;
use crate::ports::Disk;
use crate::process::Surroundings;
use crate::seed::Draws;

/// See the module. What it is told under the question's number is a `Told`.
pub(crate) struct Asker<Told> {
    pub(crate) config: Config,
    pub(crate) draws: Draws,
    pub(crate) evidence: Arc<Evidence>,
    around: Surroundings,
    woken: Woken,
    disk: Arc<Disk>,
    client: Option<(Arc<Life>, Client)>,
    starts: u64,
    /// Number of the newest question.
    asked: u64,
    tell: mpsc::UnboundedSender<(u64, Told)>,
    told: mpsc::UnboundedReceiver<(u64, Told)>,
    /// When the newest sleep is over.
    wakes_at: Duration,
}

impl<Told: Send + 'static> Asker<Told> {
    /// One who has not come yet.
    pub(crate) fn new(
        config: Config,
        around: Surroundings,
        evidence: Arc<Evidence>,
        woken: Woken,
        disk: Arc<Disk>,
    ) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        Self {
            draws: config.seed.draws(),
            config,
            evidence,
            around,
            woken,
            disk,
            client: None,
            starts: 0,
            asked: 0,
            tell,
            told,
            wakes_at: Duration::ZERO,
        }
    }

    /// Comes with a client that knows nothing.
    ///
    /// # Errors
    /// If the client does not start.
    pub(crate) async fn come(&mut self) -> Result<(), Fatal> {
        self.starts += 1;
        self.client = Some(parts::connect(&self.config, &self.around, &self.disk, self.starts).await?);
        Ok(())
    }

    /// Leaves, with everything that its client had.
    pub(crate) async fn leave(&mut self) {
        if let Some((life, client)) = self.client.take() {
            life.end();
            drop(client);
            self.around.world.settle().await;
            self.around.network.process_ended(Place::Person(self.config.number), &life, true);
        }
        self.waits_no_more();
    }

    /// The life of its client, if it is there.
    pub(crate) fn life(&self) -> Option<Arc<Life>> {
        self.client.as_ref().map(|(life, _)| Arc::clone(life))
    }

    pub(crate) fn note(&self, line: std::fmt::Arguments<'_>) {
        self.around.tracer.note(&self.config.name, "person", line);
    }

    pub(crate) fn sleep(&mut self, low: Duration, high: Duration) {
        let lasts = self.config.thinks(&mut self.draws, low, high);
        self.sleep_for(lasts);
    }

    pub(crate) fn sleep_for(&mut self, lasts: Duration) {
        self.wakes_at = self.around.world.elapsed() + lasts;
        self.config.wake_after(lasts, &self.around, &self.woken, self.life());
    }

    /// A while, for what its client does meanwhile.
    pub(crate) fn pause(&self, lasts: Duration) -> Pending<()> {
        let world = &self.around.world;
        self.life().map_or_else(
            || Box::pin(std::future::pending()) as _,
            |life| world.answer_at(world.nanos_after(lasts), &life, || ()),
        )
    }

    /// Whether it was the newest sleep that is over.
    pub(crate) fn is_awake(&self) -> bool {
        self.around.world.elapsed() >= self.wakes_at
    }

    /// What is told of the newest question comes too late.
    pub(crate) fn waits_no_more(&mut self) {
        self.asked += 1;
    }

    /// Asks, and sleeps until an answer would be late.
    pub(crate) fn ask<F: Future<Output = Told> + Send + 'static>(
        &mut self,
        patience: Duration,
        ask: impl FnOnce(&Client) -> F,
    ) {
        self.asked += 1;
        self.sleep_for(patience);
        if let Some((_, client)) = &self.client {
            let (asked, tell, told) = (self.asked, self.tell.clone(), ask(client));
            tokio::spawn(async move {
                let _ = tell.send((asked, told.await)); // the run is over
            });
        }
    }

    /// Takes what has come of its link, which says nothing; `false` if nothing has.
    pub(crate) fn reads_news(&mut self) -> bool {
        let mut has_read = false;
        while self.client.as_mut().and_then(|(_, client)| client.try_next()).is_some() {
            has_read = true;
        }
        has_read
    }

    /// What it is told next: `Some(None)` of a question that it waits for no more.
    pub(crate) fn next(&mut self) -> Option<Option<Told>> {
        let (asked, told) = self.told.try_recv().ok()?;
        Some((asked == self.asked).then_some(told))
    }
}
