//! Sweeps over worlds of documents that change meanwhile.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::document::{ASSET_TRASH, ASSETS, AssetFile, Body, Edit, FILES, PROJECTS, TRASH, Version};

const GRACE: Duration = Duration::from_secs(100);
const LATER: Wall = Wall(1_000_000);
const TREE: DocumentId = DocumentId(Uuid::from_u128(0x0190_f5fe_7c00_7a00_8000_0000_0000_00a1));
const NOTES: DocumentId = DocumentId(Uuid::from_u128(0x0190_f5fe_7c00_7a00_8000_0000_0000_00d1));
const TRASHED: DocumentId = DocumentId(Uuid::from_u128(0x0190_f5fe_7c00_7a00_8000_0000_0000_00d2));

/// Documents, and the texts of versions.
struct World {
    documents: BTreeMap<DocumentId, Body>,
    texts: BTreeMap<AssetId, String>,
}

fn asset(n: u8) -> AssetId {
    AssetId([n; 32])
}

fn put(map: &str, key: &str, value: &str) -> Edit {
    Edit::Put { map: map.to_owned(), key: key.to_owned(), value: value.to_owned() }
}

fn file(n: u8) -> String {
    AssetFile::new(asset(n), 1, "image/png".to_owned()).to_string()
}

impl World {
    /// A project with a document, and one in its trash.
    fn new() -> Self {
        let mut world = Self { documents: BTreeMap::new(), texts: BTreeMap::new() };
        world.edit(DocumentId::INDEX, put(PROJECTS, &TREE.to_string(), "lab"));
        world.edit(TREE, put(FILES, &NOTES.to_string(), "notes.md"));
        world.edit(TREE, put(TRASH, &TRASHED.to_string(), "old.md"));
        world
    }

    fn edit(&mut self, document: DocumentId, edit: Edit) {
        self.documents.entry(document).or_insert_with(|| Body::new(1)).edit(&[edit]).unwrap();
    }

    fn write(&mut self, document: DocumentId, text: &str) {
        let old = self.documents.get(&document).map_or(0, |body| body.text().len());
        self.edit(document, Edit::Splice { at: 0, delete: old, insert: text.to_owned() });
    }

    fn links_to(&mut self, document: DocumentId, n: u8) {
        self.write(document, &format!("![it](_assets/{}.png)\n", asset(n)));
    }

    fn version(&mut self, of: DocumentId, n: u8, text: &str) {
        let version = Version { at: Wall(5), asset: asset(n), size: 1, lines: None };
        self.edit(of.versions().unwrap(), version.put());
        self.texts.insert(asset(n), text.to_owned());
    }

    /// The file of an output, at its path or in the trash.
    fn output(&mut self, n: u8, is_in_trash: bool) {
        let path = format!("a/_assets/generated/{}.png", asset(n));
        let (map, other) = if is_in_trash { (ASSET_TRASH, ASSETS) } else { (ASSETS, ASSET_TRASH) };
        self.edit(TREE, put(map, &path, &file(n)));
        self.edit(TREE, Edit::Remove { map: other.to_owned(), key: path });
    }

    /// A sweep to its end, between the steps of which something may happen. Returns the steps that were not only reading.
    fn sweep(&mut self, known: Known, mut meanwhile: impl FnMut(&mut Self, &mut Sweep, usize)) -> Vec<Step> {
        let mut sweep = Sweep::new(LATER, Some(GRACE), known);
        let mut steps = Vec::new();
        for number in 0.. {
            meanwhile(self, &mut sweep, number);
            let Some(step) = sweep.step() else { break };
            match step {
                Step::Read(document) => {
                    let links = self.documents.get(&document).map(Links::of).unwrap_or_default();
                    sweep.links(document, links);
                }
                Step::ReadVersion(text) => sweep.mentions(mentioned(&self.texts[&text])),
                other => steps.push(other),
            }
        }
        steps
    }

    /// What anything leads to now.
    fn reachable(&self) -> BTreeSet<AssetId> {
        let links = self.documents.values().map(Links::of);
        let mut all: BTreeSet<AssetId> =
            links.flat_map(|links| links.assets.into_iter().chain(links.versions)).collect();
        all.extend(self.texts.values().flat_map(|text| mentioned(text)));
        all
    }
}

/// Assets, all of which were noted long ago.
fn noted(assets: impl IntoIterator<Item = u8>) -> Known {
    let assets: BTreeSet<AssetId> = assets.into_iter().map(asset).collect();
    Known { unlinked: assets.iter().map(|asset| (*asset, Wall(0))).collect(), assets, owed: BTreeSet::new() }
}

#[test]
fn what_nobody_links_to_is_noted_and_after_the_grace_deleted() {
    let mut world = World::new();
    let mut known = Known { assets: BTreeSet::from([asset(1)]), ..Known::default() };
    assert_eq!(world.sweep(known.clone(), |_, _, _| {}), [Step::Note(asset(1))]);
    known.unlinked.insert(asset(1), Wall(LATER.0 - 99_000));
    assert_eq!(world.sweep(known.clone(), |_, _, _| {}), []);
    known.unlinked.insert(asset(1), Wall(LATER.0 - 100_000));
    assert_eq!(world.sweep(known.clone(), |_, _, _| {}), [Step::Delete(asset(1))]);
    let mut first = Sweep::new(LATER, None, known);
    assert_eq!(first.step(), Some(Step::Read(DocumentId::INDEX)));
    assert_eq!(first.step(), None, "the first after a start deletes nothing");
}

#[test]
fn the_file_of_an_output_that_no_text_shows_goes_to_the_trash_and_from_there() {
    let mut world = World::new();
    world.output(1, false);
    world.output(2, false);
    world.links_to(NOTES, 2);
    let known = noted([1, 2]);
    assert_eq!(world.sweep(known.clone(), |_, _, _| {}), [Step::Discard(asset(1)), Step::Forget(asset(2))]);
    world.output(1, true);
    let young = Known { unlinked: BTreeMap::from([(asset(1), Wall(LATER.0 - 99_000))]), ..known.clone() };
    assert_eq!(world.sweep(young, |_, _, _| {}), [], "its time has begun anew");
    world.links_to(TRASHED, 1);
    assert_eq!(world.sweep(noted([1]), |_, _, _| {}), [Step::Forget(asset(1))], "somebody shows it again");
    world.write(TRASHED, "");
    let mut is_read_again = false;
    let steps = world.sweep(noted([1]), |world, sweep, _| {
        if sweep.tried.contains(&asset(1)) && !is_read_again {
            world.edit(
                TREE,
                Edit::Remove { map: ASSET_TRASH.to_owned(), key: format!("a/_assets/generated/{}.png", asset(1)) },
            );
            sweep.changed(TREE);
            is_read_again = true;
        }
    });
    assert_eq!(steps, [Step::Drop(asset(1))], "the next sweep is to see to the rest");
    assert_eq!(world.sweep(noted([1]), |_, _, _| {}), [Step::Delete(asset(1))]);
}

/// Makes one kind of link.
type Makes = fn(&mut World, &mut Known);

/// Each kind of link by itself keeps what it leads to.
#[test]
fn every_kind_of_link_keeps_an_asset() {
    let kinds: [(&str, Makes); 8] = [
        ("a path", |world, _| world.edit(TREE, put(ASSETS, "a.png", &file(1)))),
        ("a path in the trash", |world, _| world.edit(TREE, put(ASSET_TRASH, "a.png", &file(1)))),
        ("a text", |world, _| world.links_to(NOTES, 1)),
        ("a text in the trash", |world, _| world.links_to(TRASHED, 1)),
        ("a list of versions", |world, _| world.version(NOTES, 1, "")),
        ("a list of versions in the trash", |world, _| world.version(TRASHED, 1, "")),
        ("a version's text", |world, _| world.version(NOTES, 2, &asset(1).to_string())),
        ("a debt", |_, known| known.owed = BTreeSet::from([asset(1)])),
    ];
    for (kind, link) in kinds {
        let (mut world, mut known) = (World::new(), noted([1, 9]));
        link(&mut world, &mut known);
        assert_eq!(world.sweep(known, |_, _, _| {}), [Step::Delete(asset(9)), Step::Forget(asset(1))], "{kind}");
    }
}

#[test]
fn what_is_linked_while_a_sweep_goes_on_stays() {
    for when in 0..12 {
        let mut world = World::new();
        world.links_to(NOTES, 1);
        // It goes from one document into another, and is in none of them for a step.
        let steps = world.sweep(noted([1, 9]), |world, sweep, number| {
            let changed = if number == when {
                world.write(NOTES, "");
                NOTES
            } else if number == when + 1 {
                world.links_to(TRASHED, 1);
                TRASHED
            } else {
                return;
            };
            sweep.changed(changed);
        });
        assert!(!steps.contains(&Step::Delete(asset(1))), "moved at step {when}: {steps:?}");
        assert!(steps.contains(&Step::Delete(asset(9))), "{steps:?}");
    }
}

#[test]
fn a_note_about_what_is_gone_goes_and_what_a_discarded_document_had_too() {
    let mut world = World::new();
    let mut known = noted([1]);
    known.assets.clear();
    assert_eq!(world.sweep(known, |_, _, _| {}), [Step::Forget(asset(1))]);
    world.links_to(TRASHED, 1);
    world.version(TRASHED, 2, "");
    world.edit(TREE, Edit::Remove { map: TRASH.to_owned(), key: TRASHED.to_string() });
    assert_eq!(world.sweep(noted([1, 2]), |_, _, _| {}), [Step::Delete(asset(1)), Step::Delete(asset(2))]);
}

#[test]
fn texts_of_versions_are_read_only_where_something_would_go() {
    let mut world = World::new();
    world.version(NOTES, 1, "");
    world.texts.clear(); // a read would fail
    let known = Known { assets: BTreeSet::from([asset(1), asset(2)]), ..Known::default() };
    assert_eq!(world.sweep(known, |_, _, _| {}), [Step::Note(asset(2))]);
}

/// Something that is done to a world.
#[derive(Clone, Debug)]
enum Act {
    Write(bool, u8),
    Clear(bool),
    Path(u8),
    /// A file of an output, at its path or in the trash.
    Output(u8, bool),
    /// Its text mentions the asset whose number is 20 less.
    Version(bool, u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (any::<bool>(), 0..8u8).prop_map(|(which, n)| Act::Write(which, n)),
        any::<bool>().prop_map(Act::Clear),
        (0..8u8).prop_map(Act::Path),
        (0..8u8, any::<bool>()).prop_map(|(n, is_in_trash)| Act::Output(n, is_in_trash)),
        (any::<bool>(), 20..28u8).prop_map(|(which, text)| Act::Version(which, text)),
    ]
}

fn done(world: &mut World, act: &Act) -> DocumentId {
    let document = |is_trashed: bool| if is_trashed { TRASHED } else { NOTES };
    match *act {
        Act::Write(which, n) => world.links_to(document(which), n),
        Act::Clear(which) => world.write(document(which), ""),
        Act::Path(n) => world.edit(TREE, put(ASSETS, "a.png", &file(n))),
        Act::Output(n, is_in_trash) => world.output(n, is_in_trash),
        Act::Version(which, text) => world.version(document(which), text, &asset(text - 20).to_string()),
    }
    match *act {
        Act::Write(which, _) | Act::Clear(which) => document(which),
        Act::Path(_) | Act::Output(..) => TREE,
        Act::Version(which, ..) => document(which).versions().unwrap(),
    }
}

proptest! {
    /// Whatever is done, and whenever: an asset that is deleted had nothing leading to it at that moment.
    #[test]
    fn nothing_is_deleted_that_anything_leads_to(
        before in proptest::collection::vec(act(), 0..12),
        during in proptest::collection::vec((0..30usize, act()), 0..12),
    ) {
        let mut world = World::new();
        for act in &before {
            done(&mut world, act);
        }
        let mut sweep = Sweep::new(LATER, Some(GRACE), noted((0..8).chain(20..28)));
        for number in 0.. {
            for (_, act) in during.iter().filter(|(when, _)| *when == number) {
                let changed = done(&mut world, act);
                sweep.changed(changed);
            }
            let Some(step) = sweep.step() else { break };
            match step {
                Step::Read(document) => {
                    sweep.links(document, world.documents.get(&document).map(Links::of).unwrap_or_default());
                }
                Step::ReadVersion(text) => sweep.mentions(mentioned(&world.texts[&text])),
                Step::Delete(asset) | Step::Discard(asset) | Step::Drop(asset) => {
                    prop_assert!(!world.reachable().contains(&asset), "{asset}");
                    prop_assert!(!matches!(step, Step::Delete(_)) || sweep.files(asset).next().is_none(), "{asset}");
                }
                Step::Note(_) | Step::Forget(_) => {}
            }
        }
    }
}
