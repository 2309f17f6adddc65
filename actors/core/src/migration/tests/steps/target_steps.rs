//! The target, stepped through.

use super::*;

impl Stepped<Target> {
    pub(super) fn hears(&mut self, from: NodeId, step: M) -> &[target::Effect] {
        self.step(target::Input::Message { from, message: message(Party::Target, step) })
    }

    pub(super) fn ends(&mut self, outcome: target::Outcome) -> &[target::Effect] {
        let op = self.out.iter().find_map(|effect| match effect {
            target::Effect::Host { op, .. }
            | target::Effect::Prepare { op, .. }
            | target::Effect::Pull { op, .. }
            | target::Effect::OpenKey { op, .. }
            | target::Effect::Arrive { op, .. } => Some(*op),
            _ => None,
        });
        let op = op.expect("something was asked");
        self.step(target::Input::Done { op, outcome })
    }

    pub(super) fn asks(&self) -> Vec<&MoveAsk> {
        let asks = self.out.iter().filter_map(|effect| match effect {
            target::Effect::Host { ask, .. } => Some(ask),
            _ => None,
        });
        asks.collect()
    }
}

pub(super) fn coming() -> Stepped<Target> {
    Stepped::new(Target::new(target::Config { daemon: entity(), here: THERE, others: 0, limits: limits() }, at(0)))
}

/// A target that follows from position 3.
pub(super) fn following() -> Stepped<Target> {
    let mut target = coming();
    target.hears(LEADER, M::SnapshotReady(ready(3, false)));
    target.ends(target::Outcome::Host(MoveAnswer::Standing(Standing::Absent)));
    target.ends(target::Outcome::Prepared(Ok(())));
    target.ends(target::Outcome::Pulled(Ok(())));
    target.ends(target::Outcome::Host(MoveAnswer::Stands(head(3))));
    target
}

pub(super) fn frames(stood: u64) -> M {
    M::BufferedEvents { frames: vec![Bytes::from_static(b"frame")], dead: Vec::new(), stood, sealed: None }
}

/// The promise is recorded before anybody can count on it; what is far behind promises nothing.
#[test]
fn a_target_records_that_it_keeps_its_copy_before_it_says_that_it_is_near() {
    let mut target = following();
    target.hears(HERE, frames(100));
    let out = target.ends(target::Outcome::Host(MoveAnswer::Stands(head(20))));
    assert_eq!(out.len(), 2, "far behind: both are told at once");
    target.hears(HERE, frames(100));
    target.ends(target::Outcome::Host(MoveAnswer::Stands(head(99))));
    assert_eq!(target.asks(), [&MoveAsk::Keep(EPOCH)]);
    assert_eq!(target.out.len(), 1, "nothing is said");
    let kept = Standing::Follows { head: head(99), kept: Some(EPOCH) };
    let out = target.ends(target::Outcome::Host(MoveAnswer::Standing(kept)));
    assert_eq!(out.len(), 2);
    target.hears(LEADER, M::MigrationFailed { reason: FailureReason::Cancelled });
    assert!(matches!(target.out[..], [target::Effect::ReadRow { .. }]), "only a row frees it: {:?}", target.out);
    assert!(!target.wake(500_000).iter().any(|effect| matches!(effect, target::Effect::Host { .. })));
    target.step(target::Input::Row(row(HERE, EPOCH.n)));
    assert!(target.out.is_empty(), "not the row that it knows");
    target.step(target::Input::Row(row(HERE, 6)));
    assert_eq!(target.asks(), [&MoveAsk::ForgetFollower(Epoch { generation: 1, n: 6 })]);
}

#[test]
fn a_target_that_has_promised_nothing_forgets_by_time() {
    let mut target = following();
    target.wake(799);
    assert!(target.asks().is_empty());
    target.wake(801);
    assert_eq!(target.asks(), [&MoveAsk::ForgetFollower(EPOCH)]);
}

/// Becomes live on a row that it has read, whatever it is told.
#[test]
fn a_target_becomes_live_only_on_a_row_that_names_it() {
    let mut target = following();
    target.hears(LEADER, M::ActivateTarget { source: HERE });
    assert!(matches!(target.out[..], [target::Effect::ReadRow { .. }]));
    target.step(target::Input::Row(row(THERE, 6)));
    assert_eq!(target.asks(), [&MoveAsk::Row(row(THERE, 6))]);
    let durability = Durability::Process;
    let owns = Standing::Owns { row: row(THERE, 6), durability, is_deterministic: true };
    let out = target.ends(target::Outcome::Host(MoveAnswer::Standing(owns)));
    let acks = out
        .iter()
        .filter(|effect| matches!(effect, target::Effect::Send { message, .. } if message.step == M::ActivateAck));
    assert_eq!(acks.count(), 2);
    assert!(target.machine.is_over());
}

/// What nobody signed for this epoch blocks nothing that comes after it.
#[test]
fn a_forged_snapshot_leaves_no_trace() {
    let mut target = coming();
    let key = EntityKey::from_seed(&[8; 32]);
    let forged = SignedHead::sign(&key, Lineage(0), EPOCH, head(u64::MAX));
    target.hears(STRANGER, M::SnapshotReady(Box::new(SnapshotReady { head: forged, ..*ready(3, false) })));
    assert!(target.machine.is_over());
    assert!(!target.out.iter().any(|effect| matches!(effect, target::Effect::Pull { .. })));
}

/// Its row says more than what this node has heard so far; then it is asked again.
#[test]
fn a_target_that_has_not_heard_of_its_loss_is_not_ready() {
    let sealed = |n| Standing::Sealed { row: row(THERE, n), durability: Durability::Process, head: head(2) };
    for (n, is_retriable) in [(EPOCH.n - 1, true), (EPOCH.n, false), (EPOCH.n + 1, false)] {
        let mut target = coming();
        target.hears(LEADER, M::SnapshotReady(ready(3, false)));
        target.ends(target::Outcome::Host(MoveAnswer::Standing(sealed(n))));
        let said = target.out.iter().find_map(|effect| match effect {
            target::Effect::Send { message: MigrationMessage { step: M::MigrationFailed { reason }, .. }, .. } => {
                Some(reason.is_retriable())
            }
            _ => None,
        });
        assert_eq!(said, Some(is_retriable), "epoch {n}: {:?}", target.out);
        assert!(target.machine.is_over());
    }
}

/// Before a byte is fetched: what is too large, and what is too many.
#[test]
fn a_target_takes_no_more_than_it_may() {
    let too_large = SnapshotReady { manifest: Manifest { total: u64::MAX, chunks: Vec::new() }, ..*ready(3, false) };
    let config = target::Config { daemon: entity(), here: THERE, others: limits().migrations, limits: limits() };
    let busy = Stepped::new(Target::new(config, at(0)));
    for (mut target, ready) in [(coming(), Box::new(too_large)), (busy, ready(3, false))] {
        target.hears(LEADER, M::SnapshotReady(ready));
        target.ends(target::Outcome::Host(MoveAnswer::Standing(Standing::Absent)));
        assert!(target.machine.is_over() && target.asks().is_empty(), "{:?}", target.out);
    }
}

/// Each attempt goes on with what is lacking, and there is a last one.
#[test]
fn a_snapshot_that_cannot_be_fetched_is_given_up() {
    let mut target = coming();
    target.hears(LEADER, M::SnapshotReady(ready(3, false)));
    target.ends(target::Outcome::Host(MoveAnswer::Standing(Standing::Absent)));
    target.ends(target::Outcome::Prepared(Ok(())));
    for attempt in 1..=limits().migration_pulls {
        assert!(matches!(target.out[..], [target::Effect::Pull { .. }]), "attempt {attempt}");
        target.ends(target::Outcome::Pulled(Err("away".to_owned())));
        target.wake(u64::from(attempt) * 1_000);
    }
    assert!(target.machine.is_over());
}
