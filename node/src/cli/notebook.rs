//! `wayfare notebook`: Jupyter's notebooks become Markdown ones, and the other way round.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use serde::Serialize;
use wayfare_notebook::{Document, Layout, from_ipynb, to_ipynb};
use wayfare_protocol::limits::{ASSET_MAX, IPYNB_MAX, NOTEBOOK_MAX};

use super::app::App;
use super::exit::{Exit, Failure};
use super::notebook_arguments::NotebookFiles;
use crate::notebook::read_text;
use crate::render::Form;

/// What was written.
#[derive(Debug, Serialize)]
struct Written {
    file: PathBuf,
    cells: usize,
    assets: usize,
}

/// Makes a Markdown notebook, and the files that it links to.
pub(super) fn import(app: &App, asked: &NotebookFiles) -> Result<Exit, Failure> {
    tell(app, &import_file(asked)?)
}

/// Makes a notebook of Jupyter's.
pub(super) fn export(app: &App, asked: &NotebookFiles) -> Result<Exit, Failure> {
    tell(app, &export_file(asked)?)
}

fn tell(app: &App, written: &Written) -> Result<Exit, Failure> {
    let Written { file, cells, assets } = written;
    if app.form == Form::Json {
        app.screen.json(written)?;
    } else {
        let files = if *assets == 0 { String::new() } else { format!(", {assets} files beside it") };
        app.screen.line(&format!("{}: {cells} code cells{files}", file.display()))?;
    }
    Ok(Exit::Good)
}

fn import_file(asked: &NotebookFiles) -> Result<Written, Failure> {
    let target = target(asked, "md")?;
    let imported = from_ipynb(&read_text(&asked.file, IPYNB_MAX)?, &Layout::default())
        .map_err(|error| Failure::Usage(format!("{}: {error}", asked.file.display())))?;
    if imported.markdown.len() as u64 > NOTEBOOK_MAX {
        let size = imported.markdown.len();
        let why = format!("its text would have {size} bytes, more than the {NOTEBOOK_MAX} that a notebook may have");
        return Err(Failure::Usage(format!("{}: {why}", asked.file.display())));
    }
    let folder = folder_of(&target);
    // The files first: a notebook never links to what is not there yet.
    for asset in &imported.assets {
        let path = folder.join(&asset.path);
        if fs::metadata(&path).is_ok_and(|there| there.len() == asset.bytes.len() as u64) {
            continue; // its name is its content
        }
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| named(&path, &error))?;
        write(&path, &asset.bytes)?;
    }
    write(&target, imported.markdown.as_bytes())?;
    let cells = Document::parse(&imported.markdown).cells().len();
    Ok(Written { file: target, cells, assets: imported.assets.len() })
}

fn export_file(asked: &NotebookFiles) -> Result<Written, Failure> {
    let target = target(asked, "ipynb")?;
    let markdown = read_text(&asked.file, NOTEBOOK_MAX)?;
    let folder = folder_of(&asked.file);
    let json = to_ipynb(&markdown, &|path| asset(folder, path))
        .map_err(|error| Failure::Usage(format!("{}: {error}", asked.file.display())))?;
    write(&target, json.as_bytes())?;
    Ok(Written { file: target, cells: Document::parse(&markdown).cells().len(), assets: 0 })
}

/// Where the result goes.
fn target(asked: &NotebookFiles, ending: &str) -> Result<PathBuf, Failure> {
    let target = asked.output.clone().unwrap_or_else(|| asked.file.with_extension(ending));
    if target == asked.file {
        return Err(Failure::Usage(format!("{} is the notebook itself: say with -o what to write", target.display())));
    }
    if target.exists() && !asked.force {
        let why = "it is there already: --force writes over it, -o names another file";
        return Err(Failure::Usage(format!("{}: {why}", target.display())));
    }
    Ok(target)
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A file below the notebook's folder. A link that leads elsewhere gives nothing: an export may be shared, and whoever wrote the
/// notebook is not to choose which files of its reader go with it.
fn asset(folder: &Path, path: &str) -> Option<Vec<u8>> {
    let path = Path::new(path);
    if !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return None;
    }
    let whole = folder.join(path).canonicalize().ok()?;
    if !whole.starts_with(folder.canonicalize().ok()?) || !whole.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(whole).ok()?.take(ASSET_MAX + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= ASSET_MAX).then_some(bytes)
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".part");
    let written = fs::File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&partial); // it may not be there
        named(path, &error)
    })
}

fn named(path: &Path, error: &io::Error) -> Failure {
    Failure::System(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_the_notebooks_folder_are_exported() {
        let root = tempfile::tempdir().expect("folder");
        let folder = root.path().join("notes");
        fs::create_dir_all(folder.join("_assets")).expect("folder");
        fs::write(root.path().join("secret"), "s").expect("file");
        fs::write(folder.join("_assets/a.png"), "a").expect("file");
        std::os::unix::fs::symlink(root.path().join("secret"), folder.join("link")).expect("link");
        assert_eq!(asset(&folder, "_assets/a.png"), Some(b"a".to_vec()));
        let secret = root.path().join("secret").display().to_string();
        for path in ["../secret", "_assets/../../secret", "link", "_assets", "missing", &secret] {
            assert_eq!(asset(&folder, path), None, "{path}");
        }
    }

    #[test]
    fn an_imported_notebook_is_exported_as_it_was() {
        const RICH: &str = include_str!("../../notebook/tests/fixtures/rich.ipynb");
        let root = tempfile::tempdir().expect("folder");
        let at = |name: &str| root.path().join(name);
        fs::write(at("a.ipynb"), RICH).expect("file");
        let written = import_file(&NotebookFiles { file: at("a.ipynb"), output: None, force: false }).expect("import");
        assert_eq!((written.file, written.cells, written.assets), (at("a.md"), 4, 2));
        let back = NotebookFiles { file: at("a.md"), output: Some(at("b.ipynb")), force: false };
        export_file(&back).expect("export");
        assert_eq!(fs::read_to_string(at("b.ipynb")).expect("a file"), RICH);
        fs::remove_dir_all(at("_assets")).expect("folder");
        let error = export_file(&NotebookFiles { force: true, ..back }).expect_err("no assets");
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains(".png"), "{error}");
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over_unless_asked() {
        let root = tempfile::tempdir().expect("folder");
        let file = root.path().join("a.ipynb");
        let asked = |force, output| NotebookFiles { file: file.clone(), output, force };
        let markdown = root.path().join("a.md");
        assert_eq!(target(&asked(false, None), "md").expect("a target"), markdown);
        fs::write(&markdown, "mine").expect("file");
        assert!(target(&asked(false, None), "md").is_err());
        assert_eq!(target(&asked(true, None), "md").expect("a target"), markdown);
        assert!(target(&asked(true, Some(file.clone())), "md").is_err());
    }

    #[test]
    fn what_is_written_is_whole() {
        let root = tempfile::tempdir().expect("folder");
        let path = root.path().join("a.md");
        write(&path, b"one").expect("written");
        write(&path, b"two").expect("written");
        assert_eq!(fs::read(&path).expect("a file"), b"two");
        assert_eq!(fs::read_dir(root.path()).expect("folder").count(), 1);
        assert!(write(&root.path().join("missing/a.md"), b"").is_err());
    }
}
