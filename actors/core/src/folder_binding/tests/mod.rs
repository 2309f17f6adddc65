//! A folder and a project, step by step.

mod property;
mod world;

use std::time::Duration;

use crate::document::{Edit, FILES, deletion, restoration};
use crate::folder_binding::{Act, Input};
use world::{World, id};

fn renamed(n: u128, path: &str) -> Vec<Edit> {
    vec![Edit::Put { map: FILES.to_owned(), key: id(n).0.to_string(), value: path.to_owned() }]
}

#[test]
fn a_new_file_becomes_a_document_and_a_new_document_a_file() {
    let mut world = World::new();
    world.write("notes/here.md", "from the disk\n");
    world.write("picture.png", "\0");
    world.make(id(5), "there.md", "from elsewhere\n");
    world.settle();
    assert_eq!(world.text("there.md"), Some("from elsewhere\n"));
    let here = world.at("notes/here.md");
    assert_eq!(world.document_text(here), "from the disk\n");
    assert_eq!(world.tree().files.len(), 2);
}

/// The file had not seen what others wrote meanwhile: to save it does not take that away.
#[test]
fn a_saved_file_reverts_nothing_that_it_had_not_seen() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\ntwo\n");
    world.settle();
    world
        .documents
        .get_mut(&id(5))
        .unwrap()
        .edit(&[Edit::Splice { at: 0, delete: 0, insert: "zero\n".to_owned() }])
        .unwrap();
    world.write("a.md", "one\ntwo\nthree\n");
    world.settle();
    assert_eq!(world.text("a.md"), Some("zero\none\ntwo\nthree\n"));
    assert_eq!(world.document_text(id(5)), "zero\none\ntwo\nthree\n");
}

#[test]
fn a_file_that_changes_while_it_is_written_is_not_overwritten() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\n");
    world.settle();
    world.remote(id(5), 0, "zero\n");
    while !matches!(world.acts.last(), Some((_, Act::Swap { .. }))) {
        assert!(world.act(), "it is written");
    }
    world.write("a.md", "one\ntwo\n");
    world.settle();
    assert_eq!(world.text("a.md"), Some("zero\none\ntwo\n"));
}

#[test]
fn a_file_of_another_name_with_the_same_text_is_the_same_document() {
    let mut world = World::new();
    world.write("a.md", "one\n");
    world.settle();
    let document = world.at("a.md");
    let file = world.disk.remove("a.md").unwrap();
    world.disk.insert("b/c.md".to_owned(), file);
    world.settle();
    assert_eq!(world.at("b/c.md"), document);
    world.remote_tree(&renamed(document.0.as_u128(), "d.md"));
    world.settle();
    assert_eq!((world.text("d.md"), world.text("b/c.md")), (Some("one\n"), None));
    assert_eq!((world.tree().files.len(), world.tree().trash.len()), (1, 0));
}

#[test]
fn documents_that_change_places_do_so_on_disk() {
    let mut world = World::new();
    world.make(id(5), "a.md", "five\n");
    world.make(id(6), "b.md", "six\n");
    world.settle();
    world.remote_tree(&[renamed(5, "b.md"), renamed(6, "a.md")].concat());
    world.settle();
    assert_eq!((world.text("a.md"), world.text("b.md")), (Some("six\n"), Some("five\n")));
    assert_eq!(world.disk.len(), 2);
}

#[test]
fn a_deleted_file_goes_to_the_trash_and_comes_back_when_it_is_restored() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\n");
    world.settle();
    world.disk.remove("a.md");
    world.settle();
    assert_eq!((world.tree().files.len(), world.tree().trash.len()), (0, 1));
    world.remote_tree(&restoration(id(5), "a.md"));
    world.settle();
    assert_eq!(world.text("a.md"), Some("one\n"));
    world.remote_tree(&deletion(id(5), "a.md"));
    world.settle();
    assert_eq!(world.text("a.md"), None);
    // The person has it from somewhere else, where it was never deleted.
    world.write("a.md", "one\n");
    world.settle();
    assert_eq!(world.at("a.md"), id(5));
}

/// What was written into it is in the document that is in the trash.
#[test]
fn a_file_that_was_changed_before_it_went_is_taken_in_first() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\n");
    world.settle();
    world.write("a.md", "one\ntwo\n");
    world.remote_tree(&deletion(id(5), "a.md"));
    world.settle();
    assert_eq!((world.text("a.md"), world.document_text(id(5)).as_str()), (None, "one\ntwo\n"));
}

/// Another branch of a repository has few of the files of this one.
#[test]
fn many_files_that_are_gone_at_once_are_held_until_they_are_back_or_said_to_be_deleted() {
    let mut world = World::new();
    for n in 0..10 {
        world.write(&format!("{n}.md"), &format!("text {n}\n"));
    }
    world.settle();
    let all = world.disk.clone();
    world.disk.retain(|path, _| path < &"3.md".to_owned());
    world.run(Duration::from_secs(60));
    assert_eq!(world.shown.held.len(), 7);
    world.remote(world.at("9.md"), 0, "meanwhile\n");
    world.run(Duration::from_secs(60));
    world.crash();
    world.run(Duration::from_secs(60));
    assert_eq!((world.shown.held.len(), world.tree().files.len(), world.disk.len()), (7, 10, 3));
    world.disk = all;
    world.settle();
    assert_eq!((world.tree().files.len(), world.tree().trash.len()), (10, 0));
    assert_eq!(world.text("9.md"), Some("meanwhile\ntext 9\n"));
    world.disk.clear();
    world.run(Duration::from_secs(60));
    assert_eq!((world.shown.held.len(), world.tree().trash.len()), (10, 0));
    world.input(Input::Release);
    world.settle();
    assert_eq!((world.tree().files.len(), world.tree().trash.len()), (0, 10));
}

/// A disk that is not mounted.
#[test]
fn a_folder_that_is_not_there_is_told_and_deletes_nothing() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\n");
    world.settle();
    let disk = std::mem::take(&mut world.disk);
    world.is_there = false;
    world.remote(id(5), 0, "zero\n");
    world.input(Input::Stirred);
    world.run(Duration::from_secs(60));
    assert_eq!((world.shown.problem.as_deref(), world.tree().files.len()), (Some("it is not there"), 1));
    (world.disk, world.is_there) = (disk, true);
    world.settle();
    assert_eq!((world.text("a.md"), world.shown.problem.as_deref()), (Some("zero\none\n"), None));
}

/// Two devices had the same folder before they met; here the other one's documents come second.
#[test]
fn of_two_documents_of_one_path_both_texts_stay_and_none_is_there_twice() {
    let mut world = World::new();
    world.write("same.md", "the same\n");
    world.write("other.md", "written here\n");
    world.settle();
    world.make(id(5), "same.md", "the same\n");
    world.make(id(6), "other.md", "written there\n");
    world.settle();
    assert_eq!((world.at("same.md"), world.text("same.md")), (id(5), Some("the same\n")));
    assert_eq!((world.at("other.md"), world.text("other.md")), (id(6), Some("written there\n")));
    let others: Vec<&String> = world.disk.keys().filter(|path| path.starts_with("other (")).collect();
    assert_eq!(others.len(), 1, "{:?}", world.disk);
    assert_eq!(world.text(others[0]), Some("written here\n"));
    assert_eq!((world.disk.len(), world.tree().files.len()), (3, 3));
}

/// Perhaps nobody ever wrote into it. The other one's file is not kept waiting.
#[test]
fn of_two_documents_of_one_path_the_one_whose_text_does_not_come_gives_way() {
    for (empty, written) in [(6, 5), (5, 6)] {
        let mut world = World::new();
        world.make(id(written), "a.md", "one\n");
        world.settle();
        world.make(id(empty), "a.md", "");
        world.run(Duration::from_secs(5));
        assert_eq!(world.tree().files.len(), 2);
        assert_eq!(world.shown.skipped.len(), 1, "{:?}", world.shown);
        if written < empty {
            world.write("a.md", "one\ntwo\n");
            world.input(Input::Stirred);
            world.run(Duration::from_secs(3));
            assert_eq!(world.document_text(id(written)), "one\ntwo\n", "it is taken in at once");
        }
        world.run(Duration::from_secs(90));
        assert_eq!((world.at("a.md"), world.tree().files.len()), (id(written), 2));
        assert_eq!((world.disk.len(), world.shown.skipped.len()), (2, 0));
    }
}

/// Its text is in the trash, and is not to come back as a document beside.
#[test]
fn the_file_of_a_document_that_went_is_written_over_by_the_one_that_came_in_its_place() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\n");
    world.settle();
    let mut edits = deletion(id(5), "a.md");
    edits.extend(restoration(id(6), "a.md"));
    world.remote(id(6), 0, "other\n");
    world.remote_tree(&edits);
    world.settle();
    assert_eq!((world.text("a.md"), world.disk.len()), (Some("other\n"), 1));
    assert_eq!((world.tree().files.len(), world.tree().trash.len()), (1, 1));
    // What a person wrote into it meanwhile is in the trash too.
    let mut edits = deletion(id(6), "a.md");
    edits.extend(restoration(id(7), "a.md"));
    world.remote(id(7), 0, "new\n");
    world.write("a.md", "other\nmine\n");
    world.remote_tree(&edits);
    world.settle();
    assert_eq!((world.text("a.md"), world.document_text(id(6)).as_str()), (Some("new\n"), "other\nmine\n"));
}

#[test]
fn what_changes_while_two_documents_of_one_path_are_compared_comes_into_its_file() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\n");
    world.settle();
    world.make(id(6), "a.md", "other\n");
    while !matches!(world.acts.last(), Some((_, Act::Compare { .. }))) {
        if !world.act() {
            world.pass(Duration::from_millis(100));
        }
    }
    world.remote(id(5), 0, "zero\n");
    world.run(Duration::from_secs(5));
    assert_eq!((world.text("a.md"), world.disk.len()), (Some("zero\none\n"), 2));
}

#[test]
fn a_file_in_the_place_of_a_document_without_text_is_put_beside_it_after_a_while() {
    let mut world = World::new();
    world.write("a.md", "mine\n");
    world.write("b.md", "ours\n");
    world.make(id(5), "a.md", "");
    world.make(id(6), "b.md", "");
    world.run(Duration::from_secs(5));
    assert_eq!((world.shown.skipped.len(), world.text("a.md")), (2, Some("mine\n")));
    world.remote(id(6), 0, "ours\n");
    world.settle();
    assert_eq!((world.text("a.md"), world.text("a (desk).md")), (Some(""), Some("mine\n")));
    assert_eq!((world.text("b.md"), world.disk.len(), world.tree().files.len()), (Some("ours\n"), 3, 3));
}

#[test]
fn of_two_documents_of_one_path_one_text_comes_later() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\n");
    world.make(id(6), "a.md", "");
    world.run(Duration::from_secs(5));
    world.remote(id(6), 0, "one\n");
    world.settle();
    assert_eq!((world.tree().files.len(), world.tree().trash.len(), world.disk.len()), (1, 1, 1));
}

#[test]
fn a_file_in_a_documents_place_is_put_beside_it_unless_it_says_the_same() {
    let mut world = World::new();
    world.write("a.md", "mine\n");
    world.write("b.md", "ours\n");
    world.make(id(5), "a.md", "theirs\n");
    world.make(id(6), "b.md", "ours\n");
    world.settle();
    assert_eq!((world.text("a.md"), world.text("a (desk).md")), (Some("theirs\n"), Some("mine\n")));
    assert_eq!((world.text("b.md"), world.disk.len(), world.tree().files.len()), (Some("ours\n"), 3, 3));
}

#[test]
fn a_text_that_a_crash_left_beside_its_file_is_brought_to_light() {
    let mut world = World::new();
    world.make(id(5), "a.md", "one\n");
    world.settle();
    world.remote(id(5), 0, "zero\n");
    while !matches!(world.acts.last(), Some((_, Act::Swap { .. }))) {
        assert!(world.act(), "it is written");
    }
    // A person's text came into the exchange, and the crash before it was seen.
    let Some((_, Act::Swap { expected, .. })) = world.acts.last_mut() else { unreachable!() };
    *expected = Some("one, mine\n".to_owned());
    world.write("a.md", "one, mine\n");
    world.crash_after(true);
    world.settle();
    assert_eq!(world.text("a.md"), Some("zero\none\n"));
    assert!(world.disk.iter().any(|(path, (text, _))| path.starts_with("a (desk)") && text == "one, mine\n"));
}

#[test]
fn paths_that_are_none_for_files_get_no_file() {
    let mut world = World::new();
    for (n, path) in [(5, "../a.md"), (6, ".git/config.md"), (7, "run.sh"), (8, "/etc/a.md")] {
        world.make(id(n), path, "text\n");
    }
    world.run(Duration::from_secs(60));
    assert_eq!((world.disk.len(), world.shown.skipped_total), (0, 4));
}
