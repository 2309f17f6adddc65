//! What a document leads to: other documents by their ids, assets by their hashes.

use std::collections::BTreeSet;

use wayfare_protocol::{AssetId, DocumentId};

use crate::document::{AssetFile, Body, PROJECT_TRASH, PROJECTS, Tree, Version, is_output};

/// Digits of a hash in a text.
const DIGITS: usize = 64;

/// See the module. The same of any document, whatever it is: what is in none of its maps is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Documents: trees of projects, deleted ones among them, and those that a tree names, those in its trash among them.
    pub documents: BTreeSet<DocumentId>,
    /// Assets that it names: at a path, in the trash, or by their hash anywhere in the text.
    pub assets: BTreeSet<AssetId>,
    /// Files of outputs that it has at paths or in the trash. That alone keeps none of them: what shows an output is a text.
    pub outputs: BTreeSet<OutputFile>,
    /// Texts of versions, which lead to assets themselves.
    pub versions: BTreeSet<AssetId>,
}

/// A file that a cell's output shows, or has shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutputFile {
    /// What is at the path.
    pub asset: AssetId,
    /// In its project.
    pub path: String,
    /// Whether it was deleted.
    pub is_in_trash: bool,
}

impl Links {
    /// Those of a document.
    #[must_use]
    pub fn of(body: &Body) -> Self {
        let tree = Tree::of(body);
        let named = body.entries(PROJECTS).into_keys().chain(body.entries(PROJECT_TRASH).into_keys());
        let projects = named.filter_map(|id| Some(DocumentId(id.parse().ok()?)));
        let mut assets = mentioned(&body.text());
        let at =
            |is_in_trash| move |(path, file): (String, AssetFile)| OutputFile { asset: file.asset, path, is_in_trash };
        let files = tree.assets.into_iter().map(at(false)).chain(tree.asset_trash.into_iter().map(at(true)));
        let (outputs, others): (BTreeSet<_>, BTreeSet<_>) = files.partition(|file| is_output(&file.path, file.asset));
        assets.extend(others.into_iter().map(|file| file.asset));
        Self {
            outputs,
            documents: projects.chain(tree.files.into_keys()).chain(tree.trash.into_keys()).collect(),
            assets,
            versions: Version::all_of(body).into_iter().map(|version| version.asset).collect(),
        }
    }
}

/// The hashes that stand in a text, wherever they do: rather one too many is kept.
#[must_use]
pub fn mentioned(text: &str) -> BTreeSet<AssetId> {
    let words = text.split(|c: char| !matches!(c, '0'..='9' | 'a'..='f'));
    words.filter(|word| word.len() == DIGITS).filter_map(|word| word.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ASSET_TRASH, ASSETS, AssetFile, Edit, FILES, TRASH};
    use wayfare_protocol::Wall;

    fn asset(n: u8) -> AssetId {
        AssetId([n; 32])
    }

    fn generated(folder: &str, n: u8) -> String {
        format!("{folder}_assets/generated/{}.png", asset(n))
    }

    fn put(map: &str, key: &str, value: &str) -> Edit {
        Edit::Put { map: map.to_owned(), key: key.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn whatever_leads_somewhere_is_found() {
        let id = |n: u8| DocumentId(uuid::Uuid::from_bytes([n; 16]));
        let file = |n| AssetFile::new(asset(n), 1, "image/png".to_owned()).to_string();
        let version = Version { at: Wall(5), asset: asset(3), size: 1, lines: None };
        let mut body = Body::new(1);
        body.edit(&[
            put(PROJECTS, &id(1).to_string(), "lab"),
            put(PROJECT_TRASH, &id(4).to_string(), "old"),
            put(FILES, &id(2).to_string(), "a.md"),
            put(TRASH, &id(3).to_string(), "b.md"),
            put(ASSETS, "a.png", &file(1)),
            put(ASSET_TRASH, "b.png", &file(2)),
            put(ASSETS, &generated("a/", 5), &file(5)),
            put(ASSET_TRASH, &generated("", 6), &file(6)),
            put(ASSETS, &generated("", 7), &file(8)),
            version.put(),
            Edit::Splice { at: 0, delete: 0, insert: format!("![a](_assets/{}.png)", asset(4)) },
        ])
        .unwrap();
        let links = Links::of(&body);
        assert_eq!(links.documents, BTreeSet::from([id(1), id(2), id(3), id(4)]));
        assert_eq!(links.assets, BTreeSet::from([asset(1), asset(2), asset(4), asset(8)]));
        let output = |folder, n, is_in_trash| OutputFile { asset: asset(n), path: generated(folder, n), is_in_trash };
        assert_eq!(links.outputs, BTreeSet::from([output("a/", 5, false), output("", 6, true)]));
        assert_eq!(links.versions, BTreeSet::from([asset(3)]));
        assert_eq!(Links::of(&Body::new(2)), Links::default());
    }

    #[test]
    fn a_hash_is_found_in_any_link_and_a_part_of_a_longer_one_is_none() {
        let (a, b) = (asset(0xab).to_string(), asset(0xcd).to_string());
        let text = format!("[x]: ../img/{a}.svg \"t\"\n<img src='{b}'>\n{a}{b} {}", &a[1..]);
        assert_eq!(mentioned(&text), BTreeSet::from([asset(0xab), asset(0xcd)]));
        assert_eq!(mentioned(&format!("{a}{b} {}", &a[1..])), BTreeSet::new());
    }
}
