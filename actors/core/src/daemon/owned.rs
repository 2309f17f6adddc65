//! Whose the daemon is: what follows when that changes.

use wayfare_protocol::{ErrorCode, Now, Refusal};

use super::{After, DaemonHost, Effect, InboxRecord};
use crate::machine::{Machine as _, Sink};
use crate::ownership;

impl DaemonHost {
    pub(super) fn on_ownership(&mut self, now: Now, input: ownership::Input, out: &mut impl Sink<Effect>) {
        let did_act = self.acts();
        let epoch = self.epoch();
        let mut effects = Vec::new();
        self.ownership.step(now, input, &mut effects);
        self.take_ownership(effects, Vec::new(), out);
        if self.epoch() != epoch {
            // It would be a seal under another row than was meant.
            self.call_seal_off(&Refusal::new(ErrorCode::StaleEpoch, "its row has changed"), out);
        }
        if self.acts() && !did_act {
            self.ask_for_work(0, out);
        }
        if did_act && !self.acts() {
            let refusal = Refusal::new(ErrorCode::StaleEpoch, "another node has it now".to_owned());
            self.refuse_gathered(&refusal, out);
            self.refuse_waiting(out);
        }
    }

    /// Records of ownership are durable before anything that waits for them happens.
    pub(super) fn take_ownership(
        &mut self,
        effects: Vec<ownership::Effect>,
        mut after: Vec<After>,
        out: &mut impl Sink<Effect>,
    ) {
        for effect in effects {
            match effect {
                // It has applied the record to itself.
                ownership::Effect::Append(record) => {
                    self.append(vec![InboxRecord::Ownership(record)], std::mem::take(&mut after), out);
                }
                ownership::Effect::Publish(_) => self.outdate(),
                other @ (ownership::Effect::Claim(_)
                | ownership::Effect::Rename { .. }
                | ownership::Effect::SealRefused(_)) => out.push(Effect::Ownership(other)),
            }
        }
        for after in after {
            if let After::Do(effect) = after {
                out.push(*effect); // nothing had to be recorded
            }
        }
    }
}
