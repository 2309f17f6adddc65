//! Files of a project's tree that are no documents: which asset is at which path, and which were deleted.

use std::fmt;
use std::str::FromStr;

use wayfare_protocol::AssetId;
use wayfare_protocol::limits::MEDIA_TYPE_MAX;

use super::Edit;

/// The map of assets: their paths, with `/` between names, to what is there.
pub const ASSETS: &str = "assets";
/// The map of assets that were deleted: the paths that they had to what was there.
pub const ASSET_TRASH: &str = "assetTrash";

/// What is at a path: in the map as `<id> <bytes> <media type>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AssetFile {
    /// The asset.
    pub asset: AssetId,
    /// Its bytes.
    pub size: u64,
    /// Its media type: of what its name says, so for show only.
    pub media_type: String,
}

impl fmt::Display for AssetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.asset, self.size, self.media_type)
    }
}

/// Text that does not say what is at a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an asset's id, bytes and media type")]
pub struct AssetFileError(String);

impl FromStr for AssetFile {
    type Err = AssetFileError;
    fn from_str(text: &str) -> Result<Self, AssetFileError> {
        let read = || {
            let mut words = text.split(' ');
            let (asset, size, media_type) = (words.next()?, words.next()?, words.next()?);
            let is_plain = !media_type.is_empty()
                && media_type.len() <= MEDIA_TYPE_MAX
                && media_type.chars().all(|c| c.is_ascii_graphic())
                && words.next().is_none();
            let (asset, size, media_type) = (asset.parse().ok()?, size.parse().ok()?, media_type.to_owned());
            is_plain.then_some(Self { asset, size, media_type })
        };
        read().ok_or_else(|| AssetFileError(text.to_owned()))
    }
}

/// The edits of a tree by which a file is at a path, and not in the trash.
#[must_use]
pub fn asset_put(path: &str, file: &AssetFile) -> Vec<Edit> {
    vec![
        Edit::Put { map: ASSETS.to_owned(), key: path.to_owned(), value: file.to_string() },
        Edit::Remove { map: ASSET_TRASH.to_owned(), key: path.to_owned() },
    ]
}

/// The edits by which it is in the trash.
#[must_use]
pub fn asset_deletion(path: &str, file: &AssetFile) -> Vec<Edit> {
    vec![
        Edit::Put { map: ASSET_TRASH.to_owned(), key: path.to_owned(), value: file.to_string() },
        Edit::Remove { map: ASSETS.to_owned(), key: path.to_owned() },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Body, Tree};

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is() {
        let file = AssetFile { asset: AssetId([0xab; 32]), size: 7, media_type: "image/png".to_owned() };
        assert_eq!(file.to_string().parse(), Ok(file.clone()));
        let id = file.asset.to_string();
        for wrong in
            ["", &id, &format!("{id} 7"), &format!("{id} x image/png"), &format!("{id} 7 a b"), &format!("{id} 7 ")]
        {
            assert!(wrong.parse::<AssetFile>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_is_at_its_path_until_it_is_deleted_and_again_when_it_comes_back() {
        let file = AssetFile { asset: AssetId([1; 32]), size: 7, media_type: "text/csv".to_owned() };
        let mut body = Body::new(1);
        body.edit(&asset_put("data/a.csv", &file)).unwrap();
        assert_eq!(Tree::of(&body).assets.get("data/a.csv"), Some(&file));
        body.edit(&asset_deletion("data/a.csv", &file)).unwrap();
        let tree = Tree::of(&body);
        assert_eq!((tree.assets.len(), tree.asset_trash.get("data/a.csv")), (0, Some(&file)));
        body.edit(&asset_put("data/a.csv", &file)).unwrap();
        let tree = Tree::of(&body);
        assert_eq!((tree.assets.len(), tree.asset_trash.len()), (1, 0));
    }
}
