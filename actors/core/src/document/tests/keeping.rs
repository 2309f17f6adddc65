//! What is durable, what is called so, and the merging of the log.

use wayfare_protocol::limits::DOCUMENT_RECORD_MAX;

use super::*;

fn kept(place: &mut Place, peer: u64) -> Vec<u64> {
    let messages = place.messages(peer).into_iter();
    let kept = messages.filter_map(|message| match message {
        DocumentMessage::Kept { through } => Some(through),
        DocumentMessage::Frame { .. } => None,
    });
    kept.collect()
}

fn typed(client: u32, text: &str) -> Bytes {
    let edit = Edit::Splice { at: 0, delete: 0, insert: text.to_owned() };
    frame::update(&Body::new(client).edit(&[edit]).unwrap())
}

#[test]
fn a_change_is_called_durable_only_when_it_is_and_passed_on_before() {
    let mut place = Place::new(1);
    place.open(1, PeerKind::Replica);
    place.open(2, PeerKind::Editor { may_write: true });
    place.frames(2);
    place.frame(1, typed(7, "first "));
    place.frame(1, typed(8, "second "));
    assert_eq!(kept(&mut place, 1), [] as [u64; 0]);
    assert_eq!(place.frames(2).len(), 2, "whoever looks does not wait for the disk");
    place.sync();
    assert_eq!(kept(&mut place, 1), [1, 2]);
}

#[test]
fn a_change_that_is_known_already_is_durable_no_sooner_than_what_made_it_known() {
    let mut place = Place::new(1);
    place.open(1, PeerKind::Replica);
    place.open(2, PeerKind::Replica);
    place.frame(1, typed(7, "once"));
    place.frame(2, typed(7, "once"));
    assert_eq!(kept(&mut place, 2), [] as [u64; 0]);
    place.sync();
    assert_eq!(kept(&mut place, 2), [1]);
    place.frame(2, typed(7, "once"));
    assert_eq!(kept(&mut place, 2), [2], "nothing is under way: it is durable");
    assert_eq!((place.text().as_str(), place.log.len()), ("once", 1));
}

#[test]
fn a_repeat_does_not_have_a_change_called_durable_that_is_not() {
    let mut place = Place::new(1);
    place.open(1, PeerKind::Replica);
    place.frame(1, typed(7, "first "));
    place.frame(1, typed(8, "second "));
    place.frame(1, typed(8, "second "));
    let (op, records) = place.unsynced.pop_front().unwrap();
    place.log.extend(records);
    place.input(Input::Appended { op });
    assert_eq!(kept(&mut place, 1), [1]);
    place.sync();
    assert_eq!(kept(&mut place, 1), [3]);
}

#[test]
fn everything_that_was_called_durable_survives_a_crash_and_nothing_else_need() {
    let mut place = Place::new(1);
    place.edit(0, "kept ");
    place.sync();
    place.edit(0, "lost ");
    assert_eq!(place.told, [Told::Edited(Ok(()))]);
    place.crash(0);
    assert_eq!(place.text(), "kept ");
}

#[test]
fn a_long_update_that_was_cut_off_by_a_crash_does_not_spoil_the_next() {
    let mut config = config(1, false);
    config.limits.document_bytes = 8 * DOCUMENT_RECORD_MAX;
    let mut place = Place::with(config);
    place.edit(0, "kept");
    place.sync();
    place.edit(0, &"x".repeat(3 * DOCUMENT_RECORD_MAX));
    place.crash(2);
    assert_eq!((place.text().as_str(), place.log.len()), ("kept", 3));
    place.edit(4, " too");
    place.sync();
    place.crash(0);
    assert_eq!(place.text(), "kept too");
}

#[test]
fn a_log_is_merged_when_it_has_grown_and_the_document_is_as_it_was() {
    let mut place = Place::new(1);
    let mut expected = String::new();
    for at in 0..400 {
        place.edit(0, &format!("{at};"));
        expected.insert_str(0, &format!("{at};"));
        place.sync();
    }
    let merges = place.log.iter().filter(|record| record.is_history).count();
    assert!(place.first > 1 && merges >= 1, "trimmed to {}, {merges} histories", place.first);
    assert!(place.log.len() < 300, "{} records are left", place.log.len());
    let before = place.machine.body().likeness();
    place.crash(0);
    assert_eq!((place.text(), place.machine.body().likeness()), (expected, before));
}

#[test]
fn what_waits_for_missing_parts_survives_merging() {
    let mut author = Body::new(7);
    let splice = |at, insert: &str| Edit::Splice { at, delete: 0, insert: insert.to_owned() };
    let first = author.edit(&[splice(0, "a")]).unwrap();
    let second = author.edit(&[splice(1, "b")]).unwrap();
    let mut place = Place::new(1);
    place.open(1, PeerKind::Editor { may_write: true });
    place.frame(1, frame::update(&second));
    place.sync();
    for _ in 0..300 {
        place.edit(0, "fill and");
        place.sync();
    }
    assert!(place.first > 1, "it was merged");
    place.crash(0);
    assert!(!place.text().contains('b'));
    place.open(1, PeerKind::Editor { may_write: true });
    place.frame(1, frame::update(&first));
    assert!(place.text().contains("ab"), "the second part had not to come again");
}

#[test]
fn a_merged_history_that_is_another_is_not_put_in_the_place_of_the_log() {
    let mut machine = Document::new(config(1, false), Now::default());
    let mut out = Vec::new();
    let mut step = |machine: &mut Document, input| {
        out.clear();
        machine.step(Now::default(), input, &mut out);
        std::mem::take(&mut out)
    };
    let edit = |insert: &str| {
        let edit = Edit::Splice { at: 0, delete: 0, insert: insert.to_owned() };
        Input::Ask { ask: AskId(1), what: Ask::Edit(vec![edit]) }
    };
    let op = |effects: &[Effect]| match effects {
        [Effect::Append { op, .. }] => *op,
        other => panic!("{other:?}"),
    };
    let appended = op(&step(&mut machine, edit(&"x".repeat(3_000))));
    let effects = step(&mut machine, Input::Appended { op: appended });
    let [_, Effect::Verify { op: verifying, history, expected }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(verify(history, expected), Ok(()));
    let other = Body::new(9).history();
    assert!(verify(&other, expected).is_err());
    let effects = step(&mut machine, Input::Verified { op: *verifying, outcome: Err("differs".to_owned()) });
    assert_eq!(effects, [Effect::NotMerged { why: "differs".to_owned() }]);
    let appended = op(&step(&mut machine, edit("y")));
    assert!(
        !step(&mut machine, Input::Appended { op: appended })
            .iter()
            .any(|effect| matches!(effect, Effect::Verify { .. }))
    );
}

#[test]
fn a_document_that_would_be_too_large_is_refused_by_name_and_stays_as_it_was() {
    let mut place = Place::new(1);
    place.open(1, PeerKind::Editor { may_write: true });
    place.frame(1, typed(7, &"x".repeat(300_000)));
    let (peer, refusal) = place.closed.pop().unwrap();
    assert_eq!((peer, refusal.code), (PeerId(1), ErrorCode::TooLarge));
    assert!(refusal.detail.contains("the limit is 200000"), "{}", refusal.detail);
    assert_eq!((place.text().as_str(), place.unsynced.len()), ("", 0));
}
