//! The table of the machine, told as stories in virtual time.

use std::time::Duration;

use proptest::prelude::*;
use wayfare_protocol::Wall;

use super::*;

fn limits() -> Limits {
    let s = Duration::from_secs;
    Limits {
        overload_mark: 90,
        overload_clear: 75,
        overload_after: s(60),
        overload_rest: s(120),
        overload_settle: s(300),
        drain_moves: 2,
        drain_attempts: 3,
        drain_retry: s(5),
        ..Limits::default()
    }
}

fn at(seconds: u64) -> Now {
    Now { boot: Boot(Duration::from_secs(seconds)), wall: Wall(0) }
}

fn hosted(daemon: u32, busy_percent: u8, state_bytes: u64, since: u64) -> Hosted<u32> {
    Hosted { daemon, busy_percent, state_bytes, since: at(since).boot }
}

/// A machine, and what it wanted done since one last asked.
struct Story {
    machine: Overload<u32>,
    effects: Vec<Effect<u32>>,
}

impl Story {
    fn begin() -> Self {
        Self { machine: Overload::new(limits(), at(0)), effects: Vec::new() }
    }

    fn step(&mut self, seconds: u64, input: Input<u32>) -> Vec<Effect<u32>> {
        self.machine.step(at(seconds), input, &mut self.effects);
        std::mem::take(&mut self.effects)
    }

    fn load(&mut self, seconds: u64, percent: u8) -> Vec<Effect<u32>> {
        let load = Load { cpu_percent: percent, memory_percent: 10, gpu_percent: None };
        self.step(seconds, Input::Load { load, hosted: vec![hosted(1, 20, 100, 0), hosted(2, 60, 100, 0)] })
    }

    fn ended(&mut self, seconds: u64, daemon: u32, outcome: MoveOutcome) -> Vec<Effect<u32>> {
        self.step(seconds, Input::MoveEnded { daemon, outcome })
    }

    fn wake(&mut self, seconds: u64) -> Vec<Effect<u32>> {
        self.machine.wake(at(seconds), &mut self.effects);
        std::mem::take(&mut self.effects)
    }
}

fn away(daemon: u32) -> Effect<u32> {
    Effect::MoveAway { daemon, why: Why::Overload }
}

fn drained(daemon: u32) -> Effect<u32> {
    Effect::MoveAway { daemon, why: Why::Drain }
}

#[test]
fn a_node_that_stays_over_its_mark_moves_its_busiest_daemon_once() {
    let mut story = Story::begin();
    for second in [1000, 1030, 1059] {
        assert_eq!(story.load(second, 95), []);
    }
    assert_eq!(story.load(1060, 90), [away(2)]);
    for second in [1090, 1120, 9000] {
        assert_eq!(story.load(second, 99), [], "one at a time");
    }
}

#[test]
fn a_short_peak_moves_nothing() {
    let mut story = Story::begin();
    story.load(1000, 95);
    story.load(1030, 75);
    assert_eq!(story.load(1060, 95), []);
    assert_eq!(story.load(1119, 95), []);
    assert_eq!(story.load(1120, 95), [away(2)]);
}

/// Between the marks a busy node stays busy and a calm one calm, and nothing moves.
#[test]
fn between_the_marks_nothing_changes() {
    let mut story = Story::begin();
    story.load(1000, 95);
    assert_eq!(story.load(1030, 89), []);
    assert_eq!(story.load(1060, 76), []);
    assert_eq!(story.load(1090, 90), [away(2)]);

    let mut story = Story::begin();
    for second in (1000..5000).step_by(30) {
        assert_eq!(story.load(second, 89), []);
    }
    story.load(5000, 90);
    assert_eq!(story.load(5030, 90), []);
}

#[test]
fn memory_counts_as_much_as_processors() {
    let mut story = Story::begin();
    let load = Load { cpu_percent: 1, memory_percent: 95, gpu_percent: None };
    let daemons = || vec![hosted(1, 20, 100, 0)];
    story.step(1000, Input::Load { load, hosted: daemons() });
    assert_eq!(story.step(1060, Input::Load { load, hosted: daemons() }), [away(1)]);
}

/// Where memory is what is short, the largest goes; where processors are, one that does not use them stays.
#[test]
fn who_leaves_is_who_helps() {
    let daemons = || vec![hosted(1, 0, 100, 0), hosted(2, 4, 900, 0)];
    for (cpu_percent, memory_percent, moved) in [(1, 95, Some(2)), (95, 95, None), (95, 1, None)] {
        let mut story = Story::begin();
        let load = Load { cpu_percent, memory_percent, gpu_percent: None };
        story.step(1000, Input::Load { load, hosted: daemons() });
        assert_eq!(
            story.step(1060, Input::Load { load, hosted: daemons() }),
            moved.map(away).into_iter().collect::<Vec<_>>()
        );
    }
}

#[test]
fn after_a_move_the_node_rests_and_is_then_judged_anew() {
    for outcome in [MoveOutcome::Moved, MoveOutcome::Stayed] {
        let mut story = Story::begin();
        story.load(1000, 95);
        story.load(1060, 95);
        assert_eq!(story.ended(1070, 2, outcome), []);
        for second in [1100, 1130, 1189] {
            assert_eq!(story.load(second, 99), []);
        }
        assert_eq!(story.load(1190, 99), []);
        assert_eq!(story.load(1249, 99), []);
        assert_eq!(story.load(1250, 99), [away(2)]);
    }
}

#[test]
fn a_node_that_has_calmed_down_while_it_rested_is_calm() {
    let mut story = Story::begin();
    story.load(1000, 95);
    story.load(1060, 95);
    story.ended(1070, 2, MoveOutcome::Moved);
    assert_eq!(story.load(1190, 80), []);
    story.load(1200, 95);
    assert_eq!(story.load(1259, 95), []);
    assert_eq!(story.load(1260, 95), [away(2)]);
}

#[test]
fn the_busiest_moves_then_the_smallest_then_the_lowest_and_none_that_came_a_moment_ago() {
    for (daemons, moved) in [
        (vec![hosted(1, 20, 9, 0), hosted(2, 60, 99, 0)], Some(2)),
        (vec![hosted(1, 60, 99, 0), hosted(2, 60, 9, 0)], Some(2)),
        (vec![hosted(2, 60, 9, 0), hosted(1, 60, 9, 0)], Some(1)),
        (vec![hosted(1, 99, 9, 761), hosted(2, 5, 9, 760)], Some(2)),
        (vec![hosted(1, 99, 9, 761)], None),
        (Vec::new(), None),
    ] {
        let mut story = Story::begin();
        let load = Load { cpu_percent: 95, ..Load::default() };
        story.step(1000, Input::Load { load, hosted: daemons.clone() });
        let effects = story.step(1060, Input::Load { load, hosted: daemons });
        assert_eq!(effects, moved.map(away).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_drain_moves_all_a_few_at_a_time_and_says_when_it_is_over() {
    let mut story = Story::begin();
    assert_eq!(story.step(0, Input::Drain { daemons: vec![1, 2, 3] }), [drained(1), drained(2)]);
    assert_eq!(story.step(1, Input::Drain { daemons: vec![1, 2, 3] }), [], "asked twice");
    assert_eq!(story.ended(2, 2, MoveOutcome::Moved), [drained(3)]);
    assert_eq!(story.load(3, 99), []);
    assert_eq!(story.ended(4, 1, MoveOutcome::Moved), []);
    assert_eq!(story.ended(5, 3, MoveOutcome::Moved), [Effect::Drained { left: vec![] }]);
    assert_eq!(story.ended(6, 3, MoveOutcome::Moved), [], "told twice");
    assert_eq!(story.step(7, Input::Arrived { daemon: 4 }), [drained(4)]);
    assert_eq!(story.ended(8, 4, MoveOutcome::Moved), [Effect::Drained { left: vec![] }]);
    assert_eq!(story.step(9, Input::Drain { daemons: vec![] }), [Effect::Drained { left: vec![] }]);
}

#[test]
fn a_daemon_that_stays_is_tried_again_later_and_then_left() {
    let mut story = Story::begin();
    story.step(0, Input::Drain { daemons: vec![1] });
    assert_eq!(story.ended(1, 1, MoveOutcome::Stayed), []);
    assert_eq!(story.machine.deadline(), Some(at(6).boot));
    assert_eq!(story.wake(5), [], "woken early");
    assert_eq!(story.wake(6), [drained(1)]);
    assert_eq!(story.wake(6), [], "woken twice");
    assert_eq!(story.machine.deadline(), None);
    story.ended(7, 1, MoveOutcome::Stayed);
    assert_eq!(story.wake(12), [drained(1)]);
    assert_eq!(story.ended(13, 1, MoveOutcome::Stayed), [Effect::Drained { left: vec![1] }]);
    assert_eq!(story.machine.deadline(), None);
    assert_eq!(story.step(14, Input::Drain { daemons: vec![1] }), [drained(1)], "asked again, tried again");
}

#[test]
fn a_daemon_that_ends_by_itself_is_not_waited_for() {
    let mut story = Story::begin();
    story.step(0, Input::Drain { daemons: vec![1, 2, 3, 4] });
    assert_eq!(story.step(1, Input::Gone { daemon: 3 }), []);
    assert_eq!(story.ended(2, 1, MoveOutcome::Moved), [drained(4)]);
    story.ended(3, 2, MoveOutcome::Moved);
    assert_eq!(story.ended(4, 4, MoveOutcome::Stayed), []);
    assert_eq!(story.step(5, Input::Gone { daemon: 4 }), [Effect::Drained { left: vec![] }]);
    assert_eq!(story.step(6, Input::Gone { daemon: 4 }), []);
}

#[test]
fn a_drain_counts_what_moves_already_and_a_cancelled_one_sends_no_more() {
    let mut story = Story::begin();
    story.load(1000, 95);
    assert_eq!(story.load(1060, 95), [away(2)]);
    assert_eq!(story.step(1061, Input::Drain { daemons: vec![1, 2, 3] }), [drained(1)]);
    story.step(1062, Input::CancelDrain);
    assert_eq!(story.load(2000, 99), [], "two are still under way");
    assert_eq!(story.ended(2001, 1, MoveOutcome::Moved), []);
    assert_eq!(story.load(2002, 99), []);
    assert_eq!(story.ended(2003, 2, MoveOutcome::Moved), []);
    assert_eq!(story.load(2122, 99), []);
    assert_eq!(story.load(2123, 99), []);
    assert_eq!(story.load(2183, 99), [away(2)]);

    let mut story = Story::begin();
    story.step(0, Input::Drain { daemons: Vec::new() });
    story.step(1, Input::CancelDrain);
    assert_eq!(story.step(2, Input::Arrived { daemon: 1 }), []);
}

fn input() -> impl Strategy<Value = Input<u32>> {
    prop_oneof![
        6 => (0..=100_u8, 0..6_u32).prop_map(|(cpu_percent, count)| Input::Load {
            load: Load { cpu_percent, ..Load::default() },
            hosted: (0..count).map(|n| hosted(n, 50, 0, 0)).collect(),
        }),
        1 => prop::collection::vec(0..8_u32, 0..6).prop_map(|daemons| Input::Drain { daemons }),
        1 => Just(Input::CancelDrain),
        2 => (0..8_u32).prop_map(|daemon| Input::Arrived { daemon }),
        2 => (0..8_u32).prop_map(|daemon| Input::Gone { daemon }),
    ]
}

proptest! {
    /// Whatever happens: under load one moves at a time, in a drain a few; no daemon moves twice at once; and a drain whose
    /// moves end comes to its end.
    #[test]
    fn moves_are_bounded_and_a_drain_ends(
        steps in prop::collection::vec((1..100_u64, input(), any::<(bool, bool)>()), 0..60),
    ) {
        let mut story = Story::begin();
        let (mut now, mut moving) = (0, BTreeSet::new());
        let take = |effects: Vec<Effect<u32>>, moving: &mut BTreeSet<u32>| {
            let mut told = false;
            for effect in effects {
                match effect {
                    Effect::MoveAway { daemon, why } => {
                        assert!(moving.insert(daemon), "{daemon} moves already");
                        let most = match why { Why::Overload => 1, Why::Drain => 2 };
                        assert!(moving.len() <= most, "{moving:?}");
                    }
                    Effect::Drained { .. } => told = true,
                }
            }
            told
        };
        for (passed, input, (ends, moved)) in steps {
            now += passed;
            // A daemon that moves is not reported as ended by itself.
            if !matches!(&input, Input::Gone { daemon } if moving.contains(daemon)) {
                take(story.step(now, input), &mut moving);
            }
            take(story.wake(now), &mut moving);
            if ends && let Some(daemon) = moving.pop_first() {
                let outcome = if moved { MoveOutcome::Moved } else { MoveOutcome::Stayed };
                take(story.ended(now, daemon, outcome), &mut moving);
            }
        }
        let mut over = take(story.step(now, Input::Drain { daemons: vec![0, 1, 2] }), &mut moving);
        for _ in 0..100 {
            now += 5;
            over |= take(story.wake(now), &mut moving);
            if let Some(daemon) = moving.pop_first() {
                over |= take(story.ended(now, daemon, MoveOutcome::Stayed), &mut moving);
            }
        }
        prop_assert!(over && moving.is_empty() && story.machine.deadline().is_none());
    }
}
