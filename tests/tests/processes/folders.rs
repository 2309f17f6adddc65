//! Folders that are bound to projects.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use wayfare_tests::patience::{until, within};
use wayfare_tests::world::{CommandLine, Network, Node, World, in_a_world};

/// A folder on a node, with the node's command line.
struct Place {
    folder: PathBuf,
    command_line: CommandLine,
}

impl Place {
    async fn bind(world: &World, name: &str, command_line: CommandLine) -> Result<Self> {
        let folder = world.folder().join(name);
        fs::create_dir_all(&folder)?;
        command_line.says(&["project", "add", &folder.display().to_string(), "--name", "lab"]).await?;
        Ok(Self { folder, command_line })
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// As a program does that writes on at the end of a file.
    fn append(&self, path: &str, line: &str) -> Result<()> {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(path))?;
        Ok(file.write_all(format!("{line}\n").as_bytes())?)
    }

    /// As an editor does that writes a new file and lets it take the old one's name.
    fn save(&self, path: &str, text: &str) -> Result<()> {
        let new = self.path(&format!("{path}~"));
        fs::write(&new, text)?;
        Ok(fs::rename(new, self.path(path))?)
    }
}

async fn second_node(world: &mut World) -> Result<(Node, CommandLine)> {
    let node = world.another_node("desk").await?;
    let command_line = world.command_line_on(&node)?;
    Ok((node, command_line))
}

/// Both say the same, and each of these lines is there once.
async fn agree(places: [&Place; 2], path: &str, lines: &[String]) -> Result<()> {
    let [one, other] = places;
    let has_all = |text: &str| lines.iter().all(|line| text.lines().filter(|there| there == line).count() == 1);
    let what = format!("{path} the same on both");
    let agreed = until(&what, || {
        let text = one.read(path);
        (has_all(&text) && text == other.read(path)).then_some(())
    });
    agreed.await.with_context(|| format!("{:?} and {:?}", one.read(path), other.read(path)))
}

async fn in_step(place: &Place) -> Result<()> {
    within("a folder in step", async {
        while !place.command_line.says(&["project", "list"]).await?.contains("in step") {}
        Ok(())
    })
    .await?
}

#[test]
fn folders_of_two_nodes_say_the_same_whatever_comes_between() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("laptop").await?;
        let (mut desk, desk_line) = second_node(world).await?;
        let line = world.command_line_of_node()?;
        let laptop = Place::bind(world, "one", line).await?;
        let (path, mut lines) = ("plan.md", vec!["begin".to_owned()]);
        laptop.append(path, "begin")?;
        within("the project at the other node", async {
            while !desk_line.says(&["docs", "list"]).await?.contains("lab") {}
            anyhow::Ok(())
        })
        .await??;
        let other = Place::bind(world, "other", desk_line).await?;
        let places = [&laptop, &other];
        agree(places, path, &lines).await?;
        // Editors save; everything is in step.
        laptop.save(path, &format!("first\n{}", laptop.read(path)))?;
        lines.push("first".to_owned());
        agree(places, path, &lines).await?;
        // Both write, and the cloud is away.
        world.cloud().crash().await?;
        type_on_both(places, path, "apart", &mut lines)?;
        other.append("new.md", "made apart")?;
        world.cloud().start().await?;
        agree(places, path, &lines).await?;
        agree(places, "new.md", &["made apart".to_owned()]).await?;
        // It ends in the middle of what they write, and so does a node.
        for round in 0..10 {
            type_on_both(places, path, &format!("round-{round}"), &mut lines)?;
            match round {
                3 => world.cloud().crash().await?,
                5 => world.cloud().start().await?,
                7 => desk.crash().await?,
                8 => desk.start().await?,
                _ => {}
            }
        }
        agree(places, path, &lines).await?;
        // A name on disk is a name of the document.
        fs::rename(laptop.path("new.md"), laptop.path("renamed.md"))?;
        agree(places, "renamed.md", &["made apart".to_owned()]).await?;
        until("the old name gone", || (!other.path("new.md").exists()).then_some(())).await?;
        // A fresh client sees the same.
        let fresh = world.command_line("phone", Network::Shared)?;
        let string = world.cloud().pairing_string().await?.to_string();
        fresh.says(&["login", &string]).await?;
        let seen = fresh.says(&["docs", "cat", "lab/plan.md"]).await?;
        ensure!(seen == laptop.read(path), "{seen:?} and {:?}", laptop.read(path));
        let listed = fresh.says(&["docs", "list", "lab"]).await?;
        ensure!(listed.lines().count() == 3, "two documents: {listed}");
        Ok(())
    })
}

fn type_on_both(places: [&Place; 2], path: &str, what: &str, lines: &mut Vec<String>) -> Result<()> {
    for (place, name) in places.into_iter().zip(["laptop", "desk"]) {
        let line = format!("{what}-at-{name}");
        place.append(path, &line)?;
        lines.push(line);
    }
    Ok(())
}

#[test]
fn files_that_are_gone_all_at_once_are_held_until_the_person_says_so() -> Result<()> {
    in_a_world(async |world| {
        world.start_node("laptop").await?;
        let line = world.command_line_of_node()?;
        let laptop = Place::bind(world, "one", line).await?;
        for n in 0..8 {
            laptop.append(&format!("{n}.md"), &format!("text {n}"))?;
        }
        laptop.append("notes.bin~", "an editor's")?;
        let says = async |words: &[&str]| laptop.command_line.says(words).await;
        within("documents", async {
            while says(&["docs", "list", "lab"]).await?.lines().count() < 9 {}
            anyhow::Ok(())
        })
        .await??;
        for n in 0..8 {
            fs::remove_file(laptop.path(&format!("{n}.md")))?;
        }
        within("held", async {
            while !says(&["project", "list"]).await?.contains("8 files are gone") {}
            anyhow::Ok(())
        })
        .await??;
        ensure!(says(&["docs", "list", "lab"]).await?.lines().count() == 9, "nothing is deleted");
        let status = says(&["project", "status", "lab"]).await?;
        ensure!(status.contains("gone  3.md") && status.contains("left out  notes.bin~: ignored"), "{status}");
        // Over a restart of the node too.
        world.node().crash().await?;
        world.node().start().await?;
        within("released", async {
            while !says(&["project", "list"]).await?.contains("in step") {
                says(&["project", "release", "lab"]).await?;
            }
            anyhow::Ok(())
        })
        .await??;
        ensure!(says(&["docs", "list", "lab"]).await?.lines().count() == 1, "all are deleted");
        says(&["docs", "restore", "lab/3.md"]).await?;
        until("restored", || (laptop.read("3.md") == "text 3\n").then_some(())).await?;
        ensure!(!laptop.path("4.md").exists(), "only that one");
        in_step(&laptop).await?;
        says(&["project", "remove", "lab"]).await?;
        ensure!(laptop.read("3.md") == "text 3\n", "its files stay");
        ensure!(says(&["--json", "project", "list"]).await?.is_empty(), "nothing is bound");
        Ok(())
    })
}

/// Two copies of a repository, bound on two devices before these have met.
#[test]
fn folders_that_were_bound_apart_under_one_name_become_one_project_and_nothing_is_there_twice() -> Result<()> {
    in_a_world(async |world| {
        world.node_tables("[limits]\nfolder_rescan = \"2s\"");
        world.start_cloud().await?;
        world.start_node("laptop").await?;
        let (_desk, desk_line) = second_node(world).await?;
        world.cloud().crash().await?;
        for (name, own) in [("one", "written on the laptop"), ("other", "written at the desk")] {
            let folder = world.folder().join(name);
            fs::create_dir_all(folder.join("notes"))?;
            fs::write(folder.join("notes/same.md"), "the same\n")?;
            fs::write(folder.join("own.md"), format!("{own}\n"))?;
        }
        let line = world.command_line_of_node()?;
        let laptop = Place::bind(world, "one", line).await?;
        let desk = Place::bind(world, "other", desk_line).await?;
        in_step(&laptop).await?;
        in_step(&desk).await?;
        world.cloud().start().await?;
        let texts = |place: &Place| {
            let read = fs::read_dir(&place.folder).into_iter().flatten().flatten();
            let mut texts: Vec<(String, String)> = read
                .filter(|entry| entry.file_name().to_string_lossy().ends_with(".md"))
                .filter_map(|entry| {
                    Some((entry.file_name().into_string().ok()?, fs::read_to_string(entry.path()).ok()?))
                })
                .filter(|(name, _)| !name.starts_with('.'))
                .collect();
            texts.sort();
            texts
        };
        let met = until("both texts on both", || {
            let (here, there) = (texts(&laptop), texts(&desk));
            (here.len() == 2 && here == there).then_some(here)
        });
        let met = met.await.with_context(|| format!("{:?} and {:?}", texts(&laptop), texts(&desk)))?;
        let mut said: Vec<&str> = met.iter().map(|(_, text)| text.trim()).collect();
        said.sort_unstable();
        ensure!(said == ["written at the desk", "written on the laptop"], "{met:?}");
        for place in [&laptop, &desk] {
            within("three documents with their files", async {
                loop {
                    let said = place.command_line.says(&["--json", "project", "list"]).await?;
                    if said.contains("\"documents\":3") && said.contains("\"is_settled\":true") {
                        return anyhow::Ok(());
                    }
                }
            })
            .await??;
            let listed = place.command_line.says(&["docs", "list", "lab"]).await?;
            ensure!(listed.lines().count() == 4, "three documents: {listed}");
            ensure!(place.read("notes/same.md") == "the same\n", "once");
            ensure!(fs::read_dir(place.path("notes"))?.count() == 1, "and only once");
        }
        within("one project", async {
            while laptop.command_line.says(&["docs", "list"]).await?.lines().count() != 2 {}
            anyhow::Ok(())
        })
        .await??;
        // One line of theirs is a line of both.
        desk.append("notes/same.md", "more")?;
        agree([&laptop, &desk], "notes/same.md", &["the same".to_owned(), "more".to_owned()]).await
    })
}
