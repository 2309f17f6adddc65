//! Code cells.

use std::ops::Range;

use wayfare_protocol::session::{Language, SessionName};

use crate::note::Fields;
use crate::output_block::OutputBlock;

/// The languages of cells; every other fence is text, unless a note before it says that it is a cell.
const LANGUAGES: [&str; 6] = ["python", "r", "julia", "bash", "javascript", "typescript"];

/// A cell: a code fence in a language that kernels run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its number in the notebook, from 1.
    pub index: u32,
    /// Its language.
    pub language: Language,
    /// The info string's second word where it has the form of a session name: `name` or `project:name`.
    pub session: Option<String>,
    /// The info string's other words.
    pub attributes: Vec<String>,
    /// The info string.
    pub info: String,
    /// The code, without the fence's indentation and with `\n` as line end.
    pub code: String,
    /// Line of the opening fence, from 1.
    pub line: u32,
    /// Bytes of the document from the opening fence through the closing one.
    pub block: Range<usize>,
    /// Bytes of the document between the two fences.
    pub content: Range<usize>,
    /// Columns before the opening fence.
    pub column: usize,
    /// Whether it has a closing fence. Without one it goes to the end of the document, and no output can follow.
    pub closed: bool,
    /// What a note before it says of it: fields of a Jupyter cell.
    pub fields: Fields,
    /// Bytes of the document from the cell's end through its last output; empty if it has none.
    pub region: Range<usize>,
    /// What stands there.
    pub output_blocks: Vec<OutputBlock>,
}

/// What the info string of a cell's fence says.
pub(crate) struct Info {
    pub(crate) language: Language,
    pub(crate) session: Option<String>,
    pub(crate) attributes: Vec<String>,
}

impl Info {
    /// `None` if its first word is not a language of cells; any word is one if a note said so.
    pub(crate) fn of(info: &str, noted: bool) -> Option<Self> {
        let mut words = info.split_whitespace().peekable();
        let language = Language::from_word(words.next().or(noted.then_some(""))?);
        if !noted && !is_language(&language) {
            return None;
        }
        let session = words.next_if(|word| is_session_name(word)).map(str::to_owned);
        Some(Self { language, session, attributes: words.map(str::to_owned).collect() })
    }
}

/// Whether fences in a language are cells without a note.
pub(crate) fn is_language(language: &Language) -> bool {
    LANGUAGES.contains(&language.as_str())
}

/// Whether a word can only be meant as `name` or `project:name`. Its length is judged later, with an error.
fn is_session_name(word: &str) -> bool {
    let parts = word.split_once(':').map_or(("-", word), |parts| parts);
    let short = |part: &str| part.chars().take(SessionName::PART_MAX).collect::<String>();
    let legal = |part: &str| part.chars().all(|c| SessionName::new("-", c.encode_utf8(&mut [0; 4])).is_ok());
    legal(parts.0) && legal(parts.1) && SessionName::new(&short(parts.0), &short(parts.1)).is_ok()
}
