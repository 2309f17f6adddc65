//! Questions to the kernel, and the history that the host keeps.

use wayfare_protocol::ErrorCode;
use wayfare_protocol::ask::{KernelAsk, KernelTold};
use wayfare_protocol::host::HostMessage;

use super::*;

/// Answers to questions in order: the text of a completeness, or the kind of a refusal.
fn told(host: &Host, id: ConnectionId) -> Vec<(u64, Result<KernelTold, ErrorCode>)> {
    let of = |message: &HostMessage| match message {
        HostMessage::Told { ask, outcome } => Some((*ask, outcome.clone().map_err(|refusal| refusal.code))),
        _ => None,
    };
    host.got.get(&id).map(Vec::as_slice).unwrap_or_default().iter().filter_map(of).collect()
}

fn variables() -> KernelTold {
    KernelTold::Variables { variables: Vec::new(), truncated: false }
}

fn ask(host: &mut Host, ask: u64) {
    host.ask(NODE, HostRequest::Ask { ask, what: KernelAsk::Variables });
}

#[test]
fn an_idle_kernel_is_asked_and_its_answer_goes_to_who_asked() {
    let mut host = Host::serving();
    let other = ConnectionId(9);
    host.attached(other, 41);
    ask(&mut host, 7);
    host.ask(other, HostRequest::Ask { ask: 7, what: KernelAsk::Variables });
    let asked: Vec<_> = host
        .commands
        .iter()
        .filter_map(|command| match command {
            KernelCommand::Ask { ask, .. } => Some(*ask),
            _ => None,
        })
        .collect();
    assert_eq!(asked, [1, 2], "numbers of the host's own");
    host.kernel(KernelEvent::Told { ask: 2, outcome: Ok(variables()) });
    assert_eq!((told(&host, NODE), told(&host, other)), (vec![], vec![(7, Ok(variables()))]));
    host.kernel(KernelEvent::Told { ask: 2, outcome: Ok(variables()) });
    assert_eq!(told(&host, other).len(), 1, "once");
}

#[test]
fn a_kernel_that_executes_or_starts_is_not_asked_but_the_history_is_told_at_any_time() {
    let mut host = Host::starting(Limits::default());
    host.attached(NODE, 41);
    ask(&mut host, 1);
    host.kernel(KernelEvent::Ready);
    host.hand_over(1, "x = 1");
    ask(&mut host, 2);
    host.ask(
        NODE,
        HostRequest::Ask { ask: 3, what: KernelAsk::History { last: 5, before: 0, contains: String::new() } },
    );
    let told = told(&host, NODE);
    assert_eq!(told[..2], [(1, Err(ErrorCode::KernelBusy)), (2, Err(ErrorCode::KernelBusy))]);
    let Ok(KernelTold::History { entries, has_more: false }) = &told[2].1 else { panic!("{told:?}") };
    assert_eq!((entries[0].history_index, entries[0].code.as_str()), (1, "x = 1"));
    assert!(!host.commands.iter().any(|command| matches!(command, KernelCommand::Ask { .. })));
}

#[test]
fn a_kernel_that_does_not_answer_in_time_is_given_up_and_its_late_answer_ignored() {
    let mut host = Host::serving();
    ask(&mut host, 1);
    host.pass(Limits::default().ask);
    host.kernel(KernelEvent::Told { ask: 1, outcome: Ok(variables()) });
    assert_eq!(told(&host, NODE), [(1, Err(ErrorCode::DeadlineExceeded))]);
}

#[test]
fn a_kernel_that_dies_leaves_nobody_waiting() {
    let mut host = Host::serving();
    host.hand_over(1, "a"); // its records are not acknowledged: the host stays
    host.ended(1);
    ask(&mut host, 1);
    host.kernel(KernelEvent::Died { detail: "signal 9".to_owned() });
    ask(&mut host, 2);
    assert_eq!(told(&host, NODE), [(1, Err(ErrorCode::NotFound)), (2, Err(ErrorCode::NotFound))]);
}

#[test]
fn too_many_questions_and_too_long_ones_are_refused() {
    let mut host = Host::serving();
    let code = "x".repeat(wayfare_protocol::limits::CODE_MAX + 1);
    host.ask(NODE, HostRequest::Ask { ask: 0, what: KernelAsk::IsComplete { code } });
    let most = Limits::default().asks as u64;
    for n in 1..=most + 1 {
        ask(&mut host, n);
    }
    assert_eq!(told(&host, NODE), [(0, Err(ErrorCode::TooLarge)), (most + 1, Err(ErrorCode::Overloaded))]);
}

#[test]
fn the_history_is_bounded_and_leaves_out_what_is_not_to_be_remembered() {
    let mut host = Host::starting(Limits { history: 6, ..Limits::default() });
    host.kernel(KernelEvent::Ready);
    host.attached(NODE, 41);
    for (position, code) in (1..).zip(["aaa", "bab", "cac"]) {
        host.hand_over(position, code);
        host.ended(position);
    }
    let request = ExecuteRequest { store_history: false, ..ExecuteRequest::of("hidden") };
    host.ask(NODE, HostRequest::HandOver { position: 4, run: run_id(4), attempt: 1, request });
    for (n, last, before, contains) in [(1, 5, 0, "a"), (2, 1, 0, ""), (3, 5, 3, "b")] {
        let what = KernelAsk::History { last, before, contains: contains.to_owned() };
        host.ask(NODE, HostRequest::Ask { ask: n, what });
    }
    let codes: Vec<_> = told(&host, NODE)
        .into_iter()
        .map(|(_, told)| match told {
            Ok(KernelTold::History { entries, has_more }) => {
                (entries.into_iter().map(|entry| (entry.history_index, entry.code)).collect::<Vec<_>>(), has_more)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let entry = |n, code: &str| (n, code.to_owned());
    assert_eq!(codes[0], (vec![entry(2, "bab"), entry(3, "cac")], false));
    assert_eq!(codes[1], (vec![entry(3, "cac")], true));
    assert_eq!(codes[2], (vec![entry(2, "bab")], false));
}
