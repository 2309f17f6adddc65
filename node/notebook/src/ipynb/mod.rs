//! Jupyter's notebook format, version 4: from it and to it.

mod attachments;
mod export;
mod import;
mod outputs;
mod pieces;
mod value;

pub use export::{ExportError, to_ipynb};
pub use import::{ImportError, Imported, from_ipynb};
