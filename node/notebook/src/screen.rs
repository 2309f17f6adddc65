//! What a terminal would show of a text in the end, without colours: progress bars are one line, not a thousand.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

/// Columns beyond which a cursor is not moved: what is left of it is white space.
const COLUMN_MAX: usize = 4096;

/// The text that is left on the screen. Tab and line feed stay; other control characters and escape sequences do their work,
/// if they move or erase, and are left out.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Cow::Borrowed(text);
    }
    let mut screen = Screen { lines: vec![Vec::new()], row: 0, column: 0 };
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => screen.line_feed(),
            '\r' => screen.column = 0,
            '\u{8}' => screen.column = screen.column.saturating_sub(1),
            '\u{1b}' => screen.escape(&mut chars),
            '\t' => screen.put(c),
            c if c.is_control() => {}
            c => screen.put(c),
        }
    }
    Cow::Owned(screen.text())
}

struct Screen {
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    fn put(&mut self, c: char) {
        let line = &mut self.lines[self.row];
        while line.len() < self.column {
            line.push(' ');
        }
        match line.get_mut(self.column) {
            Some(place) => *place = c,
            None => line.push(c),
        }
        self.column += 1;
    }

    fn line_feed(&mut self) {
        self.row += 1;
        self.column = 0;
        if self.row == self.lines.len() {
            self.lines.push(Vec::new());
        }
    }

    /// After an escape character: a control sequence, a string to a terminal's program, or a character of its own.
    fn escape(&mut self, chars: &mut Peekable<Chars<'_>>) {
        match chars.next() {
            Some('[') => {
                let mut parameters = String::new();
                while let Some(c) = chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)) {
                    parameters.push(c);
                }
                if let Some(command) = chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c)) {
                    self.command(command, &parameters);
                }
            }
            Some(']') => {
                while let Some(c) = chars.next_if(|c| *c != '\n') {
                    if c == '\u{7}' || (c == '\u{1b}' && chars.next_if_eq(&'\\').is_some()) {
                        break;
                    }
                }
            }
            _ => {}
        }
    }

    fn command(&mut self, command: char, parameters: &str) {
        let number = parameters.parse::<usize>().ok();
        let count = number.unwrap_or(1).max(1);
        match command {
            'A' => self.row = self.row.saturating_sub(count),
            'B' => self.row = (self.row + count.min(self.lines.len())).min(self.lines.len() - 1),
            'C' => self.column = (self.column + count.min(COLUMN_MAX)).min(COLUMN_MAX.max(self.column)),
            'D' => self.column = self.column.saturating_sub(count),
            'G' => self.column = (count - 1).min(COLUMN_MAX),
            'K' => self.erase_line(number.unwrap_or_default()),
            'J' => match number.unwrap_or_default() {
                0 => {
                    self.erase_line(0);
                    self.lines.truncate(self.row + 1);
                }
                2 | 3 => {
                    self.lines = vec![Vec::new()];
                    self.row = 0;
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn erase_line(&mut self, which: usize) {
        let line = &mut self.lines[self.row];
        match which {
            0 => line.truncate(self.column),
            1 => line.iter_mut().take(self.column + 1).for_each(|c| *c = ' '),
            2 => line.clear(),
            _ => {}
        }
    }

    fn text(self) -> String {
        let mut text = String::new();
        for (at, line) in self.lines.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            text.extend(line);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_state_of_each_line_is_left() {
        for (written, left) in [
            ("a\r\nb\n", "a\nb\n"),
            ("\u{1b}[31mred\u{1b}[0m\n", "red\n"),
            ("10%\r20%\r100%\ndone\n", "100%\ndone\n"),
            ("long line\r\u{1b}[Kx", "x"),
            ("a\nb\n\u{1b}[2A1\u{1b}[B2", "1\nb2\n"),
            ("ab\u{8}c", "ac"),
            ("x\u{1b}[2Jy", " y"),
            ("\u{1b}]0;title\u{7}t\u{1b}]8;;u\u{1b}\\v", "tv"),
            ("a\u{1b}[3Cb", "a   b"),
            ("\u{1b}", ""),
        ] {
            assert_eq!(shown(written), left, "{written:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_moves_is_left(text in "([a-z\\n\\t\\r\\x08\\x07\\x1b;0-9]|\\x1b\\[[0-9;]{0,6}[A-KmJ]){0,40}") {
            prop_assert!(!shown(&text).contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
        }
    }
}
