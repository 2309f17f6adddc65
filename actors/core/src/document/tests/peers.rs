//! Peers: who may do what, who is slow, and who is present.

use wayfare_protocol::limits::{AWARENESS_STATE_MAX, DOCUMENT_PIECE_MAX};

use super::*;

fn typed(client: u32, text: &str) -> Bytes {
    let edit = Edit::Splice { at: 0, delete: 0, insert: text.to_owned() };
    frame::update(&Body::new(client).edit(&[edit]).unwrap())
}

#[test]
fn whoever_comes_is_told_first_what_is_here() {
    let mut place = Place::new(1);
    place.edit(0, "text");
    place.open(1, PeerKind::Editor { may_write: true });
    let first = place.frames(1).remove(0);
    assert!(matches!(frame::read(&first).unwrap()[..], [frame::Frame::Vector(_)]));
    place.frame(1, frame::vector(&Body::new(5).vector()));
    let missing = place.frames(1).remove(0);
    let mut theirs = Body::new(5);
    theirs.apply(frame::changes(&missing).unwrap()).unwrap();
    assert_eq!(theirs.text(), "text");
}

#[test]
fn a_reader_may_answer_with_nothing_new_and_is_let_go_when_it_writes_in_either_form() {
    let mut place = Place::new(1);
    place.edit(0, "text");
    for write in [frame::update as fn(&[u8]) -> Bytes, frame::missing] {
        place.open(1, PeerKind::Editor { may_write: false });
        let known = place.machine.body().history();
        place.frame(1, frame::missing(&known));
        assert_eq!(place.closed, [], "nothing of it is new");
        let mut theirs = Body::new(9);
        theirs.apply(&known).unwrap();
        let deletion = theirs.edit(&[Edit::Splice { at: 0, delete: 4, insert: String::new() }]).unwrap();
        place.frame(1, write(&deletion));
        let (peer, refusal) = place.closed.pop().unwrap();
        assert_eq!((peer, refusal.code), (PeerId(1), ErrorCode::Forbidden));
        place.open(1, PeerKind::Editor { may_write: false });
        place.frame(1, write(frame::changes(&typed(10, "mine")).unwrap()));
        assert_eq!(place.closed.pop().map(|(_, refusal)| refusal.code), Some(ErrorCode::Forbidden));
    }
    assert_eq!(place.text(), "text");
}

#[test]
fn bytes_that_are_no_frame_cost_their_sender_its_place_and_nobody_else_anything() {
    let mut place = Place::new(1);
    place.open(1, PeerKind::Editor { may_write: true });
    let garbage: [&[u8]; 6] =
        [&[0, 2, 200], &[0, 9, 0], &[0, 2, 3, 255, 255, 255], &[0, 0, 2, 255, 255], &[1, 2, 9, 9], &[0]];
    for bytes in garbage {
        place.open(2, PeerKind::Editor { may_write: true });
        place.frame(2, Bytes::copy_from_slice(bytes));
        let (peer, refusal) = place.closed.pop().unwrap_or_else(|| panic!("{bytes:?} was taken"));
        assert_eq!((peer, refusal.code), (PeerId(2), ErrorCode::Malformed), "{bytes:?}");
    }
    place.frame(1, typed(7, "works"));
    assert_eq!(place.text(), "works");
}

#[test]
fn changes_that_came_together_are_told_and_kept_as_one_and_presence_in_its_place_among_them() {
    let mut place = Place::new(1);
    for peer in [1, 2] {
        place.open(peer, PeerKind::Editor { may_write: true });
        place.frames(peer);
    }
    let present = frame::shown(70, 1, "{}");
    let frames = vec![typed(7, "one "), typed(8, "two "), present.clone(), typed(9, "three "), typed(7, "one ")];
    place.input(Input::Frames { peer: PeerId(1), frames });
    let told = place.frames(2);
    assert_eq!((told.len(), &told[1], place.unsynced.len()), (3, &present, 2));
    let mut theirs = Body::new(20);
    for update in told.iter().filter_map(|frame| frame::changes(frame)) {
        theirs.apply(update).unwrap();
    }
    assert_eq!(theirs.text(), place.text());
    assert_eq!(place.frames(1), [present], "nobody is told what they said");
    place.sync();
    let text = place.text();
    place.crash(0);
    assert_eq!((place.text(), text.len()), (text, 14));
}

#[test]
fn a_flood_of_changes_is_passed_on_now_and_then_and_the_first_at_once() {
    let mut config = config(1, false);
    config.limits.document_gather = Duration::from_millis(3);
    let mut place = Place::with(config);
    for peer in [1, 2, 3] {
        place.open(peer, PeerKind::Editor { may_write: true });
        place.frames(peer);
    }
    for (appended, client) in (1..).zip(10..20) {
        place.frame(1 + u64::from(client) % 2, typed(client, "x"));
        assert_eq!(place.unsynced.len(), appended, "the disk does not wait");
    }
    assert_eq!((place.frames(1).len(), place.frames(2).len(), place.frames(3).len()), (0, 1, 1));
    place.pass(Duration::from_millis(2));
    assert_eq!(place.frames(3).len(), 0);
    place.pass(Duration::from_millis(1));
    assert_eq!((place.frames(1).len(), place.frames(2).len(), place.frames(3).len()), (1, 1, 2), "one of each writer");
    place.pass(Duration::from_millis(3));
    place.frame(1, typed(30, "later"));
    assert_eq!(place.frames(3).len(), 1);
    place.frame(1, typed(31, "held"));
    place.frame(1, frame::shown(70, 1, "{}"));
    assert_eq!(place.frames(3).len(), 2, "a caret does not come before the text that it stands in");
}

#[test]
fn what_came_before_a_frame_that_is_refused_is_taken() {
    let mut place = Place::new(1);
    place.open(1, PeerKind::Editor { may_write: true });
    place.open(2, PeerKind::Editor { may_write: true });
    place.frames(2);
    let frames = vec![typed(7, "said"), Bytes::from_static(&[0, 9, 0]), typed(8, "unheard")];
    place.input(Input::Frames { peer: PeerId(1), frames });
    assert_eq!(place.closed.pop().map(|(peer, refusal)| (peer, refusal.code)), Some((PeerId(1), ErrorCode::Malformed)));
    assert_eq!((place.text().as_str(), place.frames(2).len(), place.unsynced.len()), ("said", 1, 1));
}

#[test]
fn for_a_slow_reader_updates_are_merged_and_it_ends_where_everybody_is() {
    let mut place = Place::new(1);
    place.input(Input::PeerOpened { peer: PeerId(1), kind: PeerKind::Editor { may_write: true } });
    place.input(Input::PeerCredit { peer: PeerId(1), bytes: 1 });
    place.frames(1);
    for at in 0..500 {
        place.edit(at, "x");
    }
    assert_eq!((place.frames(1).len(), place.closed.len()), (0, 0));
    place.input(Input::PeerCredit { peer: PeerId(1), bytes: MUCH });
    let frames = place.frames(1);
    assert!(frames.len() < 300, "{} frames", frames.len());
    let mut theirs = Body::new(9);
    for frame in frames {
        theirs.apply(frame::changes(&frame).unwrap()).unwrap();
    }
    assert_eq!(theirs.text(), place.text());
}

#[test]
fn a_reader_for_whom_too_much_waits_even_merged_is_let_go() {
    let mut place = Place::new(1);
    place.input(Input::PeerOpened { peer: PeerId(1), kind: PeerKind::Editor { may_write: true } });
    place.open(2, PeerKind::Editor { may_write: true });
    for _ in 0..10 {
        place.edit(0, &"x".repeat(1_000));
    }
    let (peer, refusal) = place.closed.pop().unwrap();
    assert_eq!((peer, refusal.code), (PeerId(1), ErrorCode::Overloaded));
    assert_eq!(place.frames(2).len(), 11, "the other one reads on");
}

#[test]
fn a_long_frame_goes_to_a_replica_in_pieces_and_no_faster_than_it_takes_them() {
    let mut a = Place::with(Config { limits: Limits::default(), ..config(1, false) });
    a.edit(0, &"long ".repeat(40_000));
    let mut b = Place::with(Config { limits: Limits::default(), ..config(2, false) });
    b.open(1, PeerKind::Replica);
    a.input(Input::PeerOpened { peer: PeerId(1), kind: PeerKind::Replica });
    a.input(Input::PeerCredit { peer: PeerId(1), bytes: 100 });
    let mut pieces = 0;
    for _ in 0..10 {
        carry(&mut a, &mut b, 1);
        pieces += 1;
        a.input(Input::PeerCredit { peer: PeerId(1), bytes: DOCUMENT_PIECE_MAX as u64 });
        if b.text().len() == 200_000 {
            break;
        }
        assert_eq!(b.text(), "", "nothing is shown of a frame that has not come whole");
    }
    assert!((3..=6).contains(&pieces), "{pieces}");
    assert_eq!(a.text(), b.text());
}

#[test]
fn presence_is_relayed_to_others_kept_for_later_and_ends_with_its_peer() {
    let mut place = Place::new(1);
    for peer in [1, 2] {
        place.open(peer, PeerKind::Editor { may_write: true });
        place.frames(peer);
    }
    place.frame(1, frame::shown(70, 1, r#"{"name":"ada"}"#));
    assert_eq!(place.frames(2), [frame::shown(70, 1, r#"{"name":"ada"}"#)]);
    assert_eq!(place.frames(1).len(), 1, "an editor that hears nothing takes its connection for lost");
    place.frame(1, frame::shown(70, 1, r#"{"name":"old"}"#));
    assert_eq!(place.frames(2), [] as [Bytes; 0], "the same clock is no news");
    place.open(3, PeerKind::Editor { may_write: true });
    assert_eq!(place.frames(3)[1], frame::shown(70, 1, r#"{"name":"ada"}"#));
    place.input(Input::PeerClosed { peer: PeerId(1) });
    assert_eq!(place.frames(2), [frame::shown(70, 2, "null")]);
    place.open(4, PeerKind::Editor { may_write: true });
    assert_eq!(place.frames(4).len(), 1, "nobody is present");
    assert_eq!((place.unsynced.len(), place.log.len()), (0, 0), "presence is never stored");
}

#[test]
fn presence_that_is_too_long_is_refused() {
    let mut place = Place::new(1);
    place.open(1, PeerKind::Editor { may_write: true });
    place.frame(1, frame::shown(70, 1, &"x".repeat(AWARENESS_STATE_MAX + 1)));
    assert_eq!(place.closed.pop().map(|(_, refusal)| refusal.code), Some(ErrorCode::Malformed));
}

#[test]
fn a_replica_opens_the_one_above_when_it_can_and_again_after_a_refusal() {
    let mut place = Place::with(config(1, true));
    place.input(Input::AboveUp);
    assert_eq!(place.other, [Effect::OpenAbove]);
    place.input(Input::AboveClosed);
    place.pass(limits().redial_max);
    assert_eq!(place.other.len(), 2);
    place.input(Input::AboveOpened { peer: PeerId(1) });
    place.input(Input::PeerCredit { peer: PeerId(1), bytes: MUCH });
    place.edit(0, "x");
    assert_eq!(place.machine.unkept_above(), Some(1));
    place.told.clear();
    place.input(Input::Ask { ask: AskId(9), what: Ask::Settled });
    place.input(Input::Kept { peer: PeerId(1), through: 1 });
    assert_eq!(place.machine.unkept_above(), Some(0));
    place.frame(1, frame::missing(&Body::new(9).history()));
    assert_eq!(place.told, [], "it is not durable here");
    place.sync();
    assert_eq!(place.told, [Told::Edited(Ok(())), Told::Settled]);
    place.input(Input::Ask { ask: AskId(10), what: Ask::Edit(Vec::new()) });
    place.input(Input::Ask { ask: AskId(11), what: Ask::Settled });
    place.told.clear();
    place.input(Input::AboveDown);
    assert!(matches!(&place.told[..], [Told::Refused(refusal)] if refusal.code == ErrorCode::OwnerUnreachable));
    place.input(Input::PeerClosed { peer: PeerId(1) });
    assert_eq!(place.machine.unkept_above(), None);
    place.input(Input::AboveUp);
    assert_eq!(place.other.len(), 3);
}

#[test]
fn whoever_opens_a_document_is_told_what_the_replica_above_has_if_that_answers_in_time() {
    let mut above = Place::new(9);
    above.edit(0, "news");
    for answers in [true, false] {
        let mut place = Place::with(config(1, true));
        place.input(Input::AboveUp);
        place.open(1, PeerKind::Editor { may_write: true });
        place.frame(1, frame::vector(&Body::new(5).vector()));
        place.input(Input::AboveOpened { peer: PeerId(2) });
        assert_eq!(place.frames(1).len(), 1, "what is here is said, what is lacking is not");
        if answers {
            place.frame(2, frame::missing(&above.machine.body().history()));
        } else {
            place.pass(limits().suspect_probe);
        }
        let mut theirs = Body::new(5);
        for frame in place.frames(1) {
            theirs.apply(frame::changes(&frame).unwrap()).unwrap();
        }
        assert_eq!(theirs.text(), if answers { "news" } else { "" });
        place.open(3, PeerKind::Editor { may_write: true });
        place.frame(3, frame::vector(&theirs.vector()));
        assert_eq!(place.frames(3).len(), 2, "later ones do not wait");
    }
}

#[test]
fn a_document_that_nobody_has_open_is_unloaded_and_not_before_its_changes_are_durable() {
    let mut place = Place::new(1);
    place.open(1, PeerKind::Editor { may_write: true });
    place.edit(0, "x");
    place.pass(limits().document_idle * 2);
    place.input(Input::PeerClosed { peer: PeerId(1) });
    place.pass(limits().document_idle * 2);
    assert_eq!(place.other, []);
    place.sync();
    place.pass(limits().document_idle / 2);
    assert_eq!(place.other, []);
    place.pass(limits().document_idle);
    assert_eq!(place.other, [Effect::Unload]);
}

/// A client has no disk: what the replica above has not called kept is nowhere else.
#[test]
fn a_replica_that_keeps_nothing_itself_is_not_unloaded_before_the_one_above_keeps_it() {
    let mut place = Place::with(Config { keeps: false, ..config(1, true) });
    place.edit(0, "x");
    place.sync();
    place.pass(limits().document_idle * 2);
    place.input(Input::AboveUp);
    place.input(Input::AboveOpened { peer: PeerId(1) });
    place.input(Input::PeerCredit { peer: PeerId(1), bytes: MUCH });
    place.frame(1, frame::vector(&Body::new(9).vector()));
    place.frame(1, frame::missing(&Body::new(9).history()));
    place.pass(limits().document_idle * 2);
    assert_eq!(place.other, [Effect::OpenAbove]);
    place.input(Input::Kept { peer: PeerId(1), through: 1 });
    place.pass(limits().document_idle * 2);
    assert_eq!(place.other, [Effect::OpenAbove, Effect::Unload]);
}

/// Nobody else would bring what the cloud refused for a while, say because its disk was full.
#[test]
fn a_document_is_not_unloaded_before_the_replica_above_has_it_unless_that_is_away() {
    let mut place = Place::with(config(1, true));
    place.edit(0, "x");
    place.sync();
    place.input(Input::AboveUp);
    place.input(Input::AboveClosed);
    place.pass(limits().document_idle * 2);
    assert_eq!(place.other, [Effect::OpenAbove, Effect::OpenAbove], "it is tried again");
    place.input(Input::AboveDown);
    place.pass(limits().document_idle * 2);
    assert_eq!(place.other.last(), Some(&Effect::Unload), "both are brought into step when they meet");
}

#[test]
fn an_edit_that_does_not_fit_is_refused_and_changes_nothing() {
    let mut place = Place::new(1);
    place.edit(0, "ä");
    place.sync();
    for (at, delete) in [(1, 0), (0, 1), (3, 0), (0, 3)] {
        let fine = Edit::Splice { at: 0, delete: 0, insert: "no".to_owned() };
        let wrong = Edit::Splice { at: at + 2, delete, insert: String::new() };
        place.input(Input::Ask { ask: AskId(2), what: Ask::Edit(vec![fine, wrong]) });
        assert!(matches!(place.told.last(), Some(Told::Edited(Err(EditError::OutOfText { .. })))), "{at} {delete}");
    }
    assert_eq!((place.text().as_str(), place.unsynced.len()), ("ä", 0));
}
