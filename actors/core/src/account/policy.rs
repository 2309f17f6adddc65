//! What a node takes from other devices at the moment, by its policy.
//!
//! The first line that applies decides:
//!
//! | the policy | the node | takes |
//! |---|---|---|
//! | | is being drained | nothing |
//! | not `remote` | | nothing |
//! | not `on_battery` | on its battery | nothing |
//! | at most N cells | runs N or more | nothing that would run beside them |
//! | | else | everything |
//!
//! It concerns new sessions, runs and resets that come from the cloud: the programs of the node's own user are served always, and what
//! was accepted is run. Whoever routes is told, so that it chooses another device; the node's own word counts.

use wayfare_protocol::capability::{Accepting, Policy, Power, Reluctance};
use wayfare_protocol::control::{Control, MrpRequest};
use wayfare_protocol::session::{SessionCall, SessionState};
use wayfare_protocol::{ErrorCode, Refusal, SessionId};

use super::{Account, Effect, LinkId, Place};
use crate::machine::Sink;

/// What is known for the decision, and what the cloud was told.
#[derive(Debug)]
pub(super) struct Reserve {
    policy: Policy,
    power: Power,
    /// It gives its daemons away.
    pub(super) is_draining: bool,
    told: Accepting,
}

impl Reserve {
    pub(super) fn of(place: &Place) -> Self {
        let policy = match place {
            Place::Node { policy, .. } => *policy,
            Place::Cloud { .. } => Policy::default(),
        };
        Self { policy, power: Power::Mains, is_draining: false, told: Accepting::Everything }
    }
}

impl Account {
    pub(super) fn set_power(&mut self, power: Power) {
        self.reserve.power = power;
    }

    fn accepting(&self) -> Accepting {
        let Reserve { policy, power, is_draining, .. } = &self.reserve;
        if *is_draining {
            return Accepting::Nothing(Reluctance::Draining);
        }
        if !policy.remote {
            return Accepting::Nothing(Reluctance::Closed);
        }
        if !policy.on_battery && *power == Power::Battery {
            return Accepting::Nothing(Reluctance::OnBattery);
        }
        match policy.runs {
            Some(most) if self.busy() >= most => Accepting::Nothing(Reluctance::Full { most }),
            Some(_) | None => Accepting::Everything,
        }
    }

    /// Sessions of this node that execute a cell.
    fn busy(&self) -> u32 {
        let here = self.here();
        let all = self.sessions.all();
        let busy = all.iter().filter(|info| Some(info.owner) == here && is_busy(&info.state));
        u32::try_from(busy.count()).unwrap_or(u32::MAX)
    }

    /// Tells the cloud if what is taken has changed. A new link begins with everything.
    pub(super) fn tell_accepting(&mut self, out: &mut impl Sink<Effect>) {
        if self.here().is_none() {
            return;
        }
        let Some(link) = self.links.upstream() else {
            self.reserve.told = Accepting::Everything;
            return;
        };
        let accepting = self.accepting();
        if accepting != self.reserve.told {
            self.reserve.told = accepting;
            out.push(Effect::Send { link, control: Control::Accepting(accepting) });
        }
    }

    pub(super) fn accepting_anew(&mut self) {
        self.reserve.told = Accepting::Everything;
    }

    /// Why a call that came from the cloud is not passed to its session.
    pub(super) fn reluctant_to_call(&self, link: LinkId, asked: &MrpRequest) -> Option<Refusal> {
        // A run that may have been accepted before is its session's to answer.
        let begins = asked.call.run().is_some_and(|run| !run.again) || asked.call == SessionCall::Reset;
        if !begins {
            return None;
        }
        self.reluctant(link, Some(asked.session))
    }

    /// Why nothing new is begun for the cloud; in a session that executes a cell already, one more waits behind it.
    pub(super) fn reluctant(&self, link: LinkId, session: Option<SessionId>) -> Option<Refusal> {
        let Place::Node { name, .. } = &self.config.place else { return None };
        let Accepting::Nothing(why) = self.accepting() else { return None };
        let waits = session.and_then(|session| self.sessions.get(session)).is_some_and(|info| is_busy(&info.state));
        let is_free = match why {
            Reluctance::Full { .. } => waits,
            Reluctance::Closed | Reluctance::OnBattery | Reluctance::Draining => false,
        };
        (self.links.is_upstream(link) && !is_free).then(|| refusal(name, why))
    }
}

/// What is answered for a device that takes nothing.
pub(super) fn refusal(name: &str, why: Reluctance) -> Refusal {
    let code = match why {
        Reluctance::Closed | Reluctance::OnBattery => ErrorCode::Forbidden,
        Reluctance::Full { .. } => ErrorCode::Overloaded,
        Reluctance::Draining => ErrorCode::Draining,
    };
    Refusal::new(code, format!("{name} {why}"))
}

fn is_busy(state: &SessionState) -> bool {
    matches!(state, SessionState::Busy { .. })
}
