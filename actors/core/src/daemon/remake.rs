//! Making the daemon from its logs: at the start, and after its code broke.

use wayfare_protocol::{Boot, ErrorCode, Now, Refusal};

use super::history::{History, Remade};
use super::record::Record;
use super::{DaemonHost, Effect, LoadError, Phase, accept};
use crate::machine::{OpId, Sink};
use crate::ownership;
use wayfare_protocol::daemon::DaemonAnswer;
use wayfare_protocol::snapshot::SnapshotBytes;

/// Where the reading of a snapshot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// It is being read.
    Reading(OpId),
    /// The store did not say; it is asked again at that time.
    Again(Boot),
}

impl DaemonHost {
    /// The logs are folded: what was owed before goes on.
    pub(super) fn recovered(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        let Phase::Folding(history) = &mut self.phase else { return };
        let history = std::mem::take(history);
        if self.ownership.row().is_none() && history.snapshot.is_none() {
            return out.push(Effect::Remove); // its creation was never durable: it does not exist
        }
        self.published = super::Published::Outdated;
        self.on_ownership(now, ownership::Input::Recovered, out);
        self.load(history, out);
    }

    /// The code broke: its memory is not to be trusted. The logs are read again once they say what it broke at.
    pub(super) fn make_anew(&mut self, out: &mut impl Sink<Effect>) {
        let op = self.ops.take();
        self.phase = Phase::Rereading { op };
        self.when_logged(Effect::Reread { op }, out);
    }

    pub(super) fn reread(&mut self, op: OpId, records: &[Record], out: &mut impl Sink<Effect>) {
        if !matches!(self.phase, Phase::Rereading { op: awaited } if awaited == op) {
            return;
        }
        let mut history = History::default();
        records.iter().for_each(|record| history.take(record));
        self.load(history, out);
    }

    fn load(&mut self, history: History, out: &mut impl Sink<Effect>) {
        match &history.snapshot {
            Some((_, manifest)) => {
                let op = self.ops.take();
                out.push(Effect::LoadSnapshot { op, manifest: manifest.clone() });
                self.phase = Phase::Loading { load: Load::Reading(op), history };
            }
            None => self.make(history, None, out),
        }
    }

    pub(super) fn loaded(
        &mut self,
        now: Now,
        op: OpId,
        result: Result<SnapshotBytes, LoadError>,
        out: &mut impl Sink<Effect>,
    ) {
        let Phase::Loading { load, history } = &mut self.phase else { return };
        if *load != Load::Reading(op) {
            return;
        }
        match result {
            Ok(snapshot) => {
                let history = std::mem::take(history);
                self.make(history, Some(&snapshot), out);
            }
            Err(LoadError::Later(_)) => *load = Load::Again(now.boot.after(self.config.limits.snapshot_retry)),
            Err(LoadError::Lost(why)) => self.fail(format!("its snapshot cannot be read: {why}"), out),
        }
    }

    /// When a snapshot is read again that the store did not give.
    pub(super) fn load_deadline(&self) -> Option<Boot> {
        match self.phase {
            Phase::Loading { load: Load::Again(at), .. } => Some(at),
            _ => None,
        }
    }

    pub(super) fn load_again(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.load_deadline().is_some_and(|at| at <= now.boot)
            && let Phase::Loading { history, .. } = &mut self.phase
        {
            let history = std::mem::take(history);
            self.load(history, out);
        }
    }

    /// Restores and replays.
    pub(super) fn make(&mut self, history: History, snapshot: Option<&SnapshotBytes>, out: &mut impl Sink<Effect>) {
        let Remade { runner, held, news, gave_up, snapshot, replayed, has_diverged } =
            match history.replay(snapshot, &self.key().kind, &self.config) {
                Ok(remade) => remade,
                Err(why) => return self.fail(why, out),
            };
        if let Some((manifest, head)) = snapshot {
            self.has_snapshot(manifest, head);
        }
        self.doubt = match (replayed, has_diverged, runner.code.deterministic()) {
            (0, _, _) | (_, false, true) => None,
            (_, true, true) => {
                Some("it calls itself deterministic, and its replay said something else than before".to_owned())
            }
            (_, _, false) => Some(
                "its events were processed again and it is not deterministic: state may differ from before".to_owned(),
            ),
        };
        let (chain, acknowledged) = (runner.memory.chain, runner.memory.acknowledged());
        let first_new = news.iter().flat_map(|frame| &frame.outputs).next().map(|output| output.link.sequence);
        self.phase = Phase::Running(runner);
        self.gave_up = gave_up;
        let through = first_new.map_or(chain.sequence(), |first| first - 1);
        self.outbox.rebase(&held, through + 1);
        self.outbox.show(through, acknowledged, &self.config.limits, out);
        for frame in news {
            self.log_outputs(frame, out);
        }
        self.ask_for_work(0, out);
    }

    fn fail(&mut self, why: String, out: &mut impl Sink<Effect>) {
        for (caller, _, _) in std::mem::take(&mut self.waiting) {
            let refusal = Refusal::new(ErrorCode::NoCapability, why.clone());
            accept::reply(caller, DaemonAnswer::Refused(refusal), out);
        }
        let refusal = Refusal::new(ErrorCode::NoCapability, why.clone());
        self.phase = Phase::Failed { why };
        self.refuse_gathered(&refusal, out);
        self.refuse_snapshots(&refusal, out);
        self.call_seal_off(&refusal, out);
    }
}
