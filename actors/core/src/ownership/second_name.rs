//! The visible second name of what was made under a taken one.

use wayfare_protocol::daemon::{DaemonKey, DaemonName};
use wayfare_protocol::ownership::ResourceKey;
use wayfare_protocol::session::{SessionKey, SessionName};

/// `name-2`, `name-3`, ... of a session's name. The end of a name that would become too long gives way to the number.
#[must_use]
pub fn second_name(wanted: &SessionName, number: u32) -> SessionName {
    SessionName { project: wanted.project.clone(), name: numbered(&wanted.name, number) }
}

/// The same of any resource's name.
#[must_use]
pub fn second_key(wanted: &ResourceKey, number: u32) -> ResourceKey {
    match wanted {
        ResourceKey::Session(SessionKey { name, language }) => {
            ResourceKey::Session(SessionKey { name: second_name(name, number), language: language.clone() })
        }
        ResourceKey::Daemon(DaemonKey { name, kind }) => {
            // A checked name that is cut and numbered is one that would pass the check.
            let name = numbered(name.as_str(), number).parse::<DaemonName>().unwrap_or_else(|_| name.clone());
            ResourceKey::Daemon(DaemonKey { name, kind: kind.clone() })
        }
    }
}

fn numbered(name: &str, number: u32) -> String {
    let ending = format!("-{number}");
    let kept = SessionName::PART_MAX - ending.len();
    name.chars().take(kept).collect::<String>() + &ending
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::session::Language;

    use super::*;

    fn session(name: &str) -> ResourceKey {
        let name = SessionName::new("notes", name).unwrap();
        ResourceKey::Session(SessionKey { name, language: Language::from_word("python") })
    }

    #[test]
    fn a_second_name_is_the_name_and_a_number() {
        assert_eq!(second_key(&session("main"), 2), session("main-2"));
        assert_eq!(second_key(&session("main"), 10), session("main-10"));
        let daemon = |name: &str| DaemonKey { name: name.parse().unwrap(), kind: "tally".parse().unwrap() };
        assert_eq!(second_key(&daemon("votes").into(), 2), daemon("votes-2").into());
    }

    /// A name of the greatest length, of letters longer than a byte too, still has a valid second name.
    #[test]
    fn a_second_name_is_a_valid_name() {
        let long = "é".repeat(SessionName::PART_MAX);
        let daemon: ResourceKey = DaemonKey { name: long.parse().unwrap(), kind: "tally".parse().unwrap() }.into();
        for number in [2, 10, u32::MAX] {
            let ending = format!("-{number}");
            let ResourceKey::Session(SessionKey { name, .. }) = second_key(&session(&long), number) else { panic!() };
            assert_eq!(name, SessionName::new(&name.project, &name.name).unwrap());
            assert!(name.name.ends_with(&ending));
            let ResourceKey::Daemon(DaemonKey { name, .. }) = second_key(&daemon, number) else { panic!() };
            assert!(name.as_str().ends_with(&ending));
        }
    }
}
