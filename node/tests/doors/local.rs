//! The command line through the local door of a real node, with a real Python kernel and no cloud. Each cell that must run once
//! appends to a file outside of the node's own logs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::support::World;
use nix::sys::signal::Signal;

#[test]
fn cells_share_a_session_across_commands_and_it_is_listed() {
    let world = World::start();
    let set = world.notebook("set.md", &["import os\nx = 41\nprint(os.getpid())"]);
    let read = world.notebook("read.md", &["print(x)", "print(os.getpid())\nx + 1"]);
    let first = world.run(&set);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.out.contains("⚡ ran on laptop · "), "{first:?}");
    let second = world.run(&read);
    assert_eq!(second.shown(), ["41", first.shown()[0], "42"], "{second:?}");
    let listed = world.finish(&["session", "list"]);
    assert!(listed.out.contains("test:main") && listed.out.contains("idle"), "{listed:?}");
    let chosen = world.finish(&["run", &read.display().to_string(), "--cell", "2"]);
    assert_eq!(chosen.shown(), [first.shown()[0], "42"], "{chosen:?}");
}

#[test]
fn a_cell_outlives_the_nodes_death_and_its_output_is_whole_and_comes_once() {
    let mut world = World::start();
    let cell = "import os, time\nlog = open('FOLDER/ran', 'a')\nfor i in range(200):\n    print('line', i, flush=True)\n    \
        log.write(f'{i}\\n'); log.flush()\n    while i >= 100 and not os.path.exists('FOLDER/go'): time.sleep(0.01)";
    let notebook = world.notebook("long.md", &[cell]);
    let mut running = world.running(&notebook, Stdio::null());
    assert_eq!(running.line(), "line 0");
    world.kill_node();
    world.start_node();
    std::fs::write(world.path("go"), "").expect("a file");
    let finished = running.finish();
    let expected: Vec<_> = (1..200).map(|i| format!("line {i}")).collect();
    assert_eq!(finished.shown(), expected, "{finished:?}");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.err.contains("connection lost") && finished.err.contains("connected again"), "{finished:?}");
    let ran = std::fs::read_to_string(world.path("ran")).expect("the cell's own file");
    assert_eq!(ran.lines().count(), 200);
}

#[test]
fn ctrl_c_interrupts_the_cell_and_keeps_the_session() {
    let world = World::start();
    let cells = ["import time\ny = 7\nprint('begun', flush=True)\ntime.sleep(1000)", "print('not reached')"];
    let notebook = world.notebook("sleep.md", &cells);
    let mut running = world.running(&notebook, Stdio::null());
    assert_eq!(running.line(), "begun");
    running.signal(Signal::SIGINT);
    let finished = running.finish();
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(finished.err.contains("KeyboardInterrupt") && !finished.out.contains("not reached"), "{finished:?}");
    let after = world.finish(&["run", "-c", "print(y)", "--session", "test:main"]);
    assert_eq!(after.shown(), ["7"], "{after:?}");
}

#[test]
fn a_second_ctrl_c_leaves_the_cell_running_to_be_shown_again() {
    let world = World::start();
    // A handler, not an `except`: the interrupt may come anywhere in the loop.
    let cell = "import os, signal, time\ntold = []\nsignal.signal(signal.SIGINT, lambda *_: told.append(1))\n\
        print('begun', flush=True)\nwhile not os.path.exists('FOLDER/go'):\n    time.sleep(0.01)\n    \
        if told: told.clear(); print('no', flush=True)\nprint('done')";
    let notebook = world.notebook("stubborn.md", &[cell]);
    let mut running = world.running(&notebook, Stdio::null());
    assert_eq!(running.line(), "begun");
    running.signal(Signal::SIGINT);
    assert_eq!(running.line(), "no");
    running.signal(Signal::SIGINT);
    let left = running.finish();
    assert_eq!(left.code, Some(130), "{left:?}");
    std::fs::write(world.path("go"), "").expect("a file");
    let command = left.err.lines().find_map(|line| line.split_once("wayfare attach ")).expect("how to attach").1;
    let arguments: Vec<_> = ["attach"].into_iter().chain(command.split_whitespace()).collect();
    let shown = world.finish(&arguments);
    assert_eq!((shown.shown(), shown.code), (vec!["done"], Some(0)), "{shown:?}");
    let whole: Vec<_> = arguments.iter().copied().take_while(|word| *word != "--from").collect();
    assert_eq!(world.finish(&whole).shown(), ["begun", "no", "done"]);
}

#[test]
fn a_cell_gets_the_line_that_it_asks_for() {
    let world = World::start();
    let notebook = world.notebook("ask.md", &["name = input('name? ')\nprint('hello', name)"]);
    let mut running = world.running(&notebook, Stdio::piped());
    assert_eq!(running.text(6), "name? ");
    running.type_line("Ada");
    let finished = running.finish();
    assert!(finished.out.starts_with("hello Ada\n"), "{finished:?}");
    let nobody = world.run(&notebook);
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    assert!(nobody.err.contains("asks for input, and there is none"), "{nobody:?}");
}

#[test]
fn every_end_has_its_exit_code() {
    let mut world = World::start();
    let notebook = world.notebook("fail.md", &["1/0", "print('after')"]).display().to_string();
    let failed = world.finish(&["run", &notebook]);
    assert_eq!((failed.code, failed.out.contains("after")), (Some(1), false), "{failed:?}");
    let kept_going = world.finish(&["run", &notebook, "--keep-going"]);
    assert_eq!((kept_going.code, kept_going.out.contains("after")), (Some(1), true), "{kept_going:?}");
    let refused = world.finish(&["run", "-c", "1", "--language", "julia"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("no kernel for julia"), "{refused:?}");
    assert_eq!(world.finish(&["run", &notebook, "--cell", "7"]).code, Some(64));
    assert_eq!(world.finish(&["session", "show", "no:such"]).code, Some(2));
    assert_eq!(world.finish(&["doctor"]).code, Some(0));
    assert_eq!(world.finish(&["session", "set", "test:main", "--cwd", "/"]).code, Some(0));
    assert_eq!(world.finish(&["session", "stop", "test:main"]).code, Some(0));
    let anew = world.finish(&["run", "-c", "import os; print(os.getcwd())", "--session", "test:main"]);
    assert_eq!(anew.shown(), ["/"], "{anew:?}");
    assert_eq!(world.finish(&["session", "stop", "test:main"]).code, Some(0));
    assert!(world.stop_node());
    assert_eq!(world.finish(&["run", &notebook]).code, Some(3));
}

/// A program that says what the driver's own says on a machine with one card.
fn pretended_card(folder: &Path) -> String {
    let path = folder.join("nvidia-smi");
    std::fs::write(&path, "#!/bin/sh\necho 'NVIDIA GeForce RTX 3090, 24576, 37'\n").expect("a program");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it can be run");
    path.display().to_string()
}

#[test]
fn a_cell_runs_where_its_need_is_met_and_is_refused_with_the_lack_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let card = pretended_card(folder.path());
    let world = World::start_with(&["--nvidia-smi", &card, "--tag", "lab"]);
    let notebook = world.path("needs.md");
    let text = "---\nproject: test\nneeds: memory:1MiB\n---\n```python main needs=gpu,tag:lab\n6 * 7\n```\n";
    std::fs::write(&notebook, text).expect("a notebook");
    assert_eq!(world.run(&notebook).shown(), ["42"]);
    let refused = world.finish(&["run", "-c", "1", "--session", "test:far", "--needs", "memory:900TiB,tag:moon"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("of memory, not") && refused.err.contains("has no tag \"moon\""), "{refused:?}");
    // The session that lives is on a device without that tag.
    let lacking = world.finish(&["run", "-c", "1", "--session", "test:main", "--needs", "tag:moon"]);
    assert!(lacking.code == Some(2) && lacking.err.contains("lives on laptop, which has no tag"), "{lacking:?}");
    assert_eq!(world.finish(&["run", "-c", "1", "--needs", "cpu"]).code, Some(64));
    let seen = world.wayfare(&["doctor"]).env("WAYFARE_NODE_NVIDIA_SMI", &card).output().expect("it runs");
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(seen.contains("✓ gpu: NVIDIA GeForce RTX 3090, 24.0 GiB"), "{seen}");
    let missing = world.path("none").display().to_string();
    let unseen = world.wayfare(&["doctor"]).env("WAYFARE_NODE_NVIDIA_SMI", missing).output().expect("it runs");
    assert!(String::from_utf8_lossy(&unseen.stdout).contains("· gpu: there is no"), "{unseen:?}");
}
