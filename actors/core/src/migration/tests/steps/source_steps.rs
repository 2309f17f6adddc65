//! The source, stepped through.

use super::*;

impl Stepped<Source> {
    pub(super) fn hears(&mut self, from: NodeId, step: M) -> &[source::Effect] {
        self.step(source::Input::Message { from, message: message(Party::Source, step) })
    }

    pub(super) fn host_says(&mut self, answer: MoveAnswer) -> &[source::Effect] {
        let op = self.out.iter().find_map(|effect| match effect {
            source::Effect::Host { op, .. } => Some(*op),
            _ => None,
        });
        let op = op.expect("the host was asked");
        self.step(source::Input::Done { op, outcome: source::Outcome::Host(answer) })
    }

    pub(super) fn asks(&self) -> Vec<&MoveAsk> {
        let asks = self.out.iter().filter_map(|effect| match effect {
            source::Effect::Host { ask, .. } => Some(ask),
            _ => None,
        });
        asks.collect()
    }

    pub(super) fn said(&self) -> Vec<&M> {
        let said = self.out.iter().filter_map(|effect| match effect {
            source::Effect::Send { message, .. } => Some(&message.step),
            _ => None,
        });
        said.collect()
    }
}

pub(super) fn owns() -> MoveAnswer {
    let durability = Durability::Process;
    MoveAnswer::Standing(Standing::Owns { row: row(HERE, EPOCH.n), durability, is_deterministic: true })
}

pub(super) fn leaving() -> Stepped<Source> {
    Stepped::new(Source::new(source::Config { daemon: entity(), here: HERE, limits: limits() }, at(0)))
}

/// A source that has sealed by stop-and-copy.
pub(super) fn sealed_source() -> Stepped<Source> {
    let mut source = leaving();
    source.hears(LEADER, M::TakeSnapshot { target: THERE, seal: true });
    source.host_says(owns());
    assert_eq!(source.asks(), [&MoveAsk::Seal]);
    source.host_says(MoveAnswer::Sealed(head(9)));
    assert_eq!(source.asks(), [&MoveAsk::Cut]);
    source
}

/// A snapshot that no node takes is refused where it is made, before anything is sent.
#[test]
fn a_snapshot_over_the_limit_is_an_error_at_the_source() {
    let mut source = leaving();
    source.hears(LEADER, M::TakeSnapshot { target: THERE, seal: false });
    source.host_says(owns());
    let (bytes, max) = (limits().snapshot + 1, limits().snapshot);
    source.host_says(MoveAnswer::Cut(Manifest { total: bytes, chunks: Vec::new() }, head(3)));
    assert_eq!(source.said(), [&M::MigrationFailed { reason: FailureReason::TooLarge { bytes, max } }]);
    assert!(source.machine.is_over());
}

#[test]
fn a_second_migration_of_a_daemon_is_told_of_the_first() {
    let mut source = sealed_source();
    let other = MigrationMessage {
        migration: id(2),
        ..message(Party::Source, M::TakeSnapshot { target: STRANGER, seal: false })
    };
    source.step(source::Input::Message { from: STRANGER, message: other });
    assert_eq!(source.said(), [&M::MigrationFailed { reason: FailureReason::AlreadyMigrating(id(1)) }]);
    assert!(source.asks().is_empty());
}

/// A sealed source hears that it is off, or hears nothing: it claims, and goes on only as the row says.
#[test]
fn a_sealed_source_ends_by_a_row_it_has_read() {
    let claims = |out: &[source::Effect]| out.iter().any(|effect| matches!(effect, source::Effect::Claim { .. }));
    let mut source = sealed_source();
    source.now = at(401); // so long did it write its snapshot
    source.host_says(MoveAnswer::Cut(Manifest { total: 0, chunks: Vec::new() }, head(9)));
    assert!(!claims(source.wake(800)), "the orchestrator has its time");
    assert!(claims(source.wake(802)));
    let again = source.hears(LEADER, M::MigrationFailed { reason: FailureReason::Cancelled });
    assert!(!claims(again), "one attempt at a time");
    source.step(source::Input::Row(row(HERE, 6)));
    assert_eq!(source.asks(), [&MoveAsk::Row(row(HERE, 6))]);
    let durability = Durability::Process;
    let standing = Standing::Owns { row: row(HERE, 6), durability, is_deterministic: true };
    source.host_says(MoveAnswer::Standing(standing));
    assert!(source.machine.is_over() && source.asks() == [&MoveAsk::LetGo]);
}

/// A snapshot that is never written holds nobody up for good.
#[test]
fn a_sealed_source_without_a_snapshot_claims_its_row() {
    let claims = |out: &[source::Effect]| out.iter().any(|effect| matches!(effect, source::Effect::Claim { .. }));
    let patience = u64::try_from(limits().migration_patience.as_millis()).unwrap();
    let mut source = sealed_source();
    assert!(!claims(source.wake(patience - 1)));
    assert!(claims(source.wake(patience)));
}

/// Not the orchestrator's word and not the row alone: the owner that the row names says that it is there.
#[test]
fn a_source_forgets_when_the_new_owner_says_that_it_is_there() {
    let mut source = sealed_source();
    source.hears(THERE, M::ActivateAck);
    assert!(source.asks().is_empty(), "sealed, it forgets nothing");
    source.step(source::Input::Row(row(THERE, 6)));
    source.host_says(MoveAnswer::Standing(Standing::Released { row: row(THERE, 6) }));
    assert!(source.out.is_empty());
    source.hears(LEADER, M::ActivateAck);
    assert!(source.asks().is_empty(), "an orchestrator holds no authority");
    assert_eq!(source.wake(5_000).len(), 2, "it asks the owner, and the store");
    source.hears(THERE, M::ActivateAck);
    assert_eq!(source.asks(), [&MoveAsk::ForgetReleased(Epoch { generation: 1, n: 6 })]);
    let out = source.host_says(MoveAnswer::Forgotten);
    assert_eq!(out[0], source::Effect::ZeroizeKey);
    assert_eq!(source.said(), [&M::CleanupComplete]);
}
