//! A device's presence: how sure are we that it is there?
//!
//! | from \ input | `LinkUp` | `Sign` | `LinkClosed` | `GoingToSleep` | deadline |
//! |---|---|---|---|---|---|
//! | Online | Online over the new link | Online | Suspect, offline in 30 s | Sleeping | last sign + 30 s: Suspect, offline at last sign + 60 s |
//! | Suspect | Online | Online | Suspect, offline in 30 s at the latest | Sleeping | `offline_at`: Offline |
//! | Offline | Online | Online | Offline | Sleeping | none |
//! | Sleeping | Online | Online | Sleeping | Sleeping | none |
//!
//! `Sign`, `LinkClosed` and `GoingToSleep` count only on the device's newest link while that is open: what an older link
//! still brings, its closing included, is ignored. A closing that counts also emits `Seen`, in every phase.
//!
//! A machine starts Suspect, with 60 s to come back, and is told of the device's link if there is one. Presence is a hint for routing and for people. It never moves ownership by itself.

use std::sync::Arc;
use strum::VariantNames as _;
use wayfare_protocol::control::PresenceInfo;
use wayfare_protocol::{Boot, Limits, Now, Wall};

use crate::machine::{Machine, Sink};
use crate::mark::{Mark, Phases};

/// Counts the authenticated links of a device within one process: a higher number replaces every lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkNumber(pub u64);

/// What the machine is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its durations: `suspect_after`, `offline_after_close`, `offline_after_silence`, `suspect_after_start`.
    pub limits: Arc<Limits>,
    /// When the device was last there, as far as is known.
    pub last_seen: Wall,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A link of the device was authenticated.
    LinkUp {
        /// Its number.
        link: LinkNumber,
    },
    /// Any frame came, save the one that becomes `GoingToSleep`.
    Sign {
        /// Over which link.
        link: LinkNumber,
    },
    /// The device said that it goes to sleep.
    GoingToSleep {
        /// Over which link.
        link: LinkNumber,
    },
    /// A link closed.
    LinkClosed {
        /// Which.
        link: LinkNumber,
    },
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
pub enum Effect {
    /// Show it to the account's clients and to routing.
    Publish(PresenceInfo),
    /// Write when the device was last there.
    Seen(Wall),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
enum Phase {
    Online {
        last_sign: Boot,
    },
    /// Silent for a while, or its link closed; `offline_at` is decided on entry.
    Suspect {
        offline_at: Boot,
    },
    Offline,
    Sleeping {
        since: Wall,
    },
}

/// The device's newest link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Newest {
    None,
    Open(LinkNumber),
    Closed(LinkNumber),
}

/// See the module's table.
#[derive(Debug)]
pub struct Presence {
    limits: Arc<Limits>,
    phase: Phase,
    newest: Newest,
    last_sign: Wall,
}

impl Presence {
    /// As lists show it.
    #[must_use]
    pub fn info(&self) -> PresenceInfo {
        match self.phase {
            Phase::Online { .. } => PresenceInfo::Online,
            Phase::Suspect { .. } => PresenceInfo::Suspect,
            Phase::Offline => PresenceInfo::Offline { last_seen: self.last_sign },
            Phase::Sleeping { since } => PresenceInfo::Sleeping { since },
        }
    }

    /// The link to reach it by, if one is open.
    #[must_use]
    pub fn link(&self) -> Option<LinkNumber> {
        match self.newest {
            Newest::Open(link) => Some(link),
            Newest::None | Newest::Closed(_) => None,
        }
    }

    fn enter(&mut self, phase: Phase, out: &mut impl Sink<Effect>) {
        let before = self.info();
        self.phase = phase;
        if self.info() != before {
            out.push(Effect::Publish(self.info()));
        }
    }

    fn is_newer(&self, link: LinkNumber) -> bool {
        match self.newest {
            Newest::None => true,
            Newest::Open(newest) | Newest::Closed(newest) => link > newest,
        }
    }

    fn sign(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        self.last_sign = now.wall;
        self.enter(Phase::Online { last_sign: now.boot }, out);
    }

    fn closed(&mut self, now: Now, link: LinkNumber, out: &mut impl Sink<Effect>) {
        self.newest = Newest::Closed(link);
        out.push(Effect::Seen(self.last_sign));
        let by_close = now.boot.after(self.limits.offline_after_close);
        match self.phase {
            Phase::Online { .. } => self.enter(Phase::Suspect { offline_at: by_close }, out),
            Phase::Suspect { offline_at } => self.phase = Phase::Suspect { offline_at: offline_at.min(by_close) },
            Phase::Offline | Phase::Sleeping { .. } => {}
        }
    }
}

impl Machine for Presence {
    const NAME: &'static str = "presence";
    type Config = Config;
    type Input = Input;
    type Effect = Effect;

    fn new(config: Config, now: Now) -> Self {
        let Config { limits, last_seen } = config;
        let offline_at = now.boot.after(limits.suspect_after_start);
        Self { limits, phase: Phase::Suspect { offline_at }, newest: Newest::None, last_sign: last_seen }
    }

    fn step(&mut self, now: Now, input: Input, out: &mut impl Sink<Effect>) {
        match input {
            Input::LinkUp { link } if self.is_newer(link) => {
                self.newest = Newest::Open(link);
                self.sign(now, out);
            }
            Input::Sign { link } if self.link() == Some(link) => self.sign(now, out),
            Input::GoingToSleep { link } if self.link() == Some(link) => {
                self.last_sign = now.wall;
                self.enter(Phase::Sleeping { since: now.wall }, out);
            }
            Input::LinkClosed { link } if self.link() == Some(link) => self.closed(now, link, out),
            // An older link: it has been replaced, or has closed.
            Input::LinkUp { .. } | Input::Sign { .. } | Input::GoingToSleep { .. } | Input::LinkClosed { .. } => {}
        }
    }

    fn deadline(&self) -> Option<Boot> {
        match self.phase {
            Phase::Online { last_sign } => Some(last_sign.after(self.limits.suspect_after)),
            Phase::Suspect { offline_at } => Some(offline_at),
            Phase::Offline | Phase::Sleeping { .. } => None,
        }
    }

    fn wake(&mut self, now: Now, out: &mut impl Sink<Effect>) {
        // After a long sleep of this process both steps may be due at once.
        while self.deadline().is_some_and(|at| at <= now.boot) {
            match self.phase {
                Phase::Online { last_sign } => {
                    let offline_at = last_sign.after(self.limits.offline_after_silence);
                    self.enter(Phase::Suspect { offline_at }, out);
                }
                Phase::Suspect { .. } => self.enter(Phase::Offline, out),
                Phase::Offline | Phase::Sleeping { .. } => return,
            }
        }
    }

    const PHASES: &'static [Phases] = &[(Self::NAME, Phase::VARIANTS)];

    fn marks(&self, out: &mut Vec<Mark>) {
        out.push(Mark { machine: Self::NAME, phase: (&self.phase).into() });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FIRST: LinkNumber = LinkNumber(1);
    const SECOND: LinkNumber = LinkNumber(2);

    fn at(seconds: u64) -> Now {
        Now { boot: Boot(Duration::from_secs(seconds)), wall: Wall(1_000_000 + seconds * 1_000) }
    }

    fn linked() -> Presence {
        let mut device = registered();
        device.step(at(0), Input::LinkUp { link: FIRST }, &mut Vec::new());
        device
    }

    fn registered() -> Presence {
        Presence::new(Config { limits: Arc::default(), last_seen: Wall(7) }, at(0))
    }

    /// A silent device is doubted after 30 s and given up after 60 s, each told once.
    #[test]
    fn silence_leads_to_suspect_then_offline() {
        let mut device = linked();
        let mut told = Vec::new();
        for second in 1..=100 {
            let before = told.len();
            device.wake(at(second), &mut told);
            assert_eq!(told.len() > before, second == 30 || second == 60, "second {second}");
        }
        let last_seen = at(0).wall;
        assert_eq!(
            told,
            [Effect::Publish(PresenceInfo::Suspect), Effect::Publish(PresenceInfo::Offline { last_seen })]
        );
        assert_eq!(device.deadline(), None);
    }

    /// A sign is told only when it changes something: a heartbeat writes and publishes nothing.
    #[test]
    fn signs_of_a_device_that_is_there_have_no_effect() {
        let mut device = linked();
        let mut told = Vec::new();
        for second in (10..200).step_by(10) {
            device.step(at(second), Input::Sign { link: FIRST }, &mut told);
            device.wake(at(second), &mut told);
        }
        assert_eq!(told, []);
    }

    /// A closed link is a stronger sign than silence: suspect at once, offline half a minute later.
    #[test]
    fn a_closed_link_is_suspect_at_once_and_offline_after_half_a_minute() {
        let mut device = linked();
        let mut told = Vec::new();
        device.step(at(5), Input::Sign { link: FIRST }, &mut told);
        device.step(at(9), Input::LinkClosed { link: FIRST }, &mut told);
        assert_eq!(told, [Effect::Seen(at(5).wall), Effect::Publish(PresenceInfo::Suspect)]);
        device.wake(at(38), &mut told);
        assert_eq!(told.len(), 2);
        device.wake(at(39), &mut told);
        assert_eq!(told[2..], [Effect::Publish(PresenceInfo::Offline { last_seen: at(5).wall })]);
    }

    /// A link that comes back ends the suspicion; the timer of the suspicion then does nothing.
    #[test]
    fn a_new_link_restores_online() {
        let mut device = linked();
        let mut told = Vec::new();
        device.step(at(5), Input::LinkClosed { link: FIRST }, &mut told);
        device.step(at(20), Input::LinkUp { link: SECOND }, &mut told);
        device.wake(at(35), &mut told);
        assert_eq!(told[2..], [Effect::Publish(PresenceInfo::Online)]);
        assert_eq!(device.link(), Some(SECOND));
    }

    /// A replaced link is nothing: neither its frames, nor its sleep, nor its closing are heard.
    #[test]
    fn a_replaced_link_is_ignored() {
        let mut device = linked();
        let mut told = Vec::new();
        device.step(at(5), Input::LinkUp { link: SECOND }, &mut told);
        device.step(at(20), Input::Sign { link: FIRST }, &mut told);
        device.step(at(21), Input::GoingToSleep { link: FIRST }, &mut told);
        device.step(at(22), Input::LinkClosed { link: FIRST }, &mut told);
        device.step(at(23), Input::LinkUp { link: FIRST }, &mut told);
        assert_eq!(
            (told.as_slice(), device.info(), device.link()),
            ([].as_slice(), PresenceInfo::Online, Some(SECOND))
        );
        device.wake(at(35), &mut told);
        assert_eq!(told, [Effect::Publish(PresenceInfo::Suspect)], "the old link's frame was no sign");
    }

    /// What was still under way on a link when it closed does not bring the device back.
    #[test]
    fn a_closed_link_brings_no_sign() {
        let mut device = linked();
        let mut told = Vec::new();
        device.step(at(5), Input::LinkClosed { link: FIRST }, &mut told);
        device.step(at(6), Input::Sign { link: FIRST }, &mut told);
        assert_eq!(device.info(), PresenceInfo::Suspect);
    }

    /// A device that said good night is asleep, not suspect, also after its link closes; it wakes by a sign.
    #[test]
    fn an_announced_sleep_lasts_until_a_sign() {
        let mut device = linked();
        let mut told = Vec::new();
        device.step(at(5), Input::GoingToSleep { link: FIRST }, &mut told);
        device.step(at(6), Input::LinkClosed { link: FIRST }, &mut told);
        device.wake(at(5_000), &mut told);
        let since = at(5).wall;
        assert_eq!(told, [Effect::Publish(PresenceInfo::Sleeping { since }), Effect::Seen(since)]);
        device.step(at(6_000), Input::LinkUp { link: SECOND }, &mut told);
        assert_eq!(told[2..], [Effect::Publish(PresenceInfo::Online)]);
    }

    /// After its start a cloud gives every registered device a minute; one that does not come was last seen as stored.
    #[test]
    fn a_registered_device_is_suspect_for_a_minute_after_the_start() {
        let mut device = registered();
        let mut told = Vec::new();
        assert_eq!((device.info(), device.link()), (PresenceInfo::Suspect, None));
        device.wake(at(59), &mut told);
        assert_eq!(told, []);
        device.wake(at(60), &mut told);
        assert_eq!(told, [Effect::Publish(PresenceInfo::Offline { last_seen: Wall(7) })]);
    }

    /// A link that closes after long silence does not give the device more time.
    #[test]
    fn closing_never_postpones_offline() {
        let mut device = linked();
        let mut told = Vec::new();
        device.wake(at(30), &mut told);
        device.step(at(50), Input::LinkClosed { link: FIRST }, &mut told);
        assert_eq!(device.deadline(), Some(at(60).boot));
    }

    /// A process that slept itself finds both steps due and takes both.
    #[test]
    fn a_late_wake_catches_up() {
        let mut device = linked();
        let mut told = Vec::new();
        device.wake(at(10_000), &mut told);
        assert_eq!(device.info(), PresenceInfo::Offline { last_seen: at(0).wall });
    }
}
