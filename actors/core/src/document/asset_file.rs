//! Files of a project's tree that are no documents: which asset is at which path, and which were deleted.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use wayfare_notebook::GENERATED;
use wayfare_protocol::AssetId;
use wayfare_protocol::limits::MEDIA_TYPE_MAX;

use super::Edit;

/// The map of assets: their paths, with `/` between names, to what is there.
pub const ASSETS: &str = "assets";
/// The map of assets that were deleted: the paths that they had to what was there.
pub const ASSET_TRASH: &str = "assetTrash";

/// Versions before the present one that an entry names.
const BEFORE_MAX: usize = 8;

/// What is at a path: in the map as `<id> <bytes> <media type>`, and then perhaps the first bytes of the ids that were there before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AssetFile {
    /// The asset.
    pub asset: AssetId,
    /// Its bytes.
    pub size: u64,
    /// Its media type: of what its name says, so for show only.
    pub media_type: String,
    /// What whoever put it there knew to have been there, the newest first: what is not among them was put there apart, and is not
    /// to be lost.
    pub before: Vec<[u8; 4]>,
}

impl AssetFile {
    /// One that replaces nothing.
    #[must_use]
    pub fn new(asset: AssetId, size: u64, media_type: String) -> Self {
        Self { asset, size, media_type, before: Vec::new() }
    }

    /// The same in the place of another one.
    #[must_use]
    pub fn instead_of(mut self, before: Option<&Self>) -> Self {
        self.before = match before {
            Some(before) if before.asset == self.asset => before.before.clone(),
            Some(before) => std::iter::once(start(before.asset)).chain(before.before.iter().copied()).collect(),
            None => Vec::new(),
        };
        self.before.truncate(BEFORE_MAX);
        self
    }

    /// Whether whoever put it there knew of that one.
    #[must_use]
    pub fn replaces(&self, asset: AssetId) -> bool {
        self.before.contains(&start(asset))
    }
}

/// Whether a path is that of a file which a cell's output shows: in the folder of such files, and called by its own hash.
#[must_use]
pub fn is_output(path: &str, asset: AssetId) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or_default();
    let is_theirs = folder.strip_suffix(GENERATED).is_some_and(|above| above.is_empty() || above.ends_with('/'));
    is_theirs && name.split('.').next() == Some(asset.to_string().as_str())
}

fn start(asset: AssetId) -> [u8; 4] {
    let [a, b, c, d, ..] = asset.0;
    [a, b, c, d]
}

impl fmt::Display for AssetFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.asset, self.size, self.media_type)?;
        let before: Vec<String> = self.before.iter().map(|start| HEXLOWER.encode(start)).collect();
        if before.is_empty() { Ok(()) } else { write!(f, " {}", before.join(",")) }
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
            let before = words.next().map_or_else(|| Some(Vec::new()), starts)?;
            let is_plain = !media_type.is_empty()
                && media_type.len() <= MEDIA_TYPE_MAX
                && media_type.chars().all(|c| c.is_ascii_graphic())
                && words.next().is_none();
            let (asset, size, media_type) = (asset.parse().ok()?, size.parse().ok()?, media_type.to_owned());
            is_plain.then_some(Self { asset, size, media_type, before })
        };
        read().ok_or_else(|| AssetFileError(text.to_owned()))
    }
}

fn starts(text: &str) -> Option<Vec<[u8; 4]>> {
    let start = |digits: &str| HEXLOWER.decode(digits.as_bytes()).ok()?.try_into().ok();
    text.split(',').take(BEFORE_MAX).map(start).collect()
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
    fn the_file_of_an_output_is_called_by_its_hash_and_lies_with_others() {
        let asset = AssetId([0xab; 32]);
        for path in ["_assets/generated/{}.png", "a/b/_assets/generated/{}.html", "_assets/generated/{}"] {
            assert!(is_output(&path.replace("{}", &asset.to_string()), asset), "{path}");
        }
        for path in [
            "_assets/{}.png",
            "my_assets/generated/{}.png",
            "_assets/generated/more/{}.png",
            "{}",
            "_assets/generated/plot.png",
        ] {
            assert!(!is_output(&path.replace("{}", &asset.to_string()), asset), "{path}");
        }
        assert!(!is_output(&format!("_assets/generated/{asset}.png"), AssetId([1; 32])), "something else is there");
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_else_is() {
        let first = AssetFile::new(AssetId([0xab; 32]), 7, "image/png".to_owned());
        assert_eq!(first.to_string().parse(), Ok(first.clone()));
        let second = AssetFile::new(AssetId([0xcd; 32]), 7, "image/png".to_owned()).instead_of(Some(&first));
        let file = AssetFile::new(AssetId([0xef; 32]), 7, "image/png".to_owned()).instead_of(Some(&second));
        assert_eq!(file.to_string().parse(), Ok(file.clone()));
        assert!(file.replaces(first.asset) && file.replaces(second.asset) && !file.replaces(file.asset));
        let id = file.asset.to_string();
        for wrong in [
            "",
            &id,
            &format!("{id} 7"),
            &format!("{id} x image/png"),
            &format!("{id} 7 a b"),
            &format!("{id} 7 a abcdef01 b"),
            &format!("{id} 7 "),
        ] {
            assert!(wrong.parse::<AssetFile>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_file_is_at_its_path_until_it_is_deleted_and_again_when_it_comes_back() {
        let file = AssetFile::new(AssetId([1; 32]), 7, "text/csv".to_owned());
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
