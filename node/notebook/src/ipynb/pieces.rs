//! A document as the cells of Jupyter's format: text, code and raw.

use std::borrow::Cow;

use crate::document::{Document, SpanKind};
use crate::note::Fields;

/// A cell of Jupyter's, in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A text cell.
    Text { source: String, fields: Fields },
    /// A raw cell.
    Raw { source: String, fields: Fields },
    /// A cell of another type, as JSON.
    Json(String),
    /// The code cell of that index.
    Code(usize),
}

/// The cells of a document in order. Blank lines between cells belong to none; a text is a cell if it is not blank or a note
/// begins it.
pub(super) fn pieces(document: &Document<'_>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut begun: Option<Fields> = None;
    let end = |begun: &mut Option<Fields>, pieces: &mut Vec<Piece>| {
        if let Some(fields) = begun.take() {
            pieces.push(Piece::Text { source: String::new(), fields });
        }
    };
    for span in document.spans() {
        let text = &document.text()[span.range.clone()];
        match &span.kind {
            SpanKind::Text => {
                let text = text.strip_prefix('\u{feff}').filter(|_| span.range.start == 0).unwrap_or(text);
                let source = unix(without_blank_ends(text)).into_owned();
                if !source.is_empty() {
                    pieces.push(Piece::Text { source, fields: begun.take().unwrap_or_default() });
                }
                continue; // a blank one ends nothing
            }
            SpanKind::FrontMatter | SpanKind::Notebook(_) | SpanKind::Note | SpanKind::Output(..) => {
                end(&mut begun, &mut pieces);
            }
            SpanKind::Begin(fields) => {
                end(&mut begun, &mut pieces);
                begun = Some(fields.clone());
            }
            SpanKind::Whole(fields) => {
                end(&mut begun, &mut pieces);
                let source = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
                pieces.push(Piece::Text { source: unix(source).into_owned(), fields: fields.clone() });
            }
            SpanKind::Source { fields, source } => {
                end(&mut begun, &mut pieces);
                pieces.push(Piece::Text { source: source.clone(), fields: fields.clone() });
            }
            SpanKind::Raw { fields, source } => {
                end(&mut begun, &mut pieces);
                pieces.push(Piece::Raw { source: source.clone(), fields: fields.clone() });
            }
            SpanKind::Json(json) => {
                end(&mut begun, &mut pieces);
                pieces.push(Piece::Json(json.clone()));
            }
            SpanKind::Cell(index) => {
                end(&mut begun, &mut pieces);
                pieces.push(Piece::Code(*index));
            }
        }
    }
    end(&mut begun, &mut pieces);
    pieces
}

/// A text without the blank lines before and the white space after it. The indentation of its first line stays.
fn without_blank_ends(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let line = text[..blank].rfind('\n').map_or(0, |end| end + 1);
    &text[line..]
}

fn unix(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) }
}
