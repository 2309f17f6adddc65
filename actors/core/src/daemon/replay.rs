//! A replay of the inbox beside the daemon: whether it says and becomes the same once more. What a restart would do, to look at.

use wayfare_protocol::daemon::{DaemonAnswer, MeshDaemon, ReplayInfo, Replayed};
use wayfare_protocol::snapshot::SnapshotBytes;
use wayfare_protocol::{ErrorCode, Refusal};

use super::history::History;
use super::record::Record;
use super::{DaemonHost, Effect, LoadError, reply};
use crate::machine::{OpId, Sink};
use crate::session::Caller;

/// How far it is.
#[derive(Debug, Default)]
pub(super) enum Replaying {
    /// Nobody asked for one.
    #[default]
    No,
    /// The logs are being read.
    Reading { op: OpId, caller: Caller },
    /// The snapshot is being read.
    Loading { op: OpId, caller: Caller, history: History },
}

impl DaemonHost {
    pub(super) fn replay(&mut self, caller: Caller, out: &mut impl Sink<Effect>) {
        if !matches!(self.replaying, Replaying::No) {
            return refuse(caller, ErrorCode::Overloaded, "a replay is under way", out);
        }
        let op = self.ops.take();
        self.replaying = Replaying::Reading { op, caller };
        out.push(Effect::Reread { op });
    }

    /// The logs were read; whether it was for a replay.
    pub(super) fn replay_read(&mut self, op: OpId, records: &[Record], out: &mut impl Sink<Effect>) -> bool {
        let Replaying::Reading { op: awaited, caller } = self.replaying else { return false };
        if awaited != op {
            return false;
        }
        self.replaying = Replaying::No;
        let mut history = History::default();
        records.iter().for_each(|record| history.take(record));
        match &history.snapshot {
            Some((_, manifest)) => {
                let (op, manifest) = (self.ops.take(), manifest.clone());
                self.replaying = Replaying::Loading { op, caller, history };
                out.push(Effect::LoadSnapshot { op, manifest });
            }
            None => self.compare_replay(caller, history, None, out),
        }
        true
    }

    /// A snapshot was read; whether it was for a replay.
    pub(super) fn replay_loaded(
        &mut self,
        op: OpId,
        snapshot: &Result<SnapshotBytes, LoadError>,
        out: &mut impl Sink<Effect>,
    ) -> bool {
        match std::mem::take(&mut self.replaying) {
            Replaying::Loading { op: awaited, caller, history } if awaited == op => {
                match snapshot {
                    Ok(snapshot) => self.compare_replay(caller, history, Some(snapshot), out),
                    Err(why) => refuse(caller, ErrorCode::StorageFailed, &why.to_string(), out),
                }
                true
            }
            other => {
                self.replaying = other;
                false
            }
        }
    }

    fn compare_replay(
        &mut self,
        caller: Caller,
        history: History,
        snapshot: Option<&SnapshotBytes>,
        out: &mut impl Sink<Effect>,
    ) {
        let from = history.snapshot.as_ref().map_or(0, |(position, _)| *position);
        let has_outputs = history.has_outputs();
        let remade = match history.replay(snapshot, &self.key().kind, &self.config) {
            Ok(remade) => remade,
            Err(why) => return refuse(caller, ErrorCode::StorageFailed, &why, out),
        };
        let outputs = match (remade.has_diverged, has_outputs) {
            (true, _) => Replayed::Different,
            (false, true) => Replayed::Same,
            (false, false) => Replayed::Unknown,
        };
        let again = &remade.runner;
        let state = match self.runner() {
            Some(runner) if runner.memory.position == again.memory.position => {
                compare_states(runner.code.as_ref(), again.code.as_ref())
            }
            _ => Replayed::Unknown,
        };
        if again.code.deterministic() && [outputs, state].contains(&Replayed::Different) {
            self.doubt = Some("it calls itself deterministic, and a replay came to something else".to_owned());
        }
        let info = ReplayInfo { from, through: again.memory.position, outputs, state };
        reply(caller, DaemonAnswer::Replayed(info), out);
    }
}

fn compare_states(one: &dyn MeshDaemon, other: &dyn MeshDaemon) -> Replayed {
    let is_same = match (one.state_digest(), other.state_digest()) {
        (Some(one), Some(other)) => Some(one == other),
        _ => one.snapshot().ok().zip(other.snapshot().ok()).map(|(one, other)| one == other),
    };
    match is_same {
        Some(true) => Replayed::Same,
        Some(false) => Replayed::Different,
        None => Replayed::Unknown,
    }
}

fn refuse(caller: Caller, code: ErrorCode, why: &str, out: &mut impl Sink<Effect>) {
    reply(caller, DaemonAnswer::Refused(Refusal::new(code, why.to_owned())), out);
}
