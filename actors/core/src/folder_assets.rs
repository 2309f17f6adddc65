//! Files of a bound folder that are no documents: what is to be done that the folder and the project's tree say the same.
//!
//! Three things are known of a path: what is on disk, what the tree says, and the **base**, what both said when they last agreed.
//! Nothing else decides, so a crash between two steps needs no record: what was done is seen again.
//!
//! | disk | tree | base | |
//! |---|---|---|---|
//! | is the tree's | | | agreed |
//! | other | other | is the disk's | the tree's is written, if whoever put it there knew of the disk's |
//! | other | other | is the disk's | else the disk's goes aside, and the tree's is written |
//! | other | other | is the tree's | the disk's is put into the tree |
//! | other | other | neither | the disk's goes aside, and the tree's is written |
//! | some | nothing | is the disk's | removed, if that very file is in the trash |
//! | some | nothing | other or none | put into the tree |
//! | nothing | some | is the tree's | deleted here: goes to the trash, if it is not held |
//! | nothing | some | other or none | written |

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wayfare_protocol::AssetId;

use crate::document::AssetFile;
use crate::folder_binding::Stamp;

/// Of fewer, also all may be deleted at once.
const FEW: usize = 5;

/// What both said when they last agreed, and the file's stamp then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The asset.
    pub asset: AssetId,
    /// The file's stamp: a file that has it need not be read.
    pub stamp: Stamp,
}

/// A file on disk that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// Its bytes are this asset.
    pub asset: AssetId,
    /// Its stamp when they were.
    pub stamp: Stamp,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing but to remember that both say the same.
    Agree(Base),
    /// Nobody has anything there any more.
    Forget,
    /// What is on disk is brought and put into the tree.
    Add(OnDisk),
    /// What the tree says is written, in the place of that.
    Write {
        /// What.
        file: AssetFile,
        /// What is there; `None`: nothing.
        over: Option<Stamp>,
    },
    /// What is on disk gets a path beside its own.
    Aside,
    /// The file is removed.
    Remove(Stamp),
    /// What the tree says goes to the trash.
    Trash(AssetFile),
}

/// What is to be done, by path.
#[must_use]
pub fn plan(
    disk: &BTreeMap<String, OnDisk>,
    tree: &BTreeMap<String, AssetFile>,
    trash: &BTreeMap<String, AssetFile>,
    bases: &BTreeMap<String, Base>,
) -> BTreeMap<String, Step> {
    let paths: BTreeSet<&String> = disk.keys().chain(tree.keys()).chain(bases.keys()).collect();
    let steps = paths.into_iter().filter_map(|path| {
        let step = step(disk.get(path).copied(), tree.get(path), trash.get(path), bases.get(path).copied())?;
        Some((path.clone(), step))
    });
    steps.collect()
}

fn step(disk: Option<OnDisk>, tree: Option<&AssetFile>, trash: Option<&AssetFile>, base: Option<Base>) -> Option<Step> {
    let was = base.map(|base| base.asset);
    Some(match (disk, tree) {
        (None, None) => Step::Forget,
        (Some(disk), Some(file)) if disk.asset == file.asset => {
            let agreed = Base { asset: disk.asset, stamp: disk.stamp };
            return (base != Some(agreed)).then_some(Step::Agree(agreed));
        }
        (Some(disk), Some(file)) if was == Some(disk.asset) && file.replaces(disk.asset) => {
            Step::Write { file: file.clone(), over: Some(disk.stamp) }
        }
        (Some(disk), Some(file)) if was == Some(file.asset) => Step::Add(disk),
        (Some(_), Some(_)) => Step::Aside,
        (Some(disk), None) if was == Some(disk.asset) && trash.is_some_and(|file| file.asset == disk.asset) => {
            Step::Remove(disk.stamp)
        }
        (Some(disk), None) => Step::Add(disk),
        (None, Some(file)) if was == Some(file.asset) => Step::Trash(file.clone()),
        (None, Some(file)) => Step::Write { file: file.clone(), over: None },
    })
}

/// The paths that are gone from the disk, so many at once that they are not taken for deleted.
#[must_use]
pub fn held(steps: &BTreeMap<String, Step>, known: usize, limit: usize) -> Vec<String> {
    let gone: Vec<String> =
        steps.iter().filter(|(_, step)| matches!(step, Step::Trash(_))).map(|(path, _)| path.clone()).collect();
    let is_most = gone.len() >= FEW && gone.len() * 2 > known;
    if gone.len() > limit || is_most { gone } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn stamp(n: i128) -> Stamp {
        Stamp { modified: n, bytes: 1, inode: 1 }
    }

    fn id(n: u8) -> AssetId {
        AssetId([n; 32])
    }

    fn file(n: u8) -> AssetFile {
        AssetFile::new(id(n), 1, "image/png".to_owned())
    }

    fn said(disk: Option<u8>, tree: Option<u8>, base: Option<u8>) -> Option<Step> {
        let disk = disk.map(|n| OnDisk { asset: id(n), stamp: stamp(1) });
        // What is in the tree was put there by somebody who knew of 1, and 1 is in the trash.
        let in_tree = |n| file(n).instead_of(Some(&file(1)));
        step(disk, tree.map(in_tree).as_ref(), Some(&file(1)), base.map(|n| Base { asset: id(n), stamp: stamp(1) }))
    }

    #[test]
    fn whoever_changed_a_file_since_both_agreed_has_their_way() {
        let newer = |n| file(n).instead_of(Some(&file(1)));
        let on_disk = |n| OnDisk { asset: id(n), stamp: stamp(1) };
        assert_eq!(said(Some(1), Some(1), Some(1)), None);
        assert_eq!(said(Some(1), Some(2), Some(1)), Some(Step::Write { file: newer(2), over: Some(stamp(1)) }));
        assert_eq!(said(Some(2), Some(1), Some(1)), Some(Step::Add(on_disk(2))));
        assert_eq!(said(Some(2), Some(3), Some(1)), Some(Step::Aside));
        assert_eq!(said(Some(2), Some(3), None), Some(Step::Aside));
        assert_eq!(said(Some(1), None, Some(1)), Some(Step::Remove(stamp(1))));
        assert_eq!(said(Some(2), None, Some(1)), Some(Step::Add(on_disk(2))));
        assert_eq!(said(Some(1), None, None), Some(Step::Add(on_disk(1))));
        assert_eq!(said(None, Some(1), Some(1)), Some(Step::Trash(file(1))));
        assert_eq!(said(None, Some(2), Some(1)), Some(Step::Write { file: newer(2), over: None }));
        assert_eq!(said(None, Some(1), None), Some(Step::Write { file: file(1), over: None }));
        assert_eq!(
            said(Some(3), Some(2), Some(3)),
            Some(Step::Aside),
            "both put one there and knew nothing of each other"
        );
        assert_eq!(
            said(Some(3), None, Some(3)),
            Some(Step::Add(on_disk(3))),
            "deleted by somebody who knew another one"
        );
        assert_eq!(said(None, None, Some(1)), Some(Step::Forget));
        let agreed = Base { asset: id(2), stamp: stamp(1) };
        assert_eq!(said(Some(2), Some(2), Some(1)), Some(Step::Agree(agreed)), "both did the same");
    }

    #[test]
    fn few_that_are_gone_were_deleted_and_many_are_held() {
        let gone =
            |n: u8| -> BTreeMap<String, Step> { (0..n).map(|n| (format!("{n:03}"), Step::Trash(file(n)))).collect() };
        assert_eq!(held(&gone(4), 4, 20), Vec::<String>::new());
        assert_eq!(held(&gone(5), 10, 20), Vec::<String>::new());
        assert_eq!(held(&gone(6), 10, 20).len(), 6);
        assert_eq!(held(&gone(21), 1000, 20).len(), 21);
    }
}
