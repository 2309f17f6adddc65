//! Texts with marks: words that nobody writes twice.

/// What is shown by somebody who has a document open begins so.
const SHOWN: &[u8] = b"is-at:";

/// The mark that a person makes, the how many-th.
#[must_use]
pub fn of(person: usize, number: u64) -> u64 {
    (person as u64 + 1) * 1_000_000 + number
}

/// A line of its own for each mark, in which no other mark can be found.
#[must_use]
pub fn line(mark: u64) -> String {
    format!("<{mark}>\n")
}

/// The marks of a text, in order: also those in whose line somebody else has written.
#[must_use]
pub fn marks(text: &str) -> Vec<u64> {
    let pieces = text.split('<').skip(1).filter_map(|piece| piece.split_once('>'));
    pieces.filter_map(|(mark, _)| mark.parse().ok()).collect()
}

/// Where a line of a text begins, the how many-th.
#[must_use]
pub fn spot(text: &str, number: u64) -> usize {
    let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    lines.get(usize::try_from(number % lines.len() as u64).unwrap_or(0)).copied().unwrap_or(0)
}

/// A text with a line more, before the how many-th.
#[must_use]
pub fn with(text: &str, number: u64, line: &str) -> String {
    let (before, after) = text.split_at(spot(text, number));
    format!("{before}{line}{after}")
}

/// What somebody shows who has a document open.
#[must_use]
pub fn shown(mark: u64) -> String {
    format!(r#"{{"{}{mark};":1}}"#, String::from_utf8_lossy(SHOWN))
}

/// The marks that are shown in any bytes.
#[must_use]
pub fn shown_in(bytes: &[u8]) -> Vec<u64> {
    let begins = bytes.windows(SHOWN.len()).enumerate().filter(|(_, window)| *window == SHOWN);
    let read = |at: usize| {
        let rest = &bytes[at + SHOWN.len()..];
        let end = rest.iter().position(|byte| *byte == b';')?;
        std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
    };
    begins.filter_map(|(at, _)| read(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_also_where_somebody_wrote_between() {
        assert_eq!(marks(""), Vec::<u64>::new());
        assert_eq!(marks(&format!("{}{}", line(12), line(3))), [12, 3]);
        assert_eq!(marks("<12<3>\n>\n"), [3]);
        assert_eq!(marks("text <x> <7>"), [7]);
    }

    #[test]
    fn a_line_comes_before_another_or_at_the_end() {
        assert_eq!(with("", 5, "x\n"), "x\n");
        let texts: Vec<_> = (0..3).map(|number| with("a\nb\n", number, "x\n")).collect();
        assert_eq!(texts, ["x\na\nb\n", "a\nx\nb\n", "a\nb\nx\n"]);
    }

    #[test]
    fn what_is_shown_is_found_in_any_bytes() {
        let bytes = [b"\x00\xff", shown(12).as_bytes(), b"is-at:x;is-at:", shown(3).as_bytes()].concat();
        assert_eq!(shown_in(&bytes), [12, 3]);
    }
}
