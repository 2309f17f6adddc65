//! What is told of a migration: to people how far it is, to oracles whom it has chosen.

use wayfare_protocol::Boot;
use wayfare_protocol::migration::{MoveInfo, MoveMode, MoveState};
use wayfare_protocol::ownership::ResourceKey;

use super::{Effect, Moving, Orchestrator, Phase, Seal, Stage};
use crate::fact::{Fact, Placing, Witness};
use crate::machine::Sink;

impl Orchestrator {
    pub(super) fn publish(&self, out: &mut impl Sink<Effect>) {
        if let Stage::Moving(moving) = &self.stage {
            self.publish_as(MoveState::Moving(moving.phase.shown()), out);
        }
    }

    pub(super) fn publish_as(&self, state: MoveState, out: &mut impl Sink<Effect>) {
        let (source, target, bytes) = match &self.stage {
            Stage::Moving(moving) => (Some(moving.row.owner), Some(moving.target), moving.bytes),
            Stage::Choosing { row, .. } => (Some(row.owner), None, 0),
            Stage::New | Stage::Looking { .. } | Stage::Ended => (None, self.config.order.to, 0),
        };
        let (migration, daemon) = (self.config.migration, self.config.order.daemon);
        let ms = |from: Boot, at: Boot| u64::try_from(at.since(from).as_millis()).unwrap_or(u64::MAX);
        let begun = self.times.phases.first().map(|(_, at)| *at);
        let phases = self.times.phases.iter().map(|(phase, at)| (*phase, begun.map_or(0, |begun| ms(begun, *at))));
        let pause_ms = self.times.sealed.zip(self.times.live).map(|(sealed, live)| ms(sealed, live));
        let phases = phases.collect();
        let info = MoveInfo { migration, daemon, source, target, state, bytes, phases, pause_ms };
        out.push(Effect::Publish(Box::new(info)));
    }

    /// Whom it has chosen, once.
    pub(super) fn tell(&self, effect: &Effect, to: &mut Witness) {
        let (Effect::Publish(_), Stage::Moving(moving)) = (effect, &self.stage) else { return };
        if let (Phase::Snapshot, true, ResourceKey::Daemon(key)) =
            (&moving.phase, self.has_chosen(moving), &moving.row.key)
        {
            let (daemon, kind, node) = (Some(self.config.order.daemon), key.kind.clone(), moving.target);
            to.tell(Fact::Placing(Placing::Chosen { daemon, kind, node, leaves: Some(moving.row.owner) }));
        }
    }

    /// Whether nobody has named the target, and it was chosen just now: a snapshot is also asked for once more, of a source to be sealed.
    fn has_chosen(&self, moving: &Moving) -> bool {
        let order = &self.config.order;
        let is_first = moving.seal == Seal::NotAsked || order.mode == MoveMode::StopAndCopy;
        order.to.is_none() && is_first && self.times.phases.len() == 1
    }
}
