//! People who write into a document that others write into too: they come with an empty device, write marks that nobody else writes, are told
//! that they are kept, and leave with everything that their device had.
//!
//! | phase \ told | done | no answer for [`PATIENCE`] |
//! |---|---|---|
//! | Away | – | – |
//! | Idle | – | – |
//! | Busy | Idle | Idle |
//!
//! When everything has healed each writes once more, which must be kept in time; comes back with an empty device, and reads everything.

mod page;
mod stroke;

use std::sync::Arc;
use std::time::Duration;

use wayfare_actors::actor::Fatal;
use wayfare_actors::document::LibraryError;
use wayfare_protocol::DocumentId;

use crate::asker::Asker;
use crate::evidence::Evidence;
use crate::life::Life;
use crate::marked;
use crate::person::{Config, Woken};
use crate::ports::Disk;
use crate::process::Surroundings;

use page::Page;
pub use stroke::{NoStroke, Stroke};

/// So long it is waited for what is asked.
const PATIENCE: Duration = Duration::from_secs(40);

/// What one is to do.
#[derive(Clone, Debug)]
pub struct Work {
    /// The path of the document.
    pub path: String,
    /// What they do, one after the other.
    pub strokes: Vec<Stroke>,
    /// Whether they write into the document where they are: what they must not do.
    pub keeps_awareness: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Their device is off.
    Away,
    Idle,
    /// Something was asked.
    Busy,
}

/// What is left to do at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// The strokes of its own come first.
    NotYet,
    /// One mark more is to be kept.
    Writes,
    /// That is done; reading comes when all have written.
    Written,
    /// Everything is to be read, with a device that has nothing.
    Reads,
    Done,
}

enum Told {
    Shown(Result<(), LibraryError>),
    Written(u64, Result<Option<DocumentId>, LibraryError>),
    Erased(Result<(), LibraryError>),
    Read(Result<bool, LibraryError>),
}

/// See the module.
pub struct Writer {
    asker: Asker<Told>,
    work: Work,
    /// Whether this life of its device has asked for nothing yet.
    is_fresh: bool,
    phase: Phase,
    last: Last,
    /// So many strokes are done.
    done: usize,
    marks: u64,
    /// Its marks that are kept, the oldest first.
    kept: Vec<(DocumentId, u64)>,
    is_resting: bool,
}

impl Writer {
    /// One who has not begun.
    #[must_use]
    pub fn new(
        config: Config,
        work: Work,
        around: Surroundings,
        evidence: Arc<Evidence>,
        woken: Woken,
        disk: Arc<Disk>,
    ) -> Self {
        Self {
            asker: Asker::new(config, around, evidence, woken, disk),
            work,
            is_fresh: true,
            phase: Phase::Away,
            last: Last::NotYet,
            done: 0,
            marks: 0,
            kept: Vec::new(),
            is_resting: false,
        }
    }

    /// Comes into being.
    ///
    /// # Errors
    /// If the client does not start.
    pub async fn begin(&mut self) -> Result<(), Fatal> {
        self.come().await?;
        self.asker.sleep(Duration::from_millis(20), Duration::from_secs(5));
        Ok(())
    }

    async fn come(&mut self) -> Result<(), Fatal> {
        self.asker.come().await?;
        (self.is_fresh, self.phase) = (true, Phase::Idle);
        Ok(())
    }

    async fn leave(&mut self) {
        self.asker.note(format_args!("leaves"));
        self.asker.leave().await;
        self.phase = Phase::Away;
    }

    /// Does nothing of its own any more.
    pub fn rest(&mut self) {
        self.is_resting = true;
    }

    /// Writes once more, at once.
    pub fn write_last(&mut self) {
        self.last = Last::Writes;
        self.hurry();
    }

    /// Reads everything.
    pub fn read_last(&mut self) {
        if self.last == Last::Written {
            self.last = Last::Reads;
            self.hurry();
        }
    }

    fn hurry(&mut self) {
        self.asker.config.hurries = true;
        if self.phase != Phase::Busy {
            self.asker.sleep(Duration::ZERO, Duration::ZERO);
        }
    }

    /// What is under way and must end in time, for people; `None`: nothing.
    #[must_use]
    pub fn doing(&self) -> Option<String> {
        let Self { phase, last, .. } = self;
        let is_busy = match last {
            Last::NotYet => self.is_resting && *phase == Phase::Busy,
            Last::Writes | Last::Reads => true,
            Last::Written | Last::Done => false,
        };
        let (name, path) = (&self.asker.config.name, &self.work.path);
        is_busy.then(|| format!("{name} is {phase:?} with {path:?}, at the end: {last:?}"))
    }

    /// The life of its client, if it is there.
    #[must_use]
    pub fn life(&self) -> Option<Arc<Life>> {
        self.asker.life()
    }

    /// A wait is over, or one before it that nobody waits for any more.
    ///
    /// # Errors
    /// If its client does not start.
    pub async fn wake(&mut self) -> Result<(), Fatal> {
        if !self.asker.is_awake() {
            return Ok(());
        }
        match self.phase {
            Phase::Away => {
                self.asker.note(format_args!("comes back"));
                self.come().await?;
                self.do_next().await;
            }
            Phase::Idle => self.do_next().await,
            Phase::Busy => {
                self.asker.note(format_args!("hears nothing"));
                self.asker.waits_no_more();
                self.idle();
            }
        }
        Ok(())
    }

    async fn do_next(&mut self) {
        match self.last {
            Last::Writes => return self.write(),
            Last::Reads if self.is_fresh => return self.read_all(),
            Last::Reads => {
                self.leave().await;
                return self.asker.sleep(Duration::from_millis(5), Duration::from_millis(50));
            }
            Last::NotYet if self.is_resting => return,
            Last::Written | Last::Done => return,
            Last::NotYet => {}
        }
        let Some(stroke) = self.work.strokes.get(self.done).copied() else { return };
        self.done += 1;
        match stroke {
            Stroke::Type => self.write(),
            Stroke::Erase => self.erase(),
            Stroke::Attach => self.attach(),
            Stroke::Show(lasts) => self.show(lasts),
            Stroke::Leave(lasts) => {
                self.leave().await;
                self.asker.sleep_for(lasts);
            }
        }
    }

    fn next_mark(&mut self) -> u64 {
        self.marks += 1;
        marked::of(self.asker.config.number, self.marks)
    }

    fn write(&mut self) {
        let mark = self.next_mark();
        let (path, spot) = (self.work.path.clone(), self.asker.draws.number());
        self.asker.note(format_args!("writes {mark}"));
        self.ask(move |page| async move { Told::Written(mark, page.write(&path, mark, spot).await) });
    }

    fn attach(&mut self) {
        let mark = self.next_mark();
        let (path, spot) = (self.work.path.clone(), self.asker.draws.number());
        self.asker.note(format_args!("brings a file, and writes {mark}"));
        self.ask(move |page| async move { Told::Written(mark, page.attach(&path, mark, spot).await) });
    }

    fn show(&mut self, lasts: Duration) {
        let (mark, path, keeps) = (self.next_mark(), self.work.path.clone(), self.work.keeps_awareness);
        let until = self.asker.pause(lasts);
        self.asker.note(format_args!("shows {mark}"));
        self.ask(move |page| async move { Told::Shown(page.show(&path, mark, until, keeps).await) });
    }

    fn erase(&mut self) {
        if self.kept.is_empty() {
            return self.idle();
        }
        let (document, mark) = self.kept.remove(0);
        self.asker.note(format_args!("erases {mark}"));
        self.ask(move |page| async move { Told::Erased(page.erase(document, mark).await) });
    }

    fn read_all(&mut self) {
        self.asker.note(format_args!("reads everything"));
        self.ask(|page| async move { Told::Read(page.read_all().await) });
    }

    fn ask<F: Future<Output = Told> + Send + 'static>(&mut self, ask: impl FnOnce(Page) -> F) {
        (self.is_fresh, self.phase) = (false, Phase::Busy);
        let (evidence, name) = (Arc::clone(&self.asker.evidence), self.asker.config.name.clone());
        self.asker.ask(PATIENCE, |client| ask(Page { library: client.library().clone(), evidence, name }));
    }

    /// Reads what has come; `false` if nothing has.
    pub fn read(&mut self) -> bool {
        let mut has_read = self.asker.reads_news();
        while let Some(told) = self.asker.next() {
            has_read = true;
            if let Some(told) = told {
                self.take(told);
            }
        }
        has_read
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Written(mark, outcome) => {
                self.asker.note(format_args!("is told of {mark}: {outcome:?}"));
                if let Ok(Some(document)) = outcome {
                    self.kept.push((document, mark));
                    if self.last == Last::Writes {
                        self.last = Last::Written;
                    }
                }
            }
            Told::Shown(outcome) => self.asker.note(format_args!("has shown where they are: {outcome:?}")),
            Told::Erased(outcome) => self.asker.note(format_args!("is told that it is erased: {outcome:?}")),
            Told::Read(outcome) => {
                self.asker.note(format_args!("has read everything: {outcome:?}"));
                if matches!(outcome, Ok(true)) {
                    self.last = Last::Done;
                }
            }
        }
        self.idle();
    }

    fn idle(&mut self) {
        self.phase = Phase::Idle;
        let (low, high) = match self.last {
            Last::NotYet => (Duration::from_millis(50), Duration::from_secs(6)),
            _ => (Duration::from_millis(300), Duration::from_secs(2)),
        };
        self.asker.sleep(low, high);
    }
}
