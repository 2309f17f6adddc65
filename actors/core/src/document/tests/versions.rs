//! When versions are taken.

use uuid::Uuid;

use super::*;

const ITS_ID: DocumentId = DocumentId(Uuid::from_u128(0x0190_f5fe_7c00_7a00_8000_0000_0000_0001));
const QUIET: Duration = Duration::from_secs(300);
const EVERY: Duration = Duration::from_secs(1800);

fn place(document: DocumentId, has_above: bool) -> Place {
    Place::with(Config { document, ..config(1, has_above) })
}

/// What was to be taken since this was asked last.
fn wanted(place: &mut Place) -> Vec<(OpId, String)> {
    let (versions, other) =
        std::mem::take(&mut place.other).into_iter().partition(|effect| matches!(effect, Effect::Version { .. }));
    place.other = other;
    let versions: Vec<Effect> = versions;
    let text = |effect| match effect {
        Effect::Version { op, text } => (op, text),
        other => panic!("{other:?}"),
    };
    versions.into_iter().map(text).collect()
}

/// The one that was to be taken, and how that ended.
fn taken(place: &mut Place, is_taken: bool) -> String {
    let mut wanted = wanted(place);
    assert_eq!(wanted.len(), 1, "{wanted:?}");
    let (op, text) = wanted.remove(0);
    place.input(Input::Versioned { op, is_taken });
    text
}

fn type_in(place: &mut Place, text: &str) {
    place.edit(0, text);
    place.sync();
}

#[test]
fn a_version_is_taken_when_it_is_quiet_or_after_some_time_of_writing() {
    let mut place = place(ITS_ID, false);
    place.open(1, PeerKind::Replica);
    type_in(&mut place, "one ");
    place.pass(QUIET - Duration::from_secs(1));
    assert_eq!(wanted(&mut place), []);
    type_in(&mut place, "two ");
    place.pass(QUIET - Duration::from_secs(1));
    assert_eq!(wanted(&mut place), [], "it was not quiet");
    place.pass(Duration::from_secs(1));
    assert_eq!(taken(&mut place, true), "two one ");
    place.pass(EVERY);
    assert_eq!(wanted(&mut place), [], "nothing has changed");
    // Somebody who never stops.
    let mut spent = Duration::ZERO;
    while spent < EVERY {
        type_in(&mut place, ".");
        assert_eq!(wanted(&mut place), []);
        place.pass(Duration::from_secs(60));
        spent += Duration::from_secs(60);
    }
    assert_eq!(taken(&mut place, true).len(), "two one ".len() + 30);
}

#[test]
fn what_changes_while_a_version_is_taken_is_in_the_next() {
    let mut place = place(ITS_ID, false);
    place.open(1, PeerKind::Replica);
    type_in(&mut place, "one");
    place.pass(QUIET);
    let first = wanted(&mut place);
    type_in(&mut place, "two ");
    place.pass(EVERY);
    assert_eq!(wanted(&mut place), [], "one at a time");
    place.input(Input::Versioned { op: first[0].0, is_taken: true });
    place.pass(Duration::ZERO);
    assert_eq!(taken(&mut place, true), "two one");
}

#[test]
fn what_fails_is_tried_again_and_keeps_nothing_from_being_unloaded() {
    let mut place = place(ITS_ID, false);
    place.open(1, PeerKind::Replica);
    type_in(&mut place, "one");
    place.pass(QUIET);
    taken(&mut place, false);
    place.pass(QUIET / 2);
    type_in(&mut place, "two ");
    place.pass(QUIET / 2);
    assert_eq!(taken(&mut place, false), "two one");
    place.input(Input::PeerClosed { peer: PeerId(1) });
    place.pass(limits().document_idle);
    assert_eq!(place.other, [Effect::Unload]);
}

#[test]
fn a_changed_document_is_unloaded_when_its_version_is_taken() {
    let mut place = place(ITS_ID, false);
    type_in(&mut place, "one");
    place.pass(limits().document_idle);
    assert_eq!(place.machine.deadline(), None, "it waits for the version");
    assert_eq!(taken(&mut place, true), "one");
    place.pass(Duration::ZERO);
    assert_eq!(place.other, [Effect::Unload]);
}

#[test]
fn after_a_crash_what_is_loaded_is_looked_at_again() {
    let mut place = place(ITS_ID, false);
    type_in(&mut place, "one");
    place.crash(0);
    place.pass(limits().document_idle);
    assert_eq!(taken(&mut place, true), "one");
}

#[test]
fn a_text_that_was_emptied_is_a_version_and_a_document_that_never_had_one_has_none() {
    let mut written = place(ITS_ID, false);
    written.open(1, PeerKind::Replica);
    type_in(&mut written, "one");
    written.pass(QUIET);
    taken(&mut written, true);
    let edit = Edit::Splice { at: 0, delete: 3, insert: String::new() };
    written.input(Input::Ask { ask: AskId(1), what: Ask::Edit(vec![edit]) });
    written.sync();
    written.pass(QUIET);
    assert_eq!(taken(&mut written, true), "");
    let mut tree = place(ITS_ID, false);
    let put = Edit::Put { map: FILES.to_owned(), key: "a".to_owned(), value: "b".to_owned() };
    tree.input(Input::Ask { ask: AskId(1), what: Ask::Edit(vec![put]) });
    tree.sync();
    tree.pass(QUIET);
    assert_eq!(tree.other, [Effect::Unload]);
}

#[test]
fn a_place_with_another_above_it_takes_none_and_neither_has_a_list_or_the_index_any() {
    let list = ITS_ID.versions().unwrap();
    assert_eq!((list.versions(), list.of_versions()), (None, Some(ITS_ID)));
    for (document, has_above) in [(ITS_ID, true), (list, false), (DocumentId::INDEX, false)] {
        let mut place = place(document, has_above);
        type_in(&mut place, "one");
        place.pass(EVERY);
        assert_eq!(wanted(&mut place), [], "{document}");
    }
}
