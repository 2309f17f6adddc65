//! What a control store answers to a claim: one rule for every store, real or simulated.
//!
//! The store calls [`decide`] inside its transaction, with the rows it has just read.
//!
//! | row of the resource | claim expects | answer |
//! |---|---|---|
//! | none | none | granted, or `NameTaken` |
//! | none | an epoch | refused: there is nothing to compare with |
//! | owner, lineage and key as wanted | none | granted as it stands: a repeat whose answer was lost |
//! | any other | none | `Superseded` |
//! | at the expected epoch | that epoch | granted, or `NameTaken` |
//! | unconfirmed since a restore, at an epoch before the expected one | an epoch before this generation | granted, or `NameTaken` |
//! | owner, lineage and key as wanted, at the epoch after the expected one | an epoch | granted as it stands: a repeat |
//! | any other | an epoch | `Superseded` |

use wayfare_protocol::ownership::{Claim, ClaimOutcome, Row};
use wayfare_protocol::{Epoch, ResourceId};

/// What a store does with a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Make this the row and answer that it is granted.
    Write(Row),
    /// Change nothing and answer this.
    Answer(ClaimOutcome),
}

/// A claim that compares with a row that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim expects {resource:?} at epoch {expect}, and it has no row")]
pub struct NoRow {
    /// What was claimed.
    pub resource: ResourceId,
    /// The epoch that the claimant believed it to have.
    pub expect: Epoch,
}

/// Decides a claim. `row` is the resource's row, `named` the row under the name and language that the claim wants, both
/// within the claimant's account; `generation` is the store's.
///
/// # Errors
/// If the claim expects an epoch and the resource has no row.
pub fn decide(row: Option<&Row>, named: Option<&Row>, claim: &Claim, generation: u32) -> Result<Decision, NoRow> {
    let next = &claim.next;
    let follows = match (row, claim.expect) {
        (None, None) => next.epoch,
        (None, Some(expect)) => return Err(NoRow { resource: next.resource, expect }),
        (Some(row), Some(expect)) if row.epoch == expect => expect,
        // The backup is older than what the claimant was granted.
        (Some(row), Some(expect)) if is_outlived(row.epoch, expect, generation) => expect,
        (Some(row), expect) => {
            let stands = row.owner == next.owner && row.lineage == next.lineage && row.key == next.key;
            let in_place = expect.is_none_or(|expect| row.epoch == expect.next_in(generation));
            let answer = if stands && in_place { ClaimOutcome::Granted } else { ClaimOutcome::Superseded };
            return Ok(Decision::Answer(answer(row.clone())));
        }
    };
    Ok(match named {
        Some(other) if other.resource != next.resource => Decision::Answer(ClaimOutcome::NameTaken(other.clone())),
        _ => Decision::Write(Row { epoch: follows.next_in(generation), ..next.clone() }),
    })
}

/// Whether a row at that epoch is unconfirmed, having come with a restore from backup, which raised the generation, while whoever
/// expects the other epoch was granted that one later, before the store was lost (architecture §5.1).
#[must_use]
pub fn is_outlived(row: Epoch, expect: Epoch, generation: u32) -> bool {
    row.generation < generation && row < expect && expect.generation < generation
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::ownership::Lineage;
    use wayfare_protocol::session::{Language, SessionKey, SessionName};
    use wayfare_protocol::{DeviceId, NodeId, SessionId};

    use super::*;

    const GENERATION: u32 = 3;

    fn row(session: u64, name: &str, owner: u8, epoch: Epoch) -> Row {
        let session: SessionId = format!("00000000-0000-7000-8000-{session:012}").parse().unwrap();
        Row {
            resource: ResourceId::Session(session),
            key: SessionKey { name: SessionName::new("notes", name).unwrap(), language: Language::from_word("python") }
                .into(),
            owner: NodeId(DeviceId([owner; 32])),
            epoch,
            lineage: Lineage(0),
            base: None,
        }
    }

    fn epoch(generation: u32, n: u64) -> Epoch {
        Epoch { generation, n }
    }

    #[test]
    fn a_first_claim_is_granted_the_epoch_after_the_claimants_own() {
        let next = row(1, "main", 1, Epoch::LOCAL);
        let granted = decide(None, None, &Claim { expect: None, next: next.clone() }, GENERATION);
        assert_eq!(granted, Ok(Decision::Write(Row { epoch: epoch(3, 1), ..next })));
    }

    #[test]
    fn a_claim_at_the_rows_epoch_is_granted_the_next_one() {
        let held = row(1, "main", 1, epoch(3, 4));
        let next = row(1, "main", 2, Epoch::LOCAL);
        let claim = Claim { expect: Some(held.epoch), next: next.clone() };
        let granted = decide(Some(&held), Some(&held), &claim, GENERATION);
        assert_eq!(granted, Ok(Decision::Write(Row { epoch: epoch(3, 5), ..next })));
    }

    #[test]
    fn a_store_restored_from_backup_counts_anew_in_its_own_generation() {
        let held = row(1, "main", 1, epoch(2, 9));
        let claim = Claim { expect: Some(held.epoch), next: row(1, "main", 2, Epoch::LOCAL) };
        let Ok(Decision::Write(granted)) = decide(Some(&held), Some(&held), &claim, GENERATION) else {
            panic!("not granted")
        };
        assert_eq!(granted.epoch, epoch(3, 1));
    }

    /// The backup is from before the resource changed hands: its present owner was granted a later epoch. The one of before, which
    /// has released it, does not claim; were it to, the later one would find the row confirmed, and people decide.
    #[test]
    fn a_row_that_was_restored_gives_way_to_a_later_grant_until_it_is_confirmed() {
        let held = row(1, "main", 1, epoch(1, 3));
        let claim = |expect| Claim { expect: Some(expect), next: row(1, "main", 2, Epoch::LOCAL) };
        let granted = decide(Some(&held), Some(&held), &claim(epoch(2, 1)), GENERATION);
        assert_eq!(granted, Ok(Decision::Write(row(1, "main", 2, epoch(3, 1)))));
        let superseded = Ok(Decision::Answer(ClaimOutcome::Superseded(held.clone())));
        assert_eq!(decide(Some(&held), Some(&held), &claim(epoch(1, 2)), GENERATION), superseded, "an earlier grant");
        assert_eq!(decide(Some(&held), Some(&held), &claim(epoch(4, 1)), GENERATION), superseded, "no grant of before");
        let confirmed = row(1, "main", 1, epoch(3, 1));
        let superseded = Ok(Decision::Answer(ClaimOutcome::Superseded(confirmed.clone())));
        assert_eq!(decide(Some(&confirmed), Some(&confirmed), &claim(epoch(2, 1)), GENERATION), superseded);
        let other = row(2, "main", 1, epoch(3, 1));
        let taken = decide(Some(&held), Some(&other), &claim(epoch(2, 1)), GENERATION);
        assert_eq!(taken, Ok(Decision::Answer(ClaimOutcome::NameTaken(other))));
    }

    #[test]
    fn a_repeat_finds_its_effect_and_changes_nothing() {
        let held = row(1, "main", 2, epoch(3, 5));
        for expect in [None, Some(epoch(3, 4))] {
            let claim = Claim { expect, next: row(1, "main", 2, Epoch::LOCAL) };
            let again = decide(Some(&held), Some(&held), &claim, GENERATION);
            assert_eq!(again, Ok(Decision::Answer(ClaimOutcome::Granted(held.clone()))));
        }
    }

    #[test]
    fn a_claim_on_another_row_is_superseded_by_it() {
        let held = row(1, "main", 2, epoch(3, 5));
        for (expect, owner) in [(None, 1), (Some(epoch(3, 4)), 1), (Some(epoch(3, 3)), 2), (Some(epoch(3, 6)), 2)] {
            let claim = Claim { expect, next: row(1, "main", owner, Epoch::LOCAL) };
            let answer = decide(Some(&held), Some(&held), &claim, GENERATION);
            assert_eq!(answer, Ok(Decision::Answer(ClaimOutcome::Superseded(held.clone()))), "{claim:?}");
        }
    }

    #[test]
    fn a_name_stands_for_one_resource() {
        let other = row(2, "main", 2, epoch(3, 1));
        let claim = Claim { expect: None, next: row(1, "main", 1, Epoch::LOCAL) };
        let answer = decide(None, Some(&other), &claim, GENERATION);
        assert_eq!(answer, Ok(Decision::Answer(ClaimOutcome::NameTaken(other))));
    }

    #[test]
    fn a_claim_that_compares_with_nothing_is_refused() {
        let claim = Claim { expect: Some(Epoch::LOCAL), next: row(1, "main", 1, Epoch::LOCAL) };
        assert!(decide(None, None, &claim, GENERATION).is_err());
    }
}
