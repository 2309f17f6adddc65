//! The runs of a session: which are known, which wait, which one is started.

use std::collections::{BTreeMap, VecDeque};

use wayfare_protocol::mrp::ExecuteRequest;
use wayfare_protocol::output::RunOutcome;
use wayfare_protocol::{RunId, Wall};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Accepted, not started.
    Waiting,
    /// Started: a session host has it, or is about to.
    Started {
        /// By which kernel of the session.
        kernel: u32,
        /// Which execution.
        attempt: u32,
    },
    /// Over.
    Ended(RunOutcome),
}

/// A run that the session knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its place in the inbox.
    pub position: u64,
    /// When it was accepted.
    pub accepted_at: Wall,
    /// Where it stands.
    pub state: RunState,
}

/// The started run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// Its id.
    pub run: RunId,
    /// Its place in the inbox.
    pub position: u64,
    /// By which kernel of the session.
    pub kernel: u32,
    /// Which execution.
    pub attempt: u32,
}

/// All runs of a session's life, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    known: BTreeMap<RunId, Run>,
    waiting: VecDeque<(RunId, u64)>,
    /// What accepted runs execute, until they have ended.
    requests: BTreeMap<RunId, ExecuteRequest>,
    /// In order. More than one only after a restart that found the newer start and not the older end.
    started: VecDeque<Started>,
    last_position: u64,
}

impl Runs {
    /// Runs ever accepted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// Accepted runs that are not started.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Place of the next run.
    #[must_use]
    pub fn next_position(&self) -> u64 {
        self.last_position + 1
    }

    /// A run, if it is known.
    #[must_use]
    pub fn get(&self, run: RunId) -> Option<&Run> {
        self.known.get(&run)
    }

    /// All of them, in order of id.
    pub fn iter(&self) -> impl Iterator<Item = (&RunId, &Run)> {
        self.known.iter()
    }

    /// The started run: the newest, if a restart left several.
    #[must_use]
    pub fn started(&self) -> Option<Started> {
        self.started.back().copied()
    }

    /// Every started run whose end is not known, in order.
    #[must_use]
    pub fn all_started(&self) -> Vec<RunId> {
        self.started.iter().map(|started| started.run).collect()
    }

    /// The run that is started next.
    #[must_use]
    pub fn next_waiting(&self) -> Option<(RunId, u64)> {
        self.waiting.front().copied()
    }

    /// Every waiting run, in order.
    #[must_use]
    pub fn all_waiting(&self) -> Vec<RunId> {
        self.waiting.iter().map(|(run, _)| *run).collect()
    }

    /// What a run that has not ended executes.
    #[must_use]
    pub fn request(&self, run: RunId) -> Option<&ExecuteRequest> {
        self.requests.get(&run)
    }

    pub(super) fn accept(&mut self, run: RunId, position: u64, request: ExecuteRequest, at: Wall) {
        self.known.insert(run, Run { position, accepted_at: at, state: RunState::Waiting });
        self.waiting.push_back((run, position));
        self.requests.insert(run, request);
        self.last_position = position;
    }

    pub(super) fn start(&mut self, position: u64, attempt: u32, kernel: u32) {
        let Some(at) = self.waiting.iter().position(|(_, waiting)| *waiting == position) else { return };
        let Some((run, _)) = self.waiting.remove(at) else { return };
        self.started.push_back(Started { run, position, kernel, attempt });
        if let Some(known) = self.known.get_mut(&run) {
            known.state = RunState::Started { kernel, attempt };
        }
    }

    pub(super) fn end(&mut self, run: RunId, outcome: RunOutcome) {
        if let Some(known) = self.known.get_mut(&run) {
            known.state = RunState::Ended(outcome);
        }
        self.waiting.retain(|(waiting, _)| *waiting != run);
        self.requests.remove(&run);
        self.started.retain(|started| started.run != run);
    }
}
