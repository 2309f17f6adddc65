//! Events that the code cannot process.

use wayfare_protocol::daemon::{DaemonState, Health};

use super::*;

fn letters(desk: &mut Desk) -> Vec<(u64, String)> {
    let caller = desk.call(DaemonCall::DeadLetters);
    match desk.answer(caller) {
        Some(DaemonAnswer::DeadLetters(letters)) => {
            letters.into_iter().map(|letter| (letter.position, letter.reason)).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// A refused event is tried three times and given up; those after it go on as if it had not been.
#[test]
fn a_refused_event_becomes_a_dead_letter() {
    let mut desk = Desk::new();
    desk.publish(1, 1, &["2", "refuse", "4"]);
    assert_eq!(letters(&mut desk), [(2, "event not processed: not this one".to_owned())]);
    assert_eq!(desk.host.info().stats.errors, 3);
    assert_chained(&desk.outputs());
    assert_eq!(desk.said().len(), 4);
    let head = desk.head();
    let mut again = desk.crash();
    assert_eq!(again.head(), head);
    assert_eq!(letters(&mut again).len(), 1);
    assert_eq!(again.host.info().stats.errors, 0, "no replay tries it again");
}

/// At a panic the code is made anew without the event, in the middle of its frame, and what was accepted meanwhile goes on.
#[test]
fn a_panic_costs_one_event() {
    let mut desk = Desk::new();
    desk.publish(1, 1, &["2", "4"]);
    desk.slow();
    desk.publish(1, 3, &["6", "panic", "8"]);
    desk.finish();
    assert_eq!(desk.host.info().state, DaemonState::Recovering);
    let waiting = desk.call(DaemonCall::Publish { origin: origin(1), first: 6, payloads: payloads(&["10"]) });
    while desk.finish() {}
    assert_eq!(desk.answer(waiting), Some(DaemonAnswer::Accepted { through: 6 }));
    assert_eq!(letters(&mut desk), [(4, "panicked: as asked".to_owned())]);
    let outputs = desk.outputs();
    assert_chained(&outputs);
    assert!(desk.said().last().unwrap().starts_with("30 at 6"), "{:?}", desk.said());
    let (head, said) = (desk.head(), desk.said());
    let mut again = desk.crash();
    assert_eq!((again.head(), again.said()), (head, said));
}

/// A crash at any moment of giving an event up: it is given up once, and nothing else is lost.
#[test]
fn a_crash_around_a_panic_loses_nothing() {
    for finished in 0..12 {
        let mut desk = Desk::new();
        desk.slow();
        for (sequence, text) in (1..).zip(["2", "panic", "4"]) {
            desk.publish(1, sequence, &[text]);
        }
        for _ in 0..finished {
            desk.finish();
        }
        let mut again = desk.crash();
        for (sequence, text) in (1..).zip(["2", "panic", "4"]) {
            again.publish(1, sequence, &[text]);
        }
        assert_eq!(letters(&mut again), [(2, "panicked: as asked".to_owned())], "after {finished} effects");
        let outputs = again.outputs();
        assert_chained(&outputs);
        assert!(again.said().last().unwrap().starts_with("6 at 3"), "after {finished} effects: {:?}", again.said());
    }
}

/// A dead letter can be processed after all, as a new event with its old words.
#[test]
fn a_dead_letter_can_be_driven_again() {
    let mut desk = Desk::new();
    desk.publish(1, 1, &["refuse", "2"]);
    let again = desk.call(DaemonCall::Redrive { position: 1 });
    assert_eq!(desk.answer(again), Some(DaemonAnswer::Done));
    assert_eq!(letters(&mut desk)[0].0, 3, "given up again, at its new place");
    let head = desk.head();
    assert_eq!(desk.crash().head(), head);
}

/// A daemon without code says so and keeps its logs; with the code it goes on.
#[test]
fn a_daemon_without_code_waits_for_it() {
    let mut desk = Desk::new();
    desk.publish(1, 1, &["2"]);
    let head = desk.head();
    let disk = desk.disk.clone();
    let mut bare = Desk::on(Config { factories: Factories::default(), ..config(HERE, tally()) }, disk.clone());
    bare.step(Input::Recovered);
    let info = bare.host.info();
    assert_eq!(info.state, DaemonState::Failed);
    assert!(matches!(&info.health, Health::Unhealthy { reason } if reason.contains("tally")), "{info:?}");
    assert!(matches!(bare.publish(1, 2, &["4"]), Some(DaemonAnswer::Refused(_))));
    let mut whole = Desk::on(config(HERE, tally()), disk);
    whole.step(Input::Recovered);
    assert_eq!(whole.head(), head);
}
