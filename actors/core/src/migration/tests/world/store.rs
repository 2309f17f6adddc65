//! The control store of this world: its answers may be lost, and it may be away.

use wayfare_protocol::migration::Party;
use wayfare_protocol::ownership::{ClaimOutcome, Row};
use wayfare_protocol::{ErrorCode, Refusal};

use super::{Asked, Done, What, World, orchestrator, source, target};
use crate::claim::{Decision, decide};
use crate::machine::OpId;

impl World {
    pub(super) fn store(&mut self, node: usize, life: u64, party: Party, op: OpId, asked: Asked) {
        let refusal = || Refusal::new(ErrorCode::DeadlineExceeded, "no answer");
        let is_answered = self.is_store_up && !self.is_unlucky();
        let is_reached = self.is_store_up && (is_answered || self.draw(0, 1) == 0);
        let outcome = match asked {
            Asked::Read if is_answered => store_done(party, op, Ok(Some(self.row.clone())), None),
            Asked::Read => store_done(party, op, Err(refusal()), None),
            Asked::Claim(claim) => {
                let mut answer = Err(refusal());
                if is_reached {
                    answer = Ok(self.decide(&claim));
                }
                store_done(
                    party,
                    op,
                    Ok(None),
                    Some(answer.and_then(|out| if is_answered { Ok(out) } else { Err(refusal()) })),
                )
            }
        };
        let ms = if is_answered { self.draw(1, 4) } else { 250 };
        self.later(ms, What::Done { node, life, done: outcome });
    }

    fn decide(&mut self, claim: &wayfare_protocol::ownership::Claim) -> ClaimOutcome {
        match decide(Some(&self.row), Some(&self.row), claim, 1).expect("there is a row") {
            Decision::Answer(outcome) => outcome,
            Decision::Write(row) => {
                let old = self.index(self.row.owner);
                let new = self.index(row.owner);
                self.row = row.clone();
                self.forget_after_base(&row);
                for node in [old, new] {
                    let ms = self.draw(1, 6);
                    if self.draw(0, 99) >= self.setup.loss {
                        self.later(ms, What::Row { node, row: row.clone() });
                    }
                }
                ClaimOutcome::Granted(row)
            }
        }
    }
}

type Answer = Result<ClaimOutcome, Refusal>;

fn store_done(party: Party, op: OpId, read: Result<Option<Row>, Refusal>, claimed: Option<Answer>) -> Done {
    match (party, claimed) {
        (Party::Orchestrator, None) => Done::Orchestrator(op, orchestrator::Outcome::Read(read)),
        (Party::Orchestrator, Some(answer)) => Done::Orchestrator(op, orchestrator::Outcome::Claimed(answer)),
        (Party::Source, None) => Done::Source(op, source::Outcome::Read(read)),
        (Party::Source, Some(answer)) => Done::Source(op, source::Outcome::Claimed(answer)),
        (Party::Target, _) => Done::Target(op, target::Outcome::Read(read)),
    }
}
