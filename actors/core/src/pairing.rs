//! Pairing: a one-time code by which an unknown device is let into the account.
//!
//! | from \ input | `Issue` | `Attempt`, right code | `Attempt`, wrong code | deadline |
//! |---|---|---|---|---|
//! | Closed | Open | refused, counted | refused, counted | none |
//! | Open | Open with the new code only | accepted, Closed | refused, counted | end of validity: Closed, `Expired` |
//!
//! In every phase: once `pairing_attempts` wrong codes have come within `pairing_window`, from whatever sources, every attempt
//! is refused as `RateLimited`, the right code too, until the oldest of them is that long ago. Attempts refused for that
//! are not counted, or whoever keeps trying could shut the owner out for ever.
//!
//! A wrong, a used and an expired code are refused in the same words, and codes are compared by keyed hash in constant time:
//! an answer tells nothing about the code.

use std::collections::VecDeque;
use std::fmt;

use wayfare_protocol::identity::keyed_hash;
use wayfare_protocol::{Boot, ErrorCode, Limits, Now, Refusal};

use crate::machine::{Machine, Sink};

const COMPARE_LABEL: &[u8] = b"wayfare-pairing-compare-v1";

/// A one-time code. Its debug text does not show it.
#[derive(Clone)]
pub struct Code(pub String);

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

impl Code {
    fn digest(&self) -> Digest {
        Digest(keyed_hash(COMPARE_LABEL, &[self.0.as_bytes()]))
    }
}

#[derive(Clone)]
struct Digest([u8; 32]);

impl Digest {
    /// Looks at every byte whatever it finds.
    fn is(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A new code was drawn and shown to the owner. It takes the place of an earlier one.
    Issue {
        /// The code.
        code: Code,
    },
    /// Somebody wants to pair.
    Attempt {
        /// The code that they gave.
        code: Code,
        /// Who: returned in the answer, unique among attempts that wait for one.
        source: String,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Register the device. The code is used up, whatever comes of that.
    Accept {
        /// Who.
        source: String,
    },
    /// Turn the device away.
    Refuse {
        /// Who.
        source: String,
        /// Why.
        refusal: Refusal,
    },
    /// The code that was shown is good for nothing any more.
    Expired,
}

#[derive(Clone)]
enum Phase {
    Closed,
    Open { code: Digest, until: Boot },
}

/// See the module's table.
pub struct Pairing {
    limits: Limits,
    phase: Phase,
    /// When wrong codes came, oldest first; at most `pairing_attempts`.
    wrong: VecDeque<Boot>,
}

impl Pairing {
    /// Until when the present code is good; `None` if there is none.
    #[must_use]
    pub fn open_until(&self) -> Option<Boot> {
        match self.phase {
            Phase::Closed => None,
            Phase::Open { until, .. } => Some(until),
        }
    }

    fn judge(&mut self, now: Now, given: &Code) -> Result<(), Refusal> {
        let window = self.limits.pairing_window;
        self.wrong.retain(|at| now.boot < at.after(window));
        if self.wrong.len() >= self.limits.pairing_attempts as usize {
            let wait = self.wrong.front().map_or(window, |oldest| oldest.after(window).since(now.boot));
            let detail = format!("too many wrong pairing codes; try again in {} s", wait.as_millis().div_ceil(1000));
            return Err(Refusal::new(ErrorCode::RateLimited, detail));
        }
        let given = given.digest();
        match &self.phase {
            Phase::Open { code, until } if code.is(&given) && now.boot < *until => {
                self.phase = Phase::Closed;
                Ok(())
            }
            Phase::Open { .. } | Phase::Closed => {
                self.wrong.push_back(now.boot);
                let detail = "the pairing code is wrong, used or expired; get a new pairing string from the server";
                Err(Refusal::new(ErrorCode::PairingRefused, detail))
            }
        }
    }
}

impl Machine for Pairing {
    const NAME: &'static str = "pairing";
    type Config = Limits;
    type Input = Input;
    type Effect = Effect;

    fn new(limits: Limits, _now: Now) -> Self {
        Self { limits, phase: Phase::Closed, wrong: VecDeque::new() }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::Issue { code } => {
                let until = now.boot.after(self.limits.pairing_valid);
                self.phase = Phase::Open { code: code.digest(), until };
            }
            Input::Attempt { code, source } => out.push(match self.judge(now, &code) {
                Ok(()) => Effect::Accept { source },
                Err(refusal) => Effect::Refuse { source, refusal },
            }),
        }
    }

    fn deadline(&self) -> Option<Boot> {
        self.open_until()
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        if self.deadline().is_some_and(|until| until <= now.boot) {
            self.phase = Phase::Closed;
            out.push(Effect::Expired);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wayfare_protocol::Wall;

    use super::*;

    fn at(seconds: u64) -> Now {
        Now { boot: Boot(Duration::from_secs(seconds)), wall: Wall(0) }
    }

    fn issued() -> Pairing {
        let mut pairing = Pairing::new(Limits::default(), at(0));
        pairing.step(at(0), Input::Issue { code: Code("right".into()) }, &mut Vec::new());
        pairing
    }

    /// `None`: accepted.
    fn attempt(pairing: &mut Pairing, now: Now, code: &str) -> Option<ErrorCode> {
        let mut out = Vec::new();
        pairing.step(now, Input::Attempt { code: Code(code.into()), source: "there".into() }, &mut out);
        match out.as_slice() {
            [Effect::Accept { source }] if source == "there" => None,
            [Effect::Refuse { source, refusal }] if source == "there" => Some(refusal.code),
            other => panic!("one answer to whoever asked, not {other:?}"),
        }
    }

    /// The code lets one device in, and no second one.
    #[test]
    fn a_code_works_once() {
        let mut pairing = issued();
        assert_eq!(attempt(&mut pairing, at(1), "right"), None);
        assert_eq!(attempt(&mut pairing, at(2), "right"), Some(ErrorCode::PairingRefused));
        assert_eq!(pairing.deadline(), None);
    }

    /// Wrong codes, longer and shorter ones, and the empty one are refused; the code stays good.
    #[test]
    fn a_wrong_code_is_refused_and_does_not_burn_the_right_one() {
        let mut pairing = issued();
        for wrong in ["wrong", "righ", "right ", ""] {
            assert_eq!(attempt(&mut pairing, at(1), wrong), Some(ErrorCode::PairingRefused), "{wrong:?}");
        }
        assert_eq!(attempt(&mut pairing, at(2), "right"), None);
    }

    /// Without a code nothing fits, the empty text neither.
    #[test]
    fn nothing_pairs_before_a_code_is_issued() {
        let mut pairing = Pairing::new(Limits::default(), at(0));
        assert_eq!(attempt(&mut pairing, at(1), ""), Some(ErrorCode::PairingRefused));
    }

    /// A code ends with its validity, whether or not the timer was in time.
    #[test]
    fn a_code_expires() {
        let valid = Limits::default().pairing_valid.as_secs();
        let mut late_timer = issued();
        assert_eq!(attempt(&mut late_timer, at(valid), "right"), Some(ErrorCode::PairingRefused));

        let mut pairing = issued();
        let mut out = Vec::new();
        pairing.wake(at(valid - 1), &mut out);
        assert_eq!(out, []);
        pairing.wake(at(valid), &mut out);
        pairing.wake(at(valid + 1), &mut out);
        assert_eq!(out, [Effect::Expired]);
    }

    /// A new code takes the place of the old one.
    #[test]
    fn only_the_newest_code_works() {
        let mut pairing = issued();
        pairing.step(at(1), Input::Issue { code: Code("newer".into()) }, &mut Vec::new());
        assert_eq!(attempt(&mut pairing, at(2), "right"), Some(ErrorCode::PairingRefused));
        assert_eq!(attempt(&mut pairing, at(2), "newer"), None);
    }

    /// After five wrong codes in a minute even the right one has to wait until the oldest is a minute ago.
    #[test]
    fn guessing_is_limited_over_all_sources() {
        let mut pairing = issued();
        for second in 10..15 {
            assert_eq!(attempt(&mut pairing, at(second), "guess"), Some(ErrorCode::PairingRefused));
        }
        assert_eq!(attempt(&mut pairing, at(16), "right"), Some(ErrorCode::RateLimited));
        assert_eq!(attempt(&mut pairing, at(69), "right"), Some(ErrorCode::RateLimited));
        assert_eq!(attempt(&mut pairing, at(70), "right"), None);
    }

    /// A new code does not reset the count, and refusals for the rate do not prolong it.
    #[test]
    fn the_limit_neither_resets_nor_grows() {
        let mut pairing = issued();
        for _ in 0..5 {
            attempt(&mut pairing, at(10), "guess");
        }
        pairing.step(at(11), Input::Issue { code: Code("newer".into()) }, &mut Vec::new());
        for second in 11..70 {
            assert_eq!(attempt(&mut pairing, at(second), "newer"), Some(ErrorCode::RateLimited));
        }
        assert_eq!(attempt(&mut pairing, at(70), "newer"), None);
    }

    /// Traces show inputs: a code must not be in them.
    #[test]
    fn a_code_is_not_shown() {
        let input = Input::Attempt { code: Code("secret".into()), source: "there".into() };
        assert!(!format!("{input:?}").contains("secret"));
    }
}
