//! What becomes of a choice of device for a session that lives on another one.
//!
//! A session that lives is never started a second time under its name, so a choice of another device can mean two things, and the
//! person says which:
//!
//! | choice | the code runs | with the session's variables |
//! |---|---|---|
//! | [`Elsewhere::attach`] | where the session lives | yes |
//! | [`Elsewhere::new`] | on the chosen device, in a session of a name of its own | no |
//!
//! The name is made of the session's and the device's, so that the same choice later finds the same session again. A copy of the
//! session with its variables (a fork) is not made.

use std::fmt;

use wayfare_protocol::NodeId;
use wayfare_protocol::control::DeviceInfo;
use wayfare_protocol::session::{SessionInfo, SessionKey, SessionName, SessionState};

use crate::ownership::second_name;

/// Two ways to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// The session where it lives.
    pub attach: SessionInfo,
    /// The session that the chosen device would have instead.
    pub new: SessionKey,
    /// Whether that one is there already.
    pub is_known: bool,
    /// The chosen device's name.
    pub device: String,
}

/// `None` if the choice needs no question: nothing lives under the name, or it lives there.
#[must_use]
pub fn elsewhere(
    key: &SessionKey,
    chosen: NodeId,
    sessions: &[SessionInfo],
    devices: &[DeviceInfo],
) -> Option<Elsewhere> {
    let named = |key: &SessionKey| sessions.iter().find(|info| info.key == *key);
    let attach = named(key).filter(|info| info.owner != chosen)?;
    let device = devices.iter().find(|device| device.device == chosen.0);
    let device = device.map_or_else(|| chosen.0.short(), |device| device.name.clone());
    let first = on_device(&key.name, &device);
    // Under a name that is taken on a third device another one is made.
    let name = |number: u32| if number == 1 { first.clone() } else { second_name(&first, number) };
    let most = u32::try_from(sessions.len()).unwrap_or(u32::MAX).saturating_add(2);
    let keys = (1..=most).map(|number| SessionKey { name: name(number), language: key.language.clone() });
    let fits = |key: &SessionKey| named(key).is_none_or(|info| info.owner == chosen);
    let new = keys.into_iter().find(fits)?; // there are fewer sessions than names
    Some(Elsewhere { attach: attach.clone(), is_known: named(&new).is_some(), new, device })
}

/// `main-desk` of `main` and `desk`; what cannot stand in a name becomes `-`, and the name's end gives way to the device's.
fn on_device(name: &SessionName, device: &str) -> SessionName {
    let legal = |c: char| if SessionName::new("-", c.encode_utf8(&mut [0; 4])).is_ok() { c } else { '-' };
    let ending: String = device.chars().map(legal).take(SessionName::PART_MAX / 2).collect();
    let kept = SessionName::PART_MAX - 1 - ending.chars().count();
    let start: String = name.name.chars().take(kept).collect();
    SessionName { project: name.project.clone(), name: format!("{start}-{ending}") }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attach, new, is_known, device } = self;
        let doing = match attach.state {
            SessionState::Cold => "without a kernel",
            SessionState::Starting => "starting",
            SessionState::Idle => "idle",
            SessionState::Busy { .. } => "running a cell",
            SessionState::Unreachable => "which is not connected",
        };
        let there = if *is_known { "which is there already" } else { "without its variables" };
        write!(
            f,
            "{} lives on {}, {doing}, not on {device}; attach: run there, with its variables; new: run on {device} in \
             {}, {there}",
            attach.key, attach.device_name, new.name
        )
    }
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::control::PresenceInfo;
    use wayfare_protocol::session::{Environment, Language};
    use wayfare_protocol::{DeviceId, Epoch, SessionId};

    use super::*;

    const DESK: NodeId = NodeId(DeviceId([1; 32]));
    const LAPTOP: NodeId = NodeId(DeviceId([2; 32]));

    fn key(name: &str) -> SessionKey {
        SessionKey { name: SessionName::new("notes", name).unwrap(), language: Language::from_word("python") }
    }

    fn lives(name: &str, owner: NodeId) -> SessionInfo {
        SessionInfo {
            id: SessionId(uuid::Uuid::from_u128(1)),
            key: key(name),
            owner,
            device_name: "laptop".to_owned(),
            epoch: Epoch::LOCAL,
            state: SessionState::Idle,
            environment: Environment::default(),
        }
    }

    fn device(name: &str) -> DeviceInfo {
        let (name, os) = (name.to_owned(), "linux".to_owned());
        DeviceInfo { device: DESK.0, name, os, presence: PresenceInfo::Online, node: None, load: None }
    }

    fn name_of(sessions: &[SessionInfo], called: &str) -> (String, bool) {
        let found = elsewhere(&key("main"), DESK, sessions, &[device(called)]).expect("a question");
        (found.new.name.to_string(), found.is_known)
    }

    #[test]
    fn a_choice_is_a_question_only_for_a_session_that_lives_on_another_device() {
        let ask = |sessions: &[SessionInfo]| elsewhere(&key("main"), DESK, sessions, &[device("desk")]);
        assert_eq!(ask(&[]), None);
        assert_eq!(ask(&[lives("main", DESK)]), None);
        assert_eq!(ask(&[lives("other", LAPTOP)]), None);
        let told = ask(&[lives("main", LAPTOP)]).expect("a question").to_string();
        let expected = "notes:main (python) lives on laptop, idle, not on desk; attach: run there, with its variables; new: run \
                        on desk in notes:main-desk, without its variables";
        assert_eq!(told, expected);
    }

    #[test]
    fn the_same_choice_finds_the_same_session_again() {
        assert_eq!(name_of(&[lives("main", LAPTOP)], "desk"), ("notes:main-desk".to_owned(), false));
        let both = [lives("main", LAPTOP), lives("main-desk", DESK)];
        assert_eq!(name_of(&both, "desk"), ("notes:main-desk".to_owned(), true));
        let taken = [lives("main", LAPTOP), lives("main-desk", LAPTOP)];
        assert_eq!(name_of(&taken, "desk"), ("notes:main-desk-2".to_owned(), false));
    }

    #[test]
    fn any_device_makes_a_valid_name() {
        for called in ["my desk: the old one", &"é".repeat(200), ""] {
            let (name, _) = name_of(&[lives("main", LAPTOP)], called);
            assert_eq!(name.parse::<SessionName>().map(|name| name.to_string()), Ok(name.clone()), "{called}");
        }
    }
}
