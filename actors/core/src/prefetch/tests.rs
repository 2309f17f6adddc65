//! What comes to a node before anybody opens it there, in which order, and what does not.

use std::time::Duration;

use uuid::Uuid;
use wayfare_protocol::{ErrorCode, Limits, Wall};

use super::*;

const LIFE: u64 = 99;

fn project(n: u128) -> ProjectId {
    ProjectId(Uuid::from_u128(n))
}

fn document(n: u128) -> DocumentId {
    DocumentId(Uuid::from_u128(n))
}

fn asset(n: u8) -> AssetId {
    AssetId([n; 32])
}

/// A node, and what it has decided that has not been done.
struct Bench {
    machine: Prefetch,
    now: Duration,
    said: Vec<Effect>,
    told: Status,
}

impl Bench {
    fn new(config: Config) -> Self {
        let machine = Prefetch::new(config, Now::default());
        Self { machine, now: Duration::ZERO, said: Vec::new(), told: Status::default() }
    }

    /// One that reads everything ahead.
    fn open(limits: Limits) -> Self {
        Self::new(Config { is_metered: false, off: BTreeSet::new(), limits })
    }

    fn now(&self) -> Now {
        Now { boot: Boot(self.now), wall: Wall(0) }
    }

    fn sort(&mut self, said: Vec<Effect>) {
        for effect in said {
            match effect {
                Effect::Tell(status) => self.told = status,
                other => self.said.push(other),
            }
        }
    }

    fn input(&mut self, input: Input) {
        let mut said = Vec::new();
        self.machine.step(self.now(), input, &mut said);
        self.sort(said);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        let mut said = Vec::new();
        self.machine.wake(self.now(), &mut said);
        self.sort(said);
    }

    /// The cloud answers what it was asked.
    fn changed(&mut self, at: u64, is_since: bool, documents: &[u128]) {
        let at = self.said.iter().position(|effect| matches!(effect, Effect::AskChanges { .. })).map(|_| at);
        let at = at.expect("the cloud was asked");
        self.said.retain(|effect| !matches!(effect, Effect::AskChanges { .. }));
        let documents = documents.iter().map(|n| document(*n)).collect();
        let mark = ChangesMark { life: LIFE, at };
        self.input(Input::Changes(Changes { mark, is_since, documents, more: false }));
    }

    /// The documents that are being brought.
    fn brings(&self) -> Vec<u128> {
        let of = |effect: &Effect| match effect {
            Effect::Bring { document, .. } => Some(document.0.as_u128()),
            _ => None,
        };
        self.said.iter().filter_map(of).collect()
    }

    fn fetches(&self) -> Vec<u8> {
        let of = |effect: &Effect| if let Effect::Fetch { asset, .. } = effect { Some(asset.0[0]) } else { None };
        self.said.iter().filter_map(of).collect()
    }

    fn brought(&mut self, n: u128, found: Found) {
        let before = self.said.len();
        self.said.retain(|effect| !matches!(effect, Effect::Bring { document: of, .. } if *of == document(n)));
        assert_eq!(self.said.len() + 1, before, "document {n} was not being brought");
        self.input(Input::Brought { document: document(n), outcome: Ok(found) });
    }

    fn fetched(&mut self, n: u8) {
        let at =
            self.said.iter().position(|effect| matches!(effect, Effect::Fetch { asset: of, .. } if *of == asset(n)));
        let Effect::Fetch { asset, size } = self.said.remove(at.expect("it is fetched")) else { unreachable!() };
        self.input(Input::Fetched { asset, size, outcome: Ok(()) });
    }

    /// Joins an account with one project 100, whose tree names these.
    fn joined(&mut self, documents: &[u128], assets: &[(u8, u64)]) {
        self.input(Input::AboveUp { changed: Vec::new() });
        self.changed(1, false, &[]);
        self.brought(0, Found::Index(vec![project(100)]));
        self.tree(documents, assets);
    }

    fn tree(&mut self, documents: &[u128], assets: &[(u8, u64)]) {
        let documents = documents.iter().map(|n| document(*n)).collect();
        let assets = assets.iter().map(|(n, size)| (asset(*n), *size)).collect();
        self.brought(100, Found::Tree { project: project(100), documents, assets });
    }

    /// Brings everything that is wanted, and says in which order.
    fn all(&mut self) -> Vec<u128> {
        let mut order = Vec::new();
        while let Some(next) = self.brings().first().copied() {
            order.push(next);
            self.brought(next, Found::Text);
        }
        order
    }
}

#[test]
fn after_joining_everything_comes_the_newest_first_and_two_at_a_time() {
    let mut bench = Bench::open(Limits::default());
    bench.joined(&[1, 2, 3, 4], &[]);
    assert_eq!(bench.brings(), [4, 3]);
    assert_eq!(bench.told, Status { documents: 4, assets: 0, is_done: false });
    assert_eq!(bench.all(), [4, 3, 2, 1]);
    assert_eq!(bench.told, Status { documents: 0, assets: 0, is_done: true });
}

#[test]
fn what_changed_last_comes_first_also_where_no_tree_named_it_yet() {
    let mut bench = Bench::open(Limits::default());
    bench.input(Input::AboveUp { changed: Vec::new() });
    bench.changed(9, false, &[2, 1]);
    bench.brought(0, Found::Index(vec![project(100)]));
    bench.tree(&[1, 2, 3, 4], &[]);
    assert_eq!(bench.all(), [1, 2, 4, 3]);
}

#[test]
fn what_changes_elsewhere_later_comes_and_nothing_else() {
    let limits = Limits::default();
    let mut bench = Bench::open(limits.clone());
    bench.joined(&[1, 2, 3], &[]);
    bench.all();
    bench.pass(limits.changes_every);
    assert!(matches!(bench.said[..], [Effect::AskChanges { since: Some(ChangesMark { life: LIFE, at: 1 }) }]));
    bench.changed(3, true, &[2, 77]);
    assert_eq!(bench.all(), [2], "nothing names 77");
    // A tree that changed is read again: what is new in it comes.
    bench.pass(limits.changes_every);
    bench.changed(4, true, &[77, 100]);
    bench.tree(&[1, 2, 3, 77], &[]);
    assert_eq!(bench.all(), [77]);
    // An answer that does not come is asked for again.
    bench.pass(limits.changes_every);
    bench.said.clear();
    bench.pass(limits.request);
    assert!(matches!(bench.said[..], [Effect::AskChanges { .. }]));
}

#[test]
fn a_cloud_that_was_started_anew_is_compared_with_once() {
    let mut bench = Bench::open(Limits::default());
    bench.joined(&[1, 2], &[]);
    bench.all();
    bench.input(Input::AboveDown);
    assert_eq!(bench.machine.deadline(), None);
    bench.input(Input::AboveUp { changed: Vec::new() });
    bench.changed(1, true, &[]);
    assert_eq!(bench.brings(), [] as [u128; 0], "a link that was lost alone has nothing looked at");
    bench.input(Input::AboveUp { changed: Vec::new() });
    bench.changed(1, false, &[]);
    assert_eq!(bench.brings(), [0, 100]);
    bench.brought(0, Found::Index(vec![project(100)]));
    bench.tree(&[1, 2], &[]);
    assert_eq!(bench.all(), [2, 1]);
}

#[test]
fn a_tree_that_came_before_the_list_of_projects_is_read_all_the_same() {
    let mut bench = Bench::open(Limits::default());
    bench.input(Input::AboveUp { changed: vec![document(100)] });
    bench.changed(1, false, &[]);
    bench.brought(100, Found::Text);
    bench.brought(0, Found::Index(vec![project(100)]));
    bench.tree(&[1], &[]);
    assert_eq!(bench.all(), [1]);
    // Likewise where it is under way when the list comes.
    let mut bench = Bench::open(Limits::default());
    bench.input(Input::AboveUp { changed: vec![document(100)] });
    bench.changed(1, false, &[]);
    bench.brought(0, Found::Index(vec![project(100)]));
    bench.brought(100, Found::Text);
    bench.tree(&[1], &[]);
    assert_eq!(bench.all(), [1]);
}

#[test]
fn what_was_changed_here_goes_up_whatever_is_set() {
    let off: BTreeSet<_> = [project(100)].into();
    for config in [
        Config { is_metered: true, off: BTreeSet::new(), limits: Limits::default() },
        Config { is_metered: false, off, limits: Limits::default() },
    ] {
        let is_metered = config.is_metered;
        let mut bench = Bench::new(config);
        bench.input(Input::AboveUp { changed: vec![document(5)] });
        assert_eq!(bench.brings(), [5]);
        if !is_metered {
            bench.changed(1, false, &[6]);
            bench.brought(0, Found::Index(vec![project(100)]));
        }
        assert_eq!(bench.all(), [5], "metered: {is_metered}");
        assert!(bench.told.is_done);
        assert_eq!(bench.said, []);
    }
}

#[test]
fn a_project_is_switched_off_and_on_again() {
    let mut bench = Bench::open(Limits::default());
    bench.joined(&[1, 2, 3, 4], &[(1, 10), (2, 20), (3, 30)]);
    bench.input(Input::Off([project(100)].into()));
    assert_eq!((bench.brings(), bench.fetches()), (vec![4, 3], vec![1, 2]), "what is under way");
    bench.all();
    bench.fetched(1);
    bench.fetched(2);
    assert_eq!((bench.said.len(), bench.told.is_done), (0, true));
    bench.input(Input::Off(BTreeSet::new()));
    bench.tree(&[1, 2, 3, 4], &[(1, 10), (2, 20), (3, 30)]);
    assert_eq!(bench.all(), [2, 1]);
    assert!(bench.fetches().contains(&3));
}

#[test]
fn assets_come_within_their_bounds_the_small_ones_and_new_ones_first() {
    let limits = Limits { prefetch_asset: 100, prefetch_bytes: 150, ..Limits::default() };
    let mut bench = Bench::open(limits);
    bench.joined(&[], &[(1, 90), (2, 40), (3, 101), (4, 50)]);
    assert_eq!(bench.fetches(), [2, 4]);
    bench.fetched(2);
    bench.fetched(4);
    assert_eq!(bench.fetches(), [] as [u8; 0], "there is no room for 1, and 3 is too large");
    // One that is gone makes room; one that is new goes before those that wait.
    bench.pass(Limits::default().changes_every);
    bench.changed(2, true, &[100]);
    bench.tree(&[], &[(1, 90), (2, 40), (5, 60)]);
    assert_eq!(bench.fetches(), [5]);
    bench.fetched(5);
    assert_eq!(bench.fetches(), [] as [u8; 0]);
    assert_eq!(bench.told, Status { documents: 0, assets: 1, is_done: false });
}

#[test]
fn no_more_documents_come_in_a_minute_than_leave_room_for_those_that_are_opened() {
    let limits = Limits { prefetch_documents: 5, ..Limits::default() };
    let mut bench = Bench::open(limits.clone());
    bench.joined(&[1, 2, 3, 4, 5, 6], &[]);
    assert_eq!(bench.all(), [6, 5, 4], "with the index and the tree that is five");
    bench.said.clear();
    let due = bench.machine.deadline().expect("it goes on");
    assert!(due <= Boot(limits.document_idle));
    bench.pass(limits.document_idle);
    bench.said.retain(|effect| matches!(effect, Effect::Bring { .. }));
    assert_eq!(bench.all(), [3, 2, 1]);
}

#[test]
fn while_all_places_are_taken_it_is_woken_for_nothing() {
    let limits = Limits { prefetch_documents: 5, ..Limits::default() };
    let mut bench = Bench::open(limits.clone());
    bench.joined(&[1, 2, 3, 4, 5, 6], &[]);
    bench.brought(6, Found::Text);
    assert_eq!(bench.brings(), [5, 4], "two are under way, three were brought");
    for _ in 0..3 {
        bench.pass(limits.document_idle);
        let due = bench.machine.deadline().expect("the cloud is asked again");
        assert!(due > bench.now().boot, "it would be woken without end");
    }
}

#[test]
fn what_fails_is_tried_again_later_and_holds_up_nothing() {
    let limits = Limits::default();
    let mut bench = Bench::open(limits.clone());
    bench.joined(&[1, 2, 3], &[]);
    bench.said.clear();
    let outcome = Err(Refusal::new(ErrorCode::Overloaded, "too many"));
    bench.input(Input::Brought { document: document(3), outcome });
    assert_eq!(bench.brings(), [1]);
    bench.said.clear();
    for n in [1, 2] {
        bench.input(Input::Brought { document: document(n), outcome: Ok(Found::Text) });
    }
    assert_eq!(bench.told, Status { documents: 1, assets: 0, is_done: false });
    bench.pass(limits.prefetch_retry);
    assert_eq!(bench.brings(), [3]);
}

#[test]
fn a_document_that_changes_while_it_is_brought_is_brought_once_more() {
    let mut bench = Bench::open(Limits::default());
    bench.joined(&[1], &[]);
    bench.pass(Limits::default().changes_every);
    bench.changed(2, true, &[1]);
    assert_eq!(bench.brings(), [1]);
    assert_eq!(bench.all(), [1, 1]);
    assert!(bench.told.is_done);
}
