//! What a server prints beside what it says by its own events: the worth of the last expression as `Out[n]: …`, and tracebacks.

/// Longest text that is held back; a longer one is no mere repetition.
const HELD_MAX: usize = 64 * 1024;
/// So much of what was printed last is remembered.
const TAIL: usize = 16 * 1024;

/// Printed text on its way.
#[derive(Debug, Default)]
pub(super) struct Stdout {
    /// From an `Out[` at the beginning of a line on: it may be what `result` says.
    held: String,
    /// What went on last.
    tail: String,
}

impl Stdout {
    /// What can go on of the text so far.
    pub(super) fn take(&mut self, text: &str) -> Option<String> {
        self.held.push_str(text);
        let from = if self.tail.is_empty() || self.tail.ends_with('\n') { last_out(&self.held) } else { None };
        let from = from.or_else(|| self.held.rfind("\nOut[").map(|at| at + 1));
        let kept = match from {
            Some(at) if self.held.len() - at <= HELD_MAX => self.held.split_off(at),
            _ => String::new(),
        };
        let text = std::mem::replace(&mut self.held, kept);
        self.gone(text)
    }

    /// What is left of it at the run's end, which says what the last expression is worth.
    pub(super) fn end(&mut self, result: Option<&str>) -> Option<String> {
        let held = std::mem::take(&mut self.held);
        let worth = held.strip_prefix("Out[").and_then(|rest| rest.split_once("]:")).map(|(_, worth)| worth.trim());
        match (worth, result) {
            (Some(worth), Some(result)) if worth == result.trim() => None,
            _ => self.gone(held),
        }
    }

    /// Whether what was printed last has a word in it.
    pub(super) fn has_said(&self, word: &str) -> bool {
        !word.is_empty() && self.tail.contains(word)
    }

    fn gone(&mut self, text: String) -> Option<String> {
        self.tail.push_str(&text);
        let cut = self.tail.ceil_char_boundary(self.tail.len().saturating_sub(TAIL));
        self.tail.drain(..cut);
        (!text.is_empty()).then_some(text)
    }
}

/// Where the last line that begins with `Out[` begins, if the text begins with a line.
fn last_out(text: &str) -> Option<usize> {
    text.rfind("\nOut[").map(|at| at + 1).or_else(|| text.starts_with("Out[").then_some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&str], result: Option<&str>) -> String {
        let mut stdout = Stdout::default();
        let mut said: String = pieces.iter().filter_map(|piece| stdout.take(piece)).collect();
        said.extend(stdout.end(result));
        said
    }

    #[test]
    fn what_the_result_says_is_not_printed_too() {
        assert_eq!(all(&["a\nOut[1]: 2\n"], Some("2")), "a\n");
        assert_eq!(all(&["a\n", "Out[12]: ", "'x'\n"], Some("'x'")), "a\n");
        assert_eq!(all(&["Out[1]:\n   a\n0  1\n"], Some("   a\n0  1")), "");
    }

    #[test]
    fn what_only_looks_like_it_is_printed() {
        for pieces in [&["Out[1]: 3\n"][..], &["say Out[1]: 2\n"], &["Out[1]: 2\n", "more\n"], &["x", "Out[1]: 2\n"]] {
            assert_eq!(all(pieces, Some("2")), pieces.concat());
        }
        assert_eq!(all(&["Out[1]: 2\n"], None), "Out[1]: 2\n");
        let long = format!("Out[1]: {}\n", "x".repeat(HELD_MAX));
        assert_eq!(all(&[&long], None), long);
    }

    #[test]
    fn a_word_is_found_in_what_was_printed_last() {
        let mut stdout = Stdout::default();
        stdout.take("ZeroDivisionError: x\n");
        assert!(stdout.has_said("ZeroDivisionError") && !stdout.has_said("") && !stdout.has_said("KeyError"));
        stdout.take(&"é".repeat(TAIL));
        assert!(!stdout.has_said("ZeroDivisionError"));
    }
}
