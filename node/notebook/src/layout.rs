//! What stands in the document itself, and what becomes a file beside it.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use wayfare_protocol::limits::{OUTPUT_INLINE_MAX, OUTPUT_MARKUP_MAX, OUTPUT_PLAIN_MAX};

use crate::content::Content;
use crate::mime::{MimeClass, ending};

/// The folder of what outputs show, from their document's own. The newest convention of other editors puts their pictures there too, with no
/// title.
pub const GENERATED: &str = "_assets/generated";

/// A file that belongs to a document, known by its content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asset {
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// Its media type.
    pub mime: String,
    /// Its name in the folder of assets.
    pub file_name: String,
}

/// An asset with its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct AssetBytes {
    /// What is known of it.
    pub asset: Asset,
    /// Its path from the document, as links name it.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for AssetBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AssetBytes({}, {} bytes)", self.path, self.bytes.len())
    }
}

/// Where files go and how much text stands in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Folder of assets, from the document's own, with `/` between its parts.
    pub folder: String,
    /// Bytes of a stream or of plain text that stand in the document; more becomes a file.
    pub plain_max: usize,
    /// Bytes of any other text that stand in the document; more becomes a file.
    pub markup_max: usize,
    /// Bytes of all outputs of one run that stand in the document; what would be more becomes files.
    pub inline_max: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            folder: GENERATED.to_owned(),
            plain_max: OUTPUT_PLAIN_MAX,
            markup_max: OUTPUT_MARKUP_MAX,
            inline_max: OUTPUT_INLINE_MAX,
        }
    }
}

impl Layout {
    /// What a document says of some bytes in a media type, and the file where it is one. Bytes that are not UTF-8 are a file.
    #[must_use]
    pub fn place(&self, mime: &str, bytes: Vec<u8>) -> (Content, Option<AssetBytes>) {
        let most = match MimeClass::of(mime) {
            MimeClass::Plain => Some(self.plain_max),
            MimeClass::Markup | MimeClass::Json => Some(self.markup_max),
            MimeClass::Drawing | MimeClass::Binary => None,
        };
        let bytes = match most {
            Some(most) if bytes.len() <= most => match String::from_utf8(bytes) {
                Ok(text) => return (Content::Text(text), None),
                Err(error) => error.into_bytes(),
            },
            _ => bytes,
        };
        let file = self.file(mime, bytes);
        (Content::Link(file.path.clone()), Some(file))
    }

    /// A file for some bytes, whatever their size.
    #[must_use]
    pub fn file(&self, mime: &str, bytes: Vec<u8>) -> AssetBytes {
        let sha256 = HEXLOWER.encode(Sha256::digest(&bytes).as_slice());
        let file_name = format!("{sha256}.{}", ending(mime));
        let path = self.path_of(&file_name);
        AssetBytes { asset: Asset { sha256, mime: mime.to_owned(), file_name }, path, bytes }
    }

    /// The content that links to an asset that is known already.
    #[must_use]
    pub fn link(&self, asset: &Asset) -> Content {
        Content::Link(self.path_of(&asset.file_name))
    }

    fn path_of(&self, file_name: &str) -> String {
        match self.folder.trim_end_matches('/') {
            "" => file_name.to_owned(),
            folder => format!("{folder}/{file_name}"),
        }
    }
}
