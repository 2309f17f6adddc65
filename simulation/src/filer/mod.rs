//! People whose programs write files into a node's bound folder, whether the node's process runs or not. A program reads a file and
//! writes it in one moment: what it had not read it does not overwrite.

mod stroke;

use std::sync::Arc;
use std::time::Duration;

use wayfare_actors::contract::folder::FolderWorld as _;
use wayfare_core::Fact;
use wayfare_core::fact::Writing;
use wayfare_core::folder_binding::paths::is_document;

use crate::evidence::Evidence;
use crate::marked;
use crate::person::{Config, Woken};
use crate::ports::Folder;
use crate::process::Surroundings;
use crate::seed::Draws;

pub use stroke::{FileStroke, NoFileStroke};

/// Marks of files that lie in several folders begin here.
const OF_COPIES: u64 = 900_000_000;

/// What one is to do.
#[derive(Clone, Debug)]
pub struct Work {
    /// Files that lie in the folder before anything is bound: the same in every folder that has one of that path.
    pub finds: Vec<String>,
    /// What is done, one after the other.
    pub strokes: Vec<FileStroke>,
}

/// See the module.
pub struct Filer {
    config: Config,
    work: Work,
    folder: Arc<Folder>,
    /// Its node's name.
    place: String,
    around: Surroundings,
    evidence: Arc<Evidence>,
    woken: Woken,
    draws: Draws,
    /// So many strokes are done.
    done: usize,
    /// So many files and marks were made.
    made: u64,
    is_resting: bool,
}

impl Filer {
    /// One who has not begun.
    #[must_use]
    pub fn new(
        config: Config,
        work: Work,
        (place, folder): (String, Arc<Folder>),
        around: Surroundings,
        evidence: Arc<Evidence>,
        woken: Woken,
    ) -> Self {
        let draws = config.seed.draws();
        Self { config, work, folder, place, around, evidence, woken, draws, done: 0, made: 0, is_resting: false }
    }

    /// Puts the files there that are found.
    pub fn begin(&mut self) {
        for (path, number) in self.work.finds.clone().iter().zip(0..) {
            let mark = OF_COPIES + number;
            self.filed(mark);
            self.folder.files.write(path, marked::line(mark).as_bytes());
        }
        self.sleep();
    }

    fn sleep(&mut self) {
        let lasts = self.config.thinks(&mut self.draws, Duration::from_millis(50), Duration::from_secs(6));
        self.config.wake_after(lasts, &self.around, &self.woken, None);
    }

    /// Does nothing of its own any more.
    pub fn rest(&mut self) {
        self.is_resting = true;
    }

    /// Writes once more.
    pub fn write_last(&mut self) {
        self.write();
    }

    /// A wait is over.
    pub fn wake(&mut self) {
        let Some(stroke) = self.work.strokes.get(self.done).copied().filter(|_| !self.is_resting) else { return };
        self.done += 1;
        match stroke {
            FileStroke::Type => self.write(),
            FileStroke::Rename => self.rename(),
            FileStroke::Remove => self.remove(),
            FileStroke::Picture => self.picture(),
            FileStroke::Wait(lasts) => {
                return self.config.wake_after(lasts, &self.around, &self.woken, None);
            }
        }
        self.sleep();
    }

    fn note(&self, line: std::fmt::Arguments<'_>) {
        self.around.tracer.note(&self.config.name, "person", line);
    }

    fn fact(&self, fact: Writing) {
        self.evidence.fact(&self.place, &Fact::Writing(fact));
    }

    fn filed(&self, mark: u64) {
        self.fact(Writing::Filed { mark });
    }

    /// The number of the next thing that is made.
    fn next(&mut self) -> u64 {
        self.made += 1;
        marked::of(self.config.number, self.made)
    }

    /// One of the files that are documents, or are not.
    fn pick(&mut self, documents: bool) -> Option<String> {
        let paths: Vec<String> =
            self.folder.files.all().into_keys().filter(|path| is_document(path) == documents).collect();
        self.draws.pick(&paths).cloned()
    }

    fn write(&mut self) {
        let mark = self.next();
        let known = if self.draws.percent(80) { self.pick(true) } else { None };
        let path = known.unwrap_or_else(|| format!("file{mark}.md"));
        let bytes = self.folder.files.read(&path).unwrap_or_default();
        let text = marked::with(&String::from_utf8_lossy(&bytes), self.draws.number(), &marked::line(mark));
        self.note(format_args!("writes {mark} into {path:?} of {}", self.place));
        self.filed(mark);
        self.folder.files.write(&path, text.as_bytes());
    }

    fn rename(&mut self) {
        let Some(from) = self.pick(true) else { return };
        let to = format!("moved/file{}.md", self.next());
        self.note(format_args!("gives {from:?} of {} the name {to:?}", self.place));
        self.fact(Writing::Unfiled { marks: Vec::new() });
        let _ = self.folder.files.moves(&from, &to); // both were looked at in this moment
    }

    fn remove(&mut self) {
        let Some(path) = self.pick(true) else { return };
        self.note(format_args!("removes {path:?} of {}", self.place));
        let bytes = self.folder.files.read(&path).unwrap_or_default();
        self.fact(Writing::Unfiled { marks: marked::marks(&String::from_utf8_lossy(&bytes)) });
        self.folder.files.remove(&path);
    }

    fn picture(&mut self) {
        let number = self.next();
        let known = if self.draws.percent(40) { self.pick(false) } else { None };
        let path = known.unwrap_or_else(|| format!("picture{number}.png"));
        let mut bytes = vec![0; usize::try_from(self.draws.between(1, 3_000)).unwrap_or(1)];
        self.draws.fill(&mut bytes);
        self.note(format_args!("writes {} bytes into {path:?} of {}", bytes.len(), self.place));
        self.folder.files.write(&path, &bytes);
    }
}
