//! The visible second name of what was made under a taken one.

use wayfare_protocol::session::SessionName;

/// `name-2`, `name-3`, ... of a name. The end of a name that would become too long gives way to the number.
#[must_use]
pub fn second_name(wanted: &SessionName, number: u32) -> SessionName {
    let ending = format!("-{number}");
    let kept = SessionName::PART_MAX - ending.len();
    let name: String = wanted.name.chars().take(kept).collect();
    SessionName { project: wanted.project.clone(), name: name + &ending }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_name_is_the_name_and_a_number() {
        let name = SessionName::new("notes", "main").unwrap();
        assert_eq!(second_name(&name, 2).to_string(), "notes:main-2");
        assert_eq!(second_name(&name, 10).to_string(), "notes:main-10");
    }

    /// A name of the greatest length, of letters longer than a byte too, still has a valid second name.
    #[test]
    fn a_second_name_is_a_valid_name() {
        let name = SessionName::new("notes", &"é".repeat(SessionName::PART_MAX)).unwrap();
        for number in [2, 10, u32::MAX] {
            let second = second_name(&name, number);
            assert_eq!(second, SessionName::new(&second.project, &second.name).unwrap());
            assert!(second.name.ends_with(&format!("-{number}")));
        }
    }
}
