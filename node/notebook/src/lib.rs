//! The text of notebooks: what in a Markdown file is a cell and what is a cell's output, how a finished run's output is written
//! into it, and the way from and to Jupyter's format (`.ipynb`).
//!
//! Pure: text goes in, text and edits come out. `docs/documents.md`, "Text of a notebook", is the specification. Offsets are
//! bytes of UTF-8 unless a name says otherwise.

mod blocks;
mod cell;
mod content;
mod document;
mod edit;
mod front_matter;
mod ipynb;
mod key;
mod layout;
mod media;
mod mime;
mod note;
mod output;
mod output_block;
mod pictures;
mod read;
mod run;
mod screen;
mod text;
mod write;

pub use cell::Cell;
pub use content::Content;
pub use document::{Document, Span, SpanKind};
pub use edit::{Edit, Edits, Utf16Edit};
pub use front_matter::FrontMatterText;
pub use ipynb::{ExportError, ImportError, Imported, from_ipynb, to_ipynb};
pub use key::{OutputKey, RunKey};
pub use layout::{Asset, AssetBytes, GENERATED, Layout};
pub use mime::MimeClass;
pub use note::Fields;
pub use output::{Output, OutputForm, StreamName, ValueKind};
pub use output_block::{BlockKind, BlockWords, OutputBlock};
pub use run::RunOutputs;
pub use text::{CellPlace, WriteError, clear_all_outputs, clear_outputs, write_outputs};
