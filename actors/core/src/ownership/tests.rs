//! The tables of the module, stepped through.

use std::time::Duration;

use wayfare_protocol::session::{Language, SessionKey, SessionName};
use wayfare_protocol::{DeviceId, SessionId, Wall};

use super::*;
use crate::claim::{Decision, decide};

const ME: NodeId = NodeId(DeviceId([1; 32]));
const OTHER: NodeId = NodeId(DeviceId([2; 32]));

fn at(seconds: u64) -> Now {
    Now { boot: Boot(Duration::from_secs(seconds)), wall: Wall(0) }
}

fn resource(n: u128) -> ResourceId {
    ResourceId::Session(SessionId(uuid::Uuid::from_u128(n)))
}

fn key(name: &str) -> ResourceKey {
    SessionKey { name: SessionName::new("notes", name).unwrap(), language: Language::from_word("python") }.into()
}

fn epoch(generation: u32, n: u64) -> Epoch {
    Epoch { generation, n }
}

fn row(owner: NodeId, epoch: Epoch) -> Row {
    Row { resource: resource(1), key: key("main"), owner, epoch, lineage: Lineage(0), base: None }
}

fn unowned() -> Ownership {
    Ownership::new(Config { resource: resource(1), me: ME, limits: Limits::default() }, at(0))
}

fn held(epoch: Epoch) -> Ownership {
    let mut ownership = unowned();
    ownership.apply(&Record::Held(row(ME, epoch)));
    ownership
}

fn step(ownership: &mut Ownership, now: Now, input: Input) -> Vec<Effect> {
    let mut out = Vec::new();
    ownership.step(now, input, &mut out);
    out
}

fn claims(effects: &[Effect]) -> Vec<Claim> {
    effects.iter().filter_map(|e| if let Effect::Claim(claim) = e { Some(claim.clone()) } else { None }).collect()
}

/// What is made out of the store's reach is served at once, at the local epoch, and nothing is asked.
#[test]
fn a_creation_is_served_without_a_store() {
    let mut session = unowned();
    let out = step(&mut session, at(0), Input::Created { key: key("main") });
    let held = Phase::Held { row: row(ME, Epoch::LOCAL) };
    assert_eq!(out, [Effect::Append(Record::Created { key: key("main") }), Effect::Publish(held)]);
    assert_eq!(session.admit(None), Ok(Epoch::LOCAL));
    assert_eq!(session.deadline(), None);
}

/// The row is claimed when the store comes into reach, expecting none; the grant raises the epoch.
#[test]
fn the_row_is_claimed_when_the_store_is_reached() {
    let mut session = unowned();
    step(&mut session, at(0), Input::Created { key: key("main") });
    let out = step(&mut session, at(5), Input::StoreReachable { generation: 1 });
    assert_eq!(out, [Effect::Claim(Claim { expect: None, next: row(ME, Epoch::LOCAL) })]);
    assert_eq!(session.admit(None), Ok(Epoch::LOCAL), "served while the claim is under way");

    let granted = row(ME, epoch(1, 1));
    let out = step(&mut session, at(6), Input::Claimed(Ok(ClaimOutcome::Granted(granted.clone()))));
    assert_eq!(out, [Effect::Append(Record::Held(granted.clone())), Effect::Publish(Phase::Held { row: granted })]);
    assert_eq!(session.admit(Some(epoch(1, 1))), Ok(epoch(1, 1)));
    assert_eq!(session.admit(Some(Epoch::LOCAL)).unwrap_err().code, ErrorCode::StaleEpoch);
    assert_eq!(session.deadline(), None);
}

/// A claim without an answer, or with a refusal, is made again after a while, not at once.
#[test]
fn an_unanswered_claim_is_made_again() {
    let mut session = unowned();
    step(&mut session, at(0), Input::StoreReachable { generation: 1 });
    let first = claims(&step(&mut session, at(0), Input::Created { key: key("main") }));
    let refused = Refusal::new(ErrorCode::StorageFailed, "disk full");
    assert_eq!(step(&mut session, at(1), Input::Claimed(Err(refused))), []);
    let mut out = Vec::new();
    session.wake(at(9), &mut out);
    assert_eq!(out, []);
    session.wake(at(10), &mut out);
    assert_eq!(claims(&out), first);
    assert_eq!(session.deadline(), Some(at(20).boot));
}

/// Out of the store's reach nothing is asked; when it is back the claim is made again.
#[test]
fn a_lost_store_is_asked_again_when_it_is_back() {
    let mut session = unowned();
    step(&mut session, at(0), Input::Created { key: key("main") });
    step(&mut session, at(1), Input::StoreReachable { generation: 1 });
    assert_eq!(step(&mut session, at(2), Input::StoreLost), []);
    assert_eq!(session.deadline(), None);
    assert_eq!(claims(&step(&mut session, at(60), Input::StoreReachable { generation: 1 })).len(), 1);
}

/// A row that names another owner at a higher epoch ends this node's ownership, answered or pushed.
#[test]
fn a_higher_row_of_another_owner_releases() {
    let taken = row(OTHER, epoch(1, 6));
    let ways = [Input::Row(taken.clone()), Input::Claimed(Ok(ClaimOutcome::Superseded(taken.clone())))];
    for way in ways {
        let mut session = held(epoch(1, 5));
        let out = step(&mut session, at(1), way);
        assert_eq!(out[0], Effect::Append(Record::Released(taken.clone())));
        assert_eq!(session.phase(), &Phase::Released { row: taken.clone() });
        assert_eq!(session.admit(None).unwrap_err().code, ErrorCode::StaleEpoch);
    }
}

/// The creator of a session that has meanwhile got a row elsewhere learns it from its claim.
#[test]
fn a_local_owner_is_superseded_by_any_granted_row() {
    let mut session = unowned();
    step(&mut session, at(0), Input::Created { key: key("main") });
    step(&mut session, at(0), Input::StoreReachable { generation: 1 });
    let taken = row(OTHER, epoch(1, 1));
    step(&mut session, at(1), Input::Claimed(Ok(ClaimOutcome::Superseded(taken.clone()))));
    assert_eq!(session.phase(), &Phase::Released { row: taken });
    assert_eq!(session.deadline(), None, "and does not claim again");
}

/// Late, repeated or older rows change nothing: epochs never go back.
#[test]
fn epochs_never_go_back() {
    for stale in [row(OTHER, epoch(1, 4)), row(OTHER, epoch(1, 5)), row(ME, epoch(1, 4)), row(ME, epoch(1, 5))] {
        let mut session = held(epoch(1, 5));
        assert_eq!(step(&mut session, at(1), Input::Row(stale.clone())), []);
        assert_eq!(step(&mut session, at(1), Input::Claimed(Ok(ClaimOutcome::Granted(stale)))), []);
        assert_eq!(session.admit(None), Ok(epoch(1, 5)));
    }
    let mut session = held(epoch(1, 5));
    step(&mut session, at(1), Input::Row(row(OTHER, epoch(1, 6))));
    assert_eq!(step(&mut session, at(2), Input::Row(row(ME, epoch(1, 5)))), []);
}

/// A row of another resource is none of this machine's business.
#[test]
fn rows_of_other_resources_are_ignored() {
    let mut session = held(epoch(1, 5));
    let foreign = Row { resource: resource(9), ..row(OTHER, epoch(7, 7)) };
    assert_eq!(step(&mut session, at(1), Input::Row(foreign)), []);
}

/// A released resource comes back when the row names this node again; so does one that was never here.
#[test]
fn a_higher_row_naming_me_is_held() {
    let mut returned = held(epoch(1, 5));
    step(&mut returned, at(1), Input::Row(row(OTHER, epoch(1, 6))));
    step(&mut returned, at(2), Input::Row(row(ME, epoch(1, 7))));
    assert_eq!(returned.admit(None), Ok(epoch(1, 7)));

    let mut arriving = unowned();
    assert_eq!(step(&mut arriving, at(1), Input::Row(row(OTHER, epoch(1, 6)))), []);
    step(&mut arriving, at(2), Input::Row(row(ME, epoch(1, 7))));
    assert_eq!(arriving.admit(None), Ok(epoch(1, 7)));
}

/// What is sealed serves nothing and claims nothing until a row says who goes on.
#[test]
fn a_seal_ends_only_with_a_row() {
    let head = Head { inbox_position: 9, ..Head::default() };
    let seal = |session: &mut Ownership| step(session, at(1), Input::Seal { head });
    let mut session = held(epoch(1, 5));
    assert_eq!(seal(&mut session)[0], Effect::Append(Record::Sealed { head }));
    assert_eq!(seal(&mut session), [], "a repeat");
    assert!(session.admit(None).is_err());
    assert_eq!(step(&mut session, at(2), Input::StoreReachable { generation: 1 }), []);
    assert_eq!(step(&mut session, at(3), Input::Row(row(ME, epoch(1, 5)))), [], "the row it was sealed under");
    step(&mut session, at(4), Input::Row(row(OTHER, epoch(1, 6))));
    assert_eq!(session.phase(), &Phase::Released { row: row(OTHER, epoch(1, 6)) });
}

/// An abort is an attempt at the compare-and-set; what resumes is the row, not the attempt.
#[test]
fn an_abort_resumes_only_on_the_row() {
    let mut session = held(epoch(1, 5));
    step(&mut session, at(0), Input::StoreReachable { generation: 1 });
    step(&mut session, at(1), Input::Seal { head: Head::default() });
    let out = step(&mut session, at(2), Input::Abort);
    assert_eq!(out, [Effect::Claim(Claim { expect: Some(epoch(1, 5)), next: row(ME, epoch(1, 5)) })]);
    assert!(session.admit(None).is_err());
    step(&mut session, at(3), Input::Claimed(Ok(ClaimOutcome::Granted(row(ME, epoch(1, 6))))));
    assert_eq!(session.admit(None), Ok(epoch(1, 6)));
}

/// Nothing moves that no store has granted, and nobody seals what is not theirs.
#[test]
fn only_a_granted_owner_seals() {
    let seal = |session: &mut Ownership| step(session, at(1), Input::Seal { head: Head::default() });
    assert_eq!(seal(&mut held(Epoch::LOCAL)), [Effect::SealRefused(SealError::NotGranted)]);
    assert_eq!(seal(&mut unowned()), [Effect::SealRefused(SealError::NotOwned)]);
}

/// Offline work under a taken name becomes `main-2`, then `main-3`, and is claimed under that; late answers rename no more.
#[test]
fn a_taken_name_gets_a_visible_number() {
    let mut session = unowned();
    step(&mut session, at(0), Input::Created { key: key("main") });
    step(&mut session, at(0), Input::StoreReachable { generation: 1 });
    let taken = |name: &str| {
        let other = Row { resource: resource(9), key: key(name), ..row(OTHER, epoch(1, 1)) };
        Input::Claimed(Ok(ClaimOutcome::NameTaken(other)))
    };
    let out = step(&mut session, at(1), taken("main"));
    assert!(out.contains(&Effect::Rename { from: key("main"), to: key("main-2") }));
    assert_eq!(claims(&out)[0].next.key, key("main-2"));
    assert_eq!(step(&mut session, at(2), taken("main")), [], "the same answer again");
    let out = step(&mut session, at(3), taken("main-2"));
    assert_eq!(claims(&out)[0].next.key, key("main-3"));
}

/// A fold of the records is the machine that emitted them, its name's number included.
#[test]
fn recovery_is_a_fold() {
    let mut live = unowned();
    let mut log = Vec::new();
    let taken = Row { resource: resource(9), ..row(OTHER, epoch(1, 1)) };
    for input in [
        Input::StoreReachable { generation: 1 },
        Input::Created { key: key("main") },
        Input::Claimed(Ok(ClaimOutcome::NameTaken(taken.clone()))),
        Input::Claimed(Ok(ClaimOutcome::NameTaken(Row { key: key("main-2"), ..taken }))),
        Input::Row(Row { key: key("main-3"), ..row(ME, epoch(1, 1)) }),
        Input::Seal { head: Head { inbox_position: 4, ..Head::default() } },
    ] {
        log.extend(step(&mut live, at(1), input).into_iter().filter_map(|e| match e {
            Effect::Append(record) => Some(record),
            _ => None,
        }));
        let mut again = unowned();
        log.iter().for_each(|record| again.apply(record));
        assert_eq!((again.phase(), &again.wanted), (live.phase(), &live.wanted));
    }
}

/// Against the store's own rule: a store restored from an older backup, or an empty one, ends with this node's row at a
/// higher epoch than any before.
#[test]
fn a_restored_store_is_told_what_this_node_holds() {
    for restored in [Some(row(ME, epoch(1, 5))), Some(row(ME, epoch(1, 3))), None] {
        let mut session = held(epoch(1, 5));
        let mut open = claims(&step(&mut session, at(0), Input::StoreReachable { generation: 2 }));
        for _ in 0..3 {
            let Some(claim) = open.pop() else { break };
            let answer = match decide(restored.as_ref(), None, &claim, 2) {
                Ok(Decision::Write(row)) => Ok(ClaimOutcome::Granted(row)),
                Ok(Decision::Answer(outcome)) => Ok(outcome),
                Err(no_row) => Err(Refusal::new(ErrorCode::NotFound, no_row.to_string())),
            };
            open = claims(&step(&mut session, at(1), Input::Claimed(answer)));
        }
        assert_eq!(session.admit(None), Ok(epoch(2, 1)), "restored with {restored:?}");
    }
}
