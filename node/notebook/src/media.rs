//! Links and pictures that are outputs: one line, whose title says so.
//! `![plot](_assets/generated/ab.png "output display image/png")`

use crate::key::OutputKey;
use crate::layout::GENERATED;

/// A line that is a link or a picture and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MediaLine {
    /// Whether it is a picture.
    pub(crate) picture: bool,
    /// Its text, or the picture's alternative text.
    pub(crate) label: String,
    /// The file's path from the document.
    pub(crate) path: String,
    /// Its title; empty for none.
    pub(crate) title: String,
}

impl MediaLine {
    /// Reads a line. `None` if it is anything else, or nothing says that it is an output.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        let (picture, rest) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let rest = rest.strip_prefix('[')?;
        let (label, rest) = bracketed(rest)?;
        let rest = rest.strip_prefix('(')?.strip_suffix(')')?;
        let (path, title) = match rest.split_once(" \"") {
            Some((path, title)) => (path, title.strip_suffix('"')?),
            None => (rest, ""),
        };
        let plain = |text: &str| !text.contains(['"', '\\', '(', ')', '<', '>', '\n', '\r']);
        if path.is_empty() || path.contains(char::is_whitespace) || !plain(path) || !plain(title) {
            return None;
        }
        let ours = title.split_whitespace().next().and_then(OutputKey::of_word).is_some();
        let in_it = |path: &str| path.strip_prefix(GENERATED).is_some_and(|rest| rest.starts_with('/'));
        let generated = picture && title.is_empty() && in_it(path);
        (ours || generated).then(|| Self { picture, label, path: percent_decode(path), title: title.to_owned() })
    }

    /// The line, without a line end.
    pub(crate) fn write(&self) -> String {
        let picture = if self.picture { "!" } else { "" };
        format!("{picture}[{}]({} \"{}\")", escape(&self.label), percent_encode(&self.path), self.title)
    }
}

/// Whether a text can be a label and be read from it again.
pub(crate) fn fits_label(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.trim() == text
        && !text.contains(|c: char| c.is_control() || ('\u{2400}'..='\u{2424}').contains(&c))
}

/// Every ASCII punctuation character may be escaped (CommonMark §2.4); these mean something in a label or on GitHub.
fn escape(label: &str) -> String {
    let mut out = String::with_capacity(label.len());
    for c in label.chars() {
        if matches!(c, '\\' | '[' | ']' | '`' | '*' | '_' | '<' | '>' | '&' | '!' | '~' | '$' | '|' | '@' | '#' | ':') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Reads to the bracket that closes, undoing [`escape`].
fn bracketed(text: &str) -> Option<(String, &str)> {
    let mut label = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ']' => return Some((label, &text[at + 1..])),
            '[' | '\n' => return None,
            '\\' => match chars.next() {
                Some((_, c)) if c.is_ascii_punctuation() => label.push(c),
                Some((_, c)) => label.extend(['\\', c]),
                None => return None,
            },
            c => label.push(c),
        }
    }
    None
}

fn percent_encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        let special =
            matches!(byte, b' ' | b'%' | b'(' | b')' | b'<' | b'>' | b'"' | b'\\' | b'`' | b'*' | b'#' | b'?' | b'&');
        if special || byte.is_ascii_control() || !byte.is_ascii() {
            out.push_str(&format!("%{byte:02X}"));
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

fn percent_decode(path: &str) -> String {
    let digit =
        |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|n| u8::try_from(n).ok());
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2)));
        match (bytes[at], pair) {
            (b'%', Some((high, low))) => {
                out.push(high * 16 + low);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_lines_are_not_outputs() {
        for line in [
            "![a](b.png)",
            "![a](b.png \"a picture\")",
            "[a](b.png \"output\") and more",
            "[a](<b c> \"output\")",
            "[a[b]](b \"output\")",
            "[a](b \"output",
            "[x](_assets/generated/a.html)",
        ] {
            assert_eq!(MediaLine::read(line), None, "{line}");
        }
        assert!(MediaLine::read("![plot](_assets/generated/ab.png)").is_some());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(label in "[ -~é]{1,30}", path in "[ -~é/.]{1,30}", picture in any::<bool>()) {
            prop_assume!(fits_label(&label));
            let line = MediaLine { picture, label, path, title: "output:x also text/html".to_owned() };
            let text = line.write();
            prop_assert_eq!(MediaLine::read(&text), Some(line), "{}", text);
        }

        #[test]
        fn any_line_is_read_or_not(line in "!?\\[[a-z\\[\\]\\\\]{0,5}\\]\\([a-z%0-9é ]{0,8}( \"output[a-z: ]{0,5}\")?\\)") {
            let _ = MediaLine::read(&line);
        }
    }
}
