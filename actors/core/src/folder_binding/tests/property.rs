//! Whatever comes between: in the end file and document say the same, and what was typed once is there once.

use std::time::Duration;

use proptest::prelude::*;

use crate::document::{Edit, FILES};
use crate::folder_binding::Input;
use wayfare_protocol::DocumentId;

use super::world::{World, id};

#[derive(Clone, Debug)]
enum Step {
    /// Somebody types a line into a file.
    Type { file: usize, line: usize, is_told: bool },
    /// Somebody elsewhere types a line into a document.
    Remote { document: usize, line: usize },
    /// A file gets another name.
    RenameFile { file: usize, to: usize },
    /// A document gets another path.
    RenameDocument { document: usize, to: usize },
    /// What is under way is done.
    Act,
    /// Time passes.
    Pass { tenths: u64 },
    /// The process ends and begins anew.
    Crash,
    /// The same, after what was under way is done but not told.
    CrashAfter { in_the_middle: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let few = 0..4_usize;
    prop_oneof![
        4 => (few.clone(), 0..6_usize, any::<bool>()).prop_map(|(file, line, is_told)| Step::Type { file, line, is_told }),
        4 => (few.clone(), 0..6_usize).prop_map(|(document, line)| Step::Remote { document, line }),
        1 => (few.clone(), few.clone()).prop_map(|(file, to)| Step::RenameFile { file, to }),
        1 => (few.clone(), few).prop_map(|(document, to)| Step::RenameDocument { document, to }),
        30 => Just(Step::Act),
        6 => (1..6_u64).prop_map(|tenths| Step::Pass { tenths }),
        1 => Just(Step::Crash),
        1 => any::<bool>().prop_map(|in_the_middle| Step::CrashAfter { in_the_middle }),
    ]
}

/// What is typed: a character that no other line has, since lines that are alike are compared by characters.
fn marker(n: usize) -> char {
    char::from_u32(0x4e00 + u32::try_from(n).unwrap()).unwrap()
}

/// Where a line is typed, and the line.
fn typed(text: &str, line: usize, n: usize) -> (usize, String) {
    let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    (starts[line % starts.len()], format!("{}\n", marker(n)))
}

fn nth(world: &World, n: usize) -> Option<DocumentId> {
    let files = world.tree().files;
    files.keys().nth(n % files.len().max(1)).copied()
}

fn take(world: &mut World, step: &Step, n: usize) -> bool {
    match step {
        Step::Type { file, line, is_told } => {
            let path = format!("{file}.md");
            let old = world.text(&path).unwrap_or_default().to_owned();
            let (at, line) = typed(&old, *line, n);
            world.write(&path, &format!("{}{line}{}", &old[..at], &old[at..]));
            if *is_told {
                world.input(Input::Stirred);
            }
            return true;
        }
        Step::Remote { document, line } => {
            let Some(document) = nth(world, *document) else { return false };
            let (at, line) = typed(&world.document_text(document), *line, n);
            world.remote(document, at, &line);
            return true;
        }
        Step::RenameFile { file, to } => {
            let to = format!("{to}.md");
            if !world.disk.contains_key(&to)
                && let Some(file) = world.disk.remove(&format!("{file}.md"))
            {
                world.disk.insert(to, file);
            }
        }
        Step::RenameDocument { document, to } => {
            if let Some(document) = nth(world, *document) {
                let (key, value) = (document.0.to_string(), format!("{to}.md"));
                world.remote_tree(&[Edit::Put { map: FILES.to_owned(), key, value }]);
            }
        }
        Step::Act => drop(world.act()),
        Step::Pass { tenths } => world.pass(Duration::from_millis(tenths * 100)),
        Step::Crash => world.crash(),
        Step::CrashAfter { in_the_middle } => world.crash_after(*in_the_middle),
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn file_and_document_say_the_same_and_each_line_is_there_once(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        world.make(id(5), "0.md", "begin\n");
        world.make(id(6), "1.md", "begun\n");
        let mut typed = Vec::new();
        for (n, step) in steps.iter().enumerate() {
            if take(&mut world, step, n) {
                typed.push(n);
            }
        }
        world.settle();
        let tree = world.tree();
        for (document, path) in &tree.files {
            let text = world.document_text(*document);
            prop_assert_eq!(world.text(path), Some(text.as_str()), "{}", path);
        }
        prop_assert_eq!(world.disk.len(), tree.files.len());
        // A document may be in the trash whose file was moved and changed at once: its lines are in both.
        let texts: String = tree.files.keys().map(|document| world.document_text(*document)).collect();
        let thrown: String = tree.trash.keys().map(|document| world.document_text(*document)).collect();
        for n in typed {
            let (here, there) = (texts.matches(marker(n)).count(), thrown.matches(marker(n)).count());
            prop_assert!(here == 1 || here == 0 && there == 1, "{} is there {} times, in the trash {}", n, here, there);
        }
    }
}
