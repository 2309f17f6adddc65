//! Whole migrations in a small world: whatever is lost, repeated or crashes, afterwards one node has the daemon, and it is the daemon that
//! the inbox makes.

use std::collections::BTreeMap;

use wayfare_protocol::daemon::DaemonState;
use wayfare_protocol::entity::Origin;
use wayfare_protocol::migration::{MoveMode, MoveState};

use super::super::{Orchestrator, Source, Target};
use super::code::Code;
use super::model;
use super::node::Node;
use super::world::{Setup, Victim, When, World};
use crate::daemon::desk::assert_chained;
use crate::machine::Machine as _;
use crate::mark::{Mark, Phases};

/// Of the steps of a migration a crash is tried at every one of so many.
const STRIDE: usize = 4;
/// Longest time that a world may take to come to rest.
const REST_BY: u64 = 120_000;

/// Runs until nothing is under way, and judges.
fn run(setup: Setup) -> World {
    let what = format!("seed {} leader {} crash {:?} loss {}", setup.seed, setup.leader, setup.crash, setup.loss);
    let mut world = World::new(setup);
    while world.step() {
        if world.now > REST_BY {
            let states: Vec<_> = world.nodes.iter().map(Node::summary).collect();
            let said = &world.said[world.said.len().saturating_sub(12)..];
            panic!("{what}: it does not come to rest: {states:#?}\nrow {:?}\n{said:?}", world.row);
        }
        let is_done = world.publishers.iter().all(|publisher| publisher.acknowledged == world.setup.events);
        let lost = world.lost.as_ref().map(|lost| lost.node);
        let mut others = world.nodes.iter().enumerate().filter(|(at, _)| Some(*at) != lost);
        let is_quiet = others.all(|(_, node)| node.is_up && !node.is_busy());
        if is_done && is_quiet && world.is_over() && lost.is_some() == world.setup.loses_to.is_some() {
            break;
        }
    }
    judge(&mut world, &what);
    world
}

fn judge(world: &mut World, what: &str) {
    let model = model::fold(&world.frames);
    for (number, publisher) in (1..).zip(&world.publishers) {
        assert_eq!(publisher.acknowledged, world.setup.events, "{what}: not everything was acknowledged");
        assert_eq!(model.last[&Origin(number)], world.setup.events, "{what}: what was acknowledged is there");
    }
    let (owner, lost) = (world.row.owner, world.lost.as_ref().map(|lost| lost.node));
    for (_, node) in world.nodes.iter_mut().enumerate().filter(|(at, _)| Some(*at) != lost) {
        let Node { id, desk, has_key, .. } = node;
        if *id != owner {
            assert!(desk.is_none(), "{what}: something is left at a node that has nothing to do with it any more");
            assert!(!*has_key, "{what}: a key was left behind");
            continue;
        }
        assert!(*has_key, "{what}: the owner has no key");
        let desk = desk.as_mut().unwrap_or_else(|| panic!("{what}: the owner has nothing"));
        while desk.finish() {}
        assert_eq!(desk.host.info().state, DaemonState::Live, "{what}");
        let head = desk.head();
        assert_eq!(head.inbox_digest, model.head.inbox_digest, "{what}: the inbox is the one that was recorded");
        let outputs = desk.outputs();
        assert_chained(&outputs);
        match world.setup.code {
            Code::Tally => {
                assert_eq!(head, model.head, "{what}: the head is the model's");
                let (many, wanted) = (outputs.len(), model.outputs.len());
                assert!(outputs == model.outputs, "{what}: {many} outputs are not the model's {wanted}");
                assert_eq!(desk.state(), model.state, "{what}: the state is the model's");
            }
            Code::Drifting | Code::Liar => assert_eq!(desk.state(), model.state, "{what}: the state is the model's"),
            Code::Echo => assert_eq!(head.output_sequence, outputs.len() as u64, "{what}: one for each event"),
        }
    }
}

fn moved(world: &World) -> usize {
    world.ended.iter().filter(|state| **state == MoveState::Moved).count()
}

/// The whole way, live, with the orchestrator on a third node, the source and the target.
#[test]
fn a_daemon_moves_live_wherever_its_orchestrator_runs() {
    for leader in 0..3 {
        let world = run(Setup { leader, ..Setup::new(1) });
        assert_eq!(world.ended, [MoveState::Moved]);
        assert_eq!(world.row.owner, world.nodes[1].id);
    }
}

/// Two publishers with overlapping numbers go on meanwhile, and the daemon goes back and forth.
#[test]
fn a_daemon_moves_back_and_forth() {
    for seed in 0..40 {
        for mode in [MoveMode::Live, MoveMode::StopAndCopy] {
            let leader = usize::try_from(seed % 3).unwrap();
            let world = run(Setup { mode, leader, way: &[1, 0, 2, 1, 0], events: 400, ..Setup::new(seed) });
            assert_eq!(moved(&world), 5, "seed {seed} {:?}\n{:?}\n{:?}", world.ended, world.said, world.rejected);
        }
    }
}

/// Messages and answers of the store are lost, come twice and late.
#[test]
fn nothing_is_lost_over_a_bad_network() {
    let mut many = 0;
    for seed in 0..60 {
        let leader = usize::try_from(seed % 3).unwrap();
        let mode = if seed % 4 == 0 { MoveMode::StopAndCopy } else { MoveMode::Live };
        let world = run(Setup { leader, mode, loss: 5 + seed % 20, way: &[1, 0, 2], ..Setup::new(seed) });
        many += moved(&world);
    }
    assert!(many > 60, "of 180 migrations only {many} came through");
}

const REPLAY: Mark = Mark { machine: "orchestrator", phase: "Replay" };
const VICTIMS: [Victim; 4] = [Victim::Node(0), Victim::Node(1), Victim::Node(2), Victim::Store];

/// Each in turn crashes at steps all through a migration.
#[test]
fn whoever_crashes_at_whatever_step_one_node_has_the_daemon() {
    for mode in [MoveMode::Live, MoveMode::StopAndCopy] {
        for victim in VICTIMS {
            let whole = run(Setup { mode, ..Setup::new(3) });
            // A little longer than the migration takes.
            for step in (whole.ordered_at..whole.ended_at + 10).step_by(STRIDE) {
                run(Setup { mode, crash: Some((When::Step(step), victim)), ..Setup::new(3) });
            }
        }
    }
}

/// Each in turn crashes as soon as one of the machines is in a phase, for every phase that there is; over a bad network and a good one,
/// wherever the orchestrator runs, live, copied, found out, and called off.
#[test]
fn whoever_crashes_in_whatever_phase_one_node_has_the_daemon() {
    let machines: [&[Phases]; 3] = [Orchestrator::PHASES, Source::PHASES, Target::PHASES];
    let mut phases = BTreeMap::new();
    for (machine, names) in machines.into_iter().flatten() {
        phases.extend(names.iter().map(|phase| (Mark { machine, phase }, 0)));
    }
    for (mark, met) in &mut phases {
        for seed in 0..8 {
            for victim in VICTIMS {
                let leader = usize::try_from(seed % 3).unwrap();
                let crash = Some((When::Phase(*mark), victim));
                let setup = Setup { leader, crash, way: &[1, 0], ..Setup::new(seed) };
                let setup = match seed % 4 {
                    0 => setup,
                    1 => Setup { mode: MoveMode::StopAndCopy, ..setup },
                    2 => Setup { code: Code::Liar, ..setup },
                    _ => Setup { cancel: Some(REPLAY), ..setup },
                };
                let world = run(Setup { loss: if seed < 4 { 0 } else { 15 }, ..setup });
                *met += u32::from(world.setup.crash.is_none());
            }
        }
    }
    let never: Vec<_> = phases.iter().filter(|(_, met)| **met == 0).map(|(mark, _)| mark.to_string()).collect();
    assert!(never.is_empty(), "nobody crashed in {never:?}");
}

/// A target that is not ready at first is asked again.
#[test]
fn a_target_that_becomes_ready_gets_the_daemon() {
    let world = run(Setup { unready: 3, ..Setup::new(4) });
    assert_eq!(world.ended, [MoveState::Moved]);
}

/// What is not deterministic is copied; what says it is and is not is found out by its head, and copied too; what has no state moves.
#[test]
fn every_kind_of_daemon_moves() {
    for code in [Code::Drifting, Code::Liar, Code::Echo] {
        let world = run(Setup { code, way: &[1, 2], ..Setup::new(5) });
        assert_eq!(world.ended, [MoveState::Moved, MoveState::Moved], "{code:?}");
        let seals = world.said.iter().filter(|(name, ..)| *name == "CutoverNotify").count();
        let snapshots = world.said.iter().filter(|(name, ..)| *name == "TakeSnapshot").count();
        match code {
            Code::Drifting => assert_eq!((seals, snapshots > 2), (0, true), "stopped and copied"),
            Code::Liar => assert!(seals > 0 && snapshots > 2, "found out after the seal"),
            Code::Tally | Code::Echo => assert_eq!(snapshots, 2, "live"),
        }
    }
}

/// The owner is lost; whoever goes on from its spare, or the store, crashes at steps all through that.
#[test]
fn whoever_crashes_at_whatever_step_one_node_goes_on_for_an_owner_that_is_lost() {
    let setup = |seed| Setup { loses_to: Some(1), way: &[], ..Setup::new(seed) };
    for victim in [Victim::Node(1), Victim::Store] {
        let whole = run(setup(3));
        for step in (whole.ordered_at..whole.ended_at + 10).step_by(STRIDE) {
            run(Setup { crash: Some((When::Step(step), victim)), ..setup(3) });
        }
    }
    for seed in 0..60 {
        let crash =
            (seed % 2 == 0).then_some((When::Phase(Mark { machine: "target", phase: "Following" }), VICTIMS[1]));
        let world = run(Setup { loss: seed % 20, crash, ..setup(seed) });
        assert_eq!((world.row.owner, world.row.lineage.0), (world.nodes[1].id, 1), "seed {seed}");
    }
}

/// What it accepted after its spare is nowhere else.
#[test]
fn a_lost_owner_that_comes_back_keeps_what_only_it_has() {
    let (mut with_more, mut at_base) = (0, 0);
    for seed in 0..40 {
        let mut world = run(Setup { loses_to: Some(1), way: &[], events: 40, ..Setup::new(seed) });
        let base = world.row.base.expect("a base").inbox_position;
        let lost = world.lost.as_ref().map(|lost| lost.node).expect("one is lost");
        let has_more = world.last_of_lost() > base;
        match world.bring_back() {
            Some(DaemonState::Elsewhere) => with_more += u32::from(has_more),
            None => {
                assert!(!has_more, "seed {seed}: what only it had is deleted");
                assert!(!world.nodes[lost].has_key, "seed {seed}: its key is left");
                at_base += 1;
            }
            other => panic!("seed {seed}: {other:?}"),
        }
    }
    assert!(with_more > 0 && at_base + with_more == 40, "{with_more} {at_base}");
}
