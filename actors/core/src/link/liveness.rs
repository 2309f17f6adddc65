//! Signs of life, both ways.

use wayfare_protocol::{Boot, Limits};

/// When something last came, went out, and was told.
#[derive(Debug)]
pub(super) struct Liveness {
    received: Boot,
    sent: Boot,
    /// When the owner was last told of a sign.
    told: Option<Boot>,
    pings: u64,
}

/// What time demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// A ping with this token.
    Ping(u64),
    /// The other end has been silent for too long.
    Silence,
}

impl Liveness {
    /// Of a link that is up now.
    pub(super) fn new(now: Boot) -> Self {
        Self { received: now, sent: now, told: None, pings: 0 }
    }

    /// A frame came; says whether the owner is to be told.
    pub(super) fn received(&mut self, now: Boot, limits: &Limits) -> bool {
        self.received = now;
        let tell = self.told.is_none_or(|told| now.since(told) >= limits.sign_every);
        if tell {
            self.told = Some(now);
        }
        tell
    }

    /// A frame went out.
    pub(super) fn sent(&mut self, now: Boot) {
        self.sent = now;
    }

    pub(super) fn deadline(&self, limits: &Limits) -> Boot {
        self.received.after(limits.link_silence).min(self.sent.after(limits.ping_every))
    }

    /// What is due. A ping counts as sent even while it waits for room in the transport: one is enough.
    pub(super) fn due(&mut self, now: Boot, limits: &Limits) -> Due {
        if now >= self.received.after(limits.link_silence) {
            return Due::Silence;
        }
        if now < self.sent.after(limits.ping_every) {
            return Due::Nothing;
        }
        self.sent = now;
        self.pings += 1;
        Due::Ping(self.pings)
    }
}
