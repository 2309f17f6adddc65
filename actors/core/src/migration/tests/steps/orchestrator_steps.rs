//! The orchestrator, stepped through.

use super::*;

impl Stepped<Orchestrator> {
    pub(super) fn hears(&mut self, from: NodeId, step: M) -> &[orchestrator::Effect] {
        self.step(orchestrator::Input::Message { from, message: message(Party::Orchestrator, step) })
    }

    pub(super) fn said(&self) -> Vec<&M> {
        let said = self.out.iter().filter_map(|effect| match effect {
            orchestrator::Effect::Send { message, .. } => Some(&message.step),
            _ => None,
        });
        said.collect()
    }

    pub(super) fn op(&self) -> OpId {
        let op = self.out.iter().find_map(|effect| match effect {
            orchestrator::Effect::ReadRow { op }
            | orchestrator::Effect::Claim { op, .. }
            | orchestrator::Effect::Choose { op, .. } => Some(*op),
            _ => None,
        });
        op.expect("something was asked")
    }

    pub(super) fn is_claimed_for(&self, node: NodeId) -> bool {
        self.out.iter().any(|effect| {
            matches!(effect, orchestrator::Effect::Claim { claim, .. }
                if claim.next.owner == node && claim.expect == Some(EPOCH))
        })
    }
}

pub(super) fn order(mode: MoveMode, cause: MoveCause, to: Option<NodeId>) -> Stepped<Orchestrator> {
    let order = MoveOrder { daemon: entity(), to, mode, cause };
    let config = orchestrator::Config { migration: id(1), order, by: LEADER.0, limits: limits(), seed: 7 };
    Stepped::new(Orchestrator::new(config, at(0)))
}

/// An orchestrator that has asked for a snapshot.
pub(super) fn leading(mode: MoveMode) -> Stepped<Orchestrator> {
    let mut lead = order(mode, MoveCause::Asked, Some(THERE));
    lead.step(orchestrator::Input::Start);
    let outcome = orchestrator::Outcome::Read(Ok(Some(row(HERE, EPOCH.n))));
    let op = lead.op();
    lead.step(orchestrator::Input::Done { op, outcome });
    lead
}

/// One that has told the source to seal.
pub(super) fn cutting_over() -> Stepped<Orchestrator> {
    let mut lead = leading(MoveMode::Live);
    lead.hears(HERE, M::SnapshotReady(ready(3, false)));
    lead.hears(THERE, M::RestoreComplete { head: head(3) });
    lead.hears(THERE, M::ReplayComplete { head: head(8), behind: 1 });
    assert!(lead.said().contains(&&M::CutoverNotify { target: THERE }));
    lead
}

pub(super) fn sealed_at(position: u64) -> M {
    M::BufferedEvents { frames: Vec::new(), dead: Vec::new(), stood: position, sealed: Some(signed(position)) }
}

#[test]
fn the_row_is_claimed_for_the_target_only_at_one_head() {
    let mut lead = cutting_over();
    lead.hears(HERE, sealed_at(9));
    assert!(!lead.is_claimed_for(THERE), "the target is one behind");
    lead.hears(THERE, M::ReplayComplete { head: head(9), behind: 0 });
    assert!(lead.is_claimed_for(THERE));
}

#[test]
fn a_target_that_stands_elsewhere_gets_the_sealed_snapshot() {
    let mut lead = cutting_over();
    lead.hears(HERE, sealed_at(9));
    let other = Head { output_hash: 1, ..head(9) };
    lead.hears(THERE, M::ReplayComplete { head: other, behind: 0 });
    assert_eq!(lead.said(), [&M::TakeSnapshot { target: THERE, seal: true }]);
    lead.hears(HERE, M::SnapshotReady(ready(9, true)));
    lead.hears(THERE, M::RestoreComplete { head: head(9) });
    assert!(lead.is_claimed_for(THERE));
}

/// A head that the entity has not signed counts for nothing.
#[test]
fn a_forged_seal_ends_the_migration() {
    let mut lead = cutting_over();
    let forged = SignedHead::sign(&EntityKey::from_seed(&[8; 32]), Lineage(0), EPOCH, head(8));
    let step = M::BufferedEvents { frames: Vec::new(), dead: Vec::new(), stood: 8, sealed: Some(forged) };
    lead.hears(HERE, step);
    assert!(lead.is_claimed_for(HERE) && !lead.is_claimed_for(THERE));
}

#[test]
fn before_the_seal_an_abort_needs_no_row_and_after_it_nothing_else_does() {
    let mut lead = leading(MoveMode::Live);
    lead.hears(HERE, M::SnapshotReady(ready(3, false)));
    let reason = FailureReason::state("torn");
    lead.hears(THERE, M::MigrationFailed { reason: reason.clone() });
    assert_eq!(lead.said().len(), 2, "both are told");
    assert!(lead.machine.is_over());

    let mut lead = cutting_over();
    lead.hears(THERE, M::MigrationFailed { reason: reason.clone() });
    assert!(lead.is_claimed_for(HERE) && lead.said().is_empty(), "{:?}", lead.out);
    let outcome = orchestrator::Outcome::Claimed(Ok(ClaimOutcome::Granted(row(HERE, 6))));
    let op = lead.op();
    lead.step(orchestrator::Input::Done { op, outcome });
    assert_eq!(lead.said(), [&M::MigrationFailed { reason: reason.clone() }, &M::MigrationFailed { reason }]);
}

/// Time only leads to an attempt: that the commit was there first is found out by it.
#[test]
fn a_time_out_after_the_seal_is_an_attempt_that_may_find_the_commit() {
    let mut lead = cutting_over();
    let op_of = |lead: &Stepped<Orchestrator>| lead.op();
    lead.wake(60_000);
    assert!(lead.is_claimed_for(HERE));
    let op = op_of(&lead);
    let outcome = orchestrator::Outcome::Claimed(Ok(ClaimOutcome::Superseded(row(THERE, 6))));
    lead.step(orchestrator::Input::Done { op, outcome });
    assert_eq!(lead.said(), [&M::ActivateTarget { source: HERE }]);
    lead.hears(HERE, M::CleanupComplete);
    let moved = |effect: &orchestrator::Effect| matches!(effect, orchestrator::Effect::Publish(info) if info.state == MoveState::Moved);
    assert!(lead.out.iter().any(moved));
}

/// Half a second, a second and so on with jitter, and not for ever.
#[test]
fn a_target_that_is_not_ready_is_asked_again_within_a_budget() {
    let mut lead = leading(MoveMode::Live);
    lead.hears(HERE, M::SnapshotReady(ready(3, false)));
    let mut waits = Vec::new();
    while !lead.machine.is_over() {
        let reason = FailureReason::NotReady { why: "busy".to_owned() };
        lead.hears(THERE, M::MigrationFailed { reason });
        let Some(due) = lead.machine.deadline() else { break };
        waits.push(due.since(lead.now.boot));
        let due = u64::try_from(due.0.as_millis()).unwrap() + 1;
        lead.wake(due);
        assert!(matches!(lead.said()[..], [M::SnapshotReady(_)]) || lead.machine.is_over());
    }
    let limits = limits();
    assert!(waits.len() > 3 && waits.iter().all(|wait| *wait <= limits.migration_ready_max), "{waits:?}");
    assert!(lead.now.boot.0 <= limits.migration_ready_budget + limits.migration_ready_max);
}

#[test]
fn a_daemon_that_is_not_deterministic_is_copied_instead() {
    let mut lead = leading(MoveMode::Live);
    assert_eq!(lead.said(), [&M::TakeSnapshot { target: THERE, seal: false }]);
    lead.hears(HERE, M::MigrationFailed { reason: FailureReason::NotDeterministic });
    assert_eq!(lead.said(), [&M::TakeSnapshot { target: THERE, seal: true }]);
}

#[test]
fn only_its_own_node_moves_a_daemon_away_for_its_own_sake() {
    for (cause, may) in [(MoveCause::Asked, true), (MoveCause::Overload, false), (MoveCause::Drain, false)] {
        let mut lead = order(MoveMode::Live, cause, Some(THERE));
        lead.step(orchestrator::Input::Start);
        let outcome = orchestrator::Outcome::Read(Ok(Some(row(HERE, EPOCH.n))));
        let op = lead.op();
        lead.step(orchestrator::Input::Done { op, outcome });
        assert_eq!(!lead.machine.is_over(), may, "{cause:?}");
    }
}

#[test]
fn without_a_target_one_is_chosen_and_without_any_it_says_so() {
    let mut lead = order(MoveMode::Live, MoveCause::Asked, None);
    lead.step(orchestrator::Input::Start);
    let (op, outcome) = (lead.op(), orchestrator::Outcome::Read(Ok(Some(row(HERE, EPOCH.n)))));
    lead.step(orchestrator::Input::Done { op, outcome });
    let unanswered = lead.op();
    let nobody = Err(Refusal::new(ErrorCode::OwnerUnreachable, "no cloud"));
    lead.step(orchestrator::Input::Done { op: unanswered, outcome: orchestrator::Outcome::Chosen(nobody) });
    let due = lead.machine.deadline().expect("it asks again").since(at(0).boot);
    lead.wake(u64::try_from(due.as_millis()).unwrap());
    let op = lead.op();
    assert_ne!(op, unanswered);
    lead.step(orchestrator::Input::Done { op, outcome: orchestrator::Outcome::Chosen(Ok(None)) });
    let failed = |effect: &orchestrator::Effect| {
        matches!(effect, orchestrator::Effect::Publish(info)
            if info.state == MoveState::Failed(FailureReason::NoTarget))
    };
    assert!(lead.out.iter().any(failed));
}

/// Every message that is not awaited, or comes from somebody else, is named and changes nothing.
#[test]
fn what_is_not_awaited_changes_nothing() {
    let acts = |effect: &orchestrator::Effect| !matches!(effect, orchestrator::Effect::Rejected { .. });
    let mut lead = leading(MoveMode::Live);
    for step in [M::RestoreComplete { head: head(1) }, M::ReplayComplete { head: head(1), behind: 0 }, M::ActivateAck] {
        let out = lead.hears(THERE, step);
        assert!(!out.iter().any(acts) && out.len() == 1, "{out:?}");
    }
    for step in [M::SnapshotReady(ready(3, false)), M::MigrationFailed { reason: FailureReason::Cancelled }] {
        let out = lead.hears(STRANGER, step);
        assert!(
            matches!(out, [orchestrator::Effect::Rejected { wrong: Wrong::Peer { from: STRANGER, .. }, .. }]),
            "{out:?}"
        );
    }
    lead.hears(HERE, M::SnapshotReady(ready(3, false)));
    assert!(matches!(lead.said()[..], [M::SnapshotReady(_)]), "and it goes on as if nothing had been");
}

/// The best that was chosen refuses: the next is asked, in a migration of its own, and in the end the reason is the last one's.
#[test]
fn a_chosen_target_that_refuses_is_followed_by_another() {
    let chosen = |lead: &mut Stepped<Orchestrator>, target| {
        let row = orchestrator::Outcome::Read(Ok(Some(row(HERE, EPOCH.n))));
        lead.step(orchestrator::Input::Done { op: lead.op(), outcome: row });
        let op = lead.op();
        lead.step(orchestrator::Input::Done { op, outcome: orchestrator::Outcome::Chosen(Ok(target)) });
    };
    let reason = FailureReason::TooLarge { bytes: 10, max: 5 };
    let mut lead = order(MoveMode::Live, MoveCause::Asked, None);
    lead.step(orchestrator::Input::Start);
    chosen(&mut lead, Some(THERE));
    lead.hears(HERE, M::SnapshotReady(ready(3, false)));
    lead.hears(THERE, M::MigrationFailed { reason: reason.clone() });
    assert_eq!(lead.said(), [&M::MigrationFailed { reason: reason.clone() }], "the source is told, who refused is not");
    let refused = orchestrator::Refused { by: vec![THERE], reason: Some(reason.clone()) };
    assert!(lead.out.contains(&orchestrator::Effect::Another(refused.clone())), "{:?}", lead.out);
    assert!(lead.machine.is_over());
    let mut next = order(MoveMode::Live, MoveCause::Asked, None);
    next.step(orchestrator::Input::Another(refused));
    let row = orchestrator::Outcome::Read(Ok(Some(row(HERE, EPOCH.n))));
    next.step(orchestrator::Input::Done { op: next.op(), outcome: row });
    let asks =
        |effect: &orchestrator::Effect| matches!(effect, orchestrator::Effect::Choose { not, .. } if *not == [THERE]);
    assert!(next.out.iter().any(asks), "{:?}", next.out);
    let op = next.op();
    next.step(orchestrator::Input::Done { op, outcome: orchestrator::Outcome::Chosen(Ok(None)) });
    let failed = |effect: &orchestrator::Effect| matches!(effect, orchestrator::Effect::Publish(info) if info.state == MoveState::Failed(reason.clone()));
    assert!(next.out.iter().any(failed), "{:?}", next.out);
}

/// Where a person has named the target, or the source may be sealed, nobody else is asked.
#[test]
fn a_target_that_was_named_is_not_replaced() {
    let mut lead = leading(MoveMode::Live);
    lead.hears(HERE, M::SnapshotReady(ready(3, false)));
    lead.hears(THERE, M::MigrationFailed { reason: FailureReason::TooLarge { bytes: 10, max: 5 } });
    assert!(!lead.out.iter().any(|effect| matches!(effect, orchestrator::Effect::Another(_))));
    assert!(lead.machine.is_over());
}
