//! A daemon whose owner is gone for good: orchestrator and target with a spare.

use super::orchestrator_steps::order;
use super::*;

/// An orchestrator that has read the row, and goes on from a spare of that position.
fn recovering(position: u64) -> Stepped<Orchestrator> {
    let mut lead = order(MoveMode::StopAndCopy, MoveCause::Loss, Some(THERE));
    lead.step(orchestrator::Input::Recover(ready(position, true)));
    let op = lead.op();
    let outcome = orchestrator::Outcome::Read(Ok(Some(row(HERE, EPOCH.n))));
    lead.step(orchestrator::Input::Done { op, outcome });
    lead
}

fn claimed(lead: &Stepped<Orchestrator>) -> Row {
    let claimed = lead.out.iter().find_map(|effect| match effect {
        orchestrator::Effect::Claim { claim, .. } => Some(claim.next.clone()),
        _ => None,
    });
    claimed.expect("the row is claimed")
}

fn state(lead: &Stepped<Orchestrator>) -> Option<MoveState> {
    lead.out.iter().rev().find_map(|effect| match effect {
        orchestrator::Effect::Publish(info) => Some(info.state.clone()),
        _ => None,
    })
}

#[test]
fn nothing_is_asked_of_a_source_that_is_gone() {
    let mut lead = recovering(3);
    assert_eq!(lead.said(), [&M::SnapshotReady(ready(3, true))], "the target is told of the spare");
    lead.hears(THERE, M::RestoreComplete { head: head(3) });
    let next = claimed(&lead);
    assert_eq!((next.owner, next.lineage, next.base), (THERE, Lineage(1), Some(head(3))));
    let op = lead.op();
    let granted = ClaimOutcome::Granted(Row { epoch: Epoch { generation: 1, n: 6 }, ..next });
    lead.step(orchestrator::Input::Done { op, outcome: orchestrator::Outcome::Claimed(Ok(granted)) });
    assert_eq!(lead.said(), [&M::ActivateTarget { source: HERE }]);
    lead.hears(THERE, M::ActivateAck);
    assert_eq!(state(&lead), Some(MoveState::Moved), "nobody is left who would clean up");
    assert!(lead.machine.is_over());
}

/// It had followed the owner before that was lost.
#[test]
fn a_copy_that_is_further_than_the_spare_is_taken_and_one_that_is_not_so_far_is_not() {
    let mut lead = recovering(3);
    lead.hears(THERE, M::RestoreComplete { head: head(8) });
    assert_eq!(claimed(&lead).base, Some(head(8)));
    let mut lead = recovering(3);
    lead.hears(THERE, M::RestoreComplete { head: head(2) });
    assert_eq!(state(&lead), Some(MoveState::Failed(FailureReason::WrongHead)));
}

#[test]
fn what_fails_without_a_source_ends_and_claims_nothing() {
    let mut lead = recovering(3);
    let reason = FailureReason::NoCode { kind: ready(3, true).key.kind };
    lead.hears(THERE, M::MigrationFailed { reason: reason.clone() });
    assert_eq!(state(&lead), Some(MoveState::Failed(reason.clone())));
    assert_eq!(lead.said(), [&M::MigrationFailed { reason }], "to the target only");
    assert!(lead.machine.is_over());
}

/// A head of an epoch that the row never had is not the owner's word.
#[test]
fn a_spare_of_a_later_epoch_than_the_row_or_of_another_entity_is_refused() {
    let forged = SignedHead::sign(&EntityKey::from_seed(&[8; 32]), Lineage(0), EPOCH, head(3));
    let later = SignedHead::sign(&EntityKey::from_seed(&[9; 32]), Lineage(0), Epoch { n: 6, ..EPOCH }, head(3));
    for wrong in [forged, later] {
        let mut lead = order(MoveMode::StopAndCopy, MoveCause::Loss, Some(THERE));
        lead.step(orchestrator::Input::Recover(Box::new(SnapshotReady { head: wrong, ..*ready(3, true) })));
        let op = lead.op();
        let outcome = orchestrator::Outcome::Read(Ok(Some(row(HERE, EPOCH.n))));
        lead.step(orchestrator::Input::Done { op, outcome });
        assert_eq!(state(&lead), Some(MoveState::Failed(FailureReason::WrongHead)));
    }
}

/// The row was claimed anew after the snapshot, as after a move that was called off.
#[test]
fn a_target_takes_a_spare_of_an_earlier_epoch() {
    let config = target::Config { daemon: entity(), here: THERE, others: 0, limits: limits() };
    let mut come = Stepped::new(Target::new(config, at(0)));
    let epoch = Epoch { n: EPOCH.n + 2, ..EPOCH };
    let message = MigrationMessage { epoch, ..message(Party::Target, M::SnapshotReady(ready(3, true))) };
    come.step(target::Input::Message { from: THERE, message });
    assert!(!come.machine.is_over());
    assert!(come.out.iter().any(|effect| matches!(effect, target::Effect::Host { ask: MoveAsk::Stand, .. })));
}
