//! Control characters in text that a Markdown file holds: each is written as its Unicode control picture.
//!
//! A carriage return ends a line for Markdown and for editors, and other control characters are lost or unseen. `␛[31m` can be
//! read, and read back.

use std::borrow::Cow;

/// `␤` stands before a control picture, or before another `␤`, that is meant as itself.
const ITSELF: char = '\u{2424}';

fn is_special(c: char) -> bool {
    c == ITSELF || control(c).is_some()
}

fn picture(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => None,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        _ => None,
    }
}

fn control(c: char) -> Option<char> {
    match c {
        '\u{2409}' | '\u{240a}' => None,
        '\u{2400}'..='\u{241f}' => char::from_u32(u32::from(c) - 0x2400),
        '\u{2421}' => Some('\u{7f}'),
        _ => None,
    }
}

/// Text without control characters but tab and line feed, from which [`decode`] makes the same text again.
pub(crate) fn encode(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| picture(c).is_some() || is_special(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match picture(c) {
            Some(picture) => out.push(picture),
            None => {
                if is_special(c) {
                    out.push(ITSELF);
                }
                out.push(c);
            }
        }
    }
    Cow::Owned(out)
}

/// The text that was written as this.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(is_special) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match control(c) {
            Some(control) => out.push(control),
            None if c == ITSELF => out.push(chars.next_if(|next| is_special(*next)).unwrap_or(c)),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_can_be_read() {
        assert_eq!(encode("\u{1b}[31mred\u{1b}[0m 1%\r2%\n\t\u{7f}"), "␛[31mred␛[0m 1%␍2%\n\t␡");
        assert_eq!(encode("␛"), "␤␛");
        assert_eq!(decode("␤␛␤␤␐␤"), "␛␤\u{10}␤");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "[\\x00-\\x20a\u{2400}-\u{2426}\u{7f}é]{0,40}") {
            let written = encode(&text);
            prop_assert!(!written.contains(|c: char| c.is_ascii_control() && !matches!(c, '\n' | '\t')));
            prop_assert_eq!(decode(&written), text.as_str());
        }
    }
}
