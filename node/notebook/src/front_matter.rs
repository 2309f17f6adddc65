//! Front matter: the text between two `---` lines at the top of a document.

use std::ops::Range;

/// Where a document's front matter stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontMatterText {
    /// Bytes between the two lines.
    pub yaml: Range<usize>,
    /// Bytes from the first line through the last, its line end included.
    pub block: Range<usize>,
}

impl FrontMatterText {
    /// Finds it. A byte order mark may stand before it; a `---` without another is a thematic break.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let bom = bom(text);
        let mut lines = text[bom..].split_inclusive('\n');
        let first = lines.next().filter(|line| line.trim_end() == "---")?;
        let start = bom + first.len();
        let mut end = start;
        for line in lines {
            if matches!(line.trim_end(), "---" | "...") {
                return Some(Self { yaml: start..end, block: bom..end + line.len() });
            }
            end += line.len();
        }
        None
    }
}

/// Length of the byte order mark at a text's beginning: 0 or 3.
pub(crate) fn bom(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}
