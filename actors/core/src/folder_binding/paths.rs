//! Which paths of a folder may be documents.

use wayfare_protocol::AssetId;

/// Endings of files that are documents. All others are assets.
pub const ENDINGS: &[&str] = &["md", "markdown", "qmd", "Rmd", "rmd", "txt"];

/// Names of files and folders that never sync, as patterns of gitignore.
pub const IGNORED: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".jj",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".ipynb_checkpoints",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".Rproj.user",
    ".quarto",
    "target",
    "dist",
    "build",
    "_build",
    "_site",
    ".cache",
    ".DS_Store",
    ".Trash-*",
    "*~",
    ".#*",
    "#*#",
    "*.swp",
    "*.swo",
    "*.swx",
    "4913",
    "*.tmp",
    "*.bak",
    "*.orig",
    ".~lock.*",
    ".wayfare-*",
    "*.wayfare-new",
    "*.wayfare-old",
];

/// Longest name of a file that a file system takes, in bytes.
const NAME_MAX: usize = 255;
/// What a file is called until it has its name: a dot before, and this after.
pub const STAGED: &str = ".wayfare-new";
/// What a file is called while it is seen whether it may go.
pub const LEAVING: &str = ".wayfare-old";

/// Whether a document of that path can have a file.
///
/// # Errors
/// Why not.
pub fn fits(path: &str) -> Result<(), String> {
    is_plain(path)?;
    if is_document(path) { Ok(()) } else { Err("no document by its ending".to_owned()) }
}

/// Whether an asset of that path can have a file: one that is no document by its ending.
///
/// # Errors
/// Why not.
pub fn fits_file(path: &str) -> Result<(), String> {
    is_plain(path)?;
    if is_document(path) { Err("a document by its ending".to_owned()) } else { Ok(()) }
}

fn is_plain(path: &str) -> Result<(), String> {
    for name in path.split('/') {
        if matches!(name, "" | "." | "..") || name.chars().any(|c| c.is_control() || c == '\\') {
            return Err("its path is none for a file".to_owned());
        }
        if name.len() + STAGED.len() + 1 > NAME_MAX {
            return Err("its name is too long for a file".to_owned());
        }
        if let Some(pattern) = IGNORED.iter().find(|pattern| is_match(pattern, name)) {
            return Err(format!("ignored ({pattern})"));
        }
    }
    Ok(())
}

/// Whether a file of that name is a document, by its ending. One that is called by its hash is none: that is a long text of an output.
#[must_use]
pub fn is_document(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && ENDINGS.contains(&ending) && stem.parse::<AssetId>().is_err())
}

/// Of the patterns in [`IGNORED`]: at most two stars, each for any text. Names are compared without their case, as some disks do.
fn is_match(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// The path of a file that is in the way of a document's, the nth of that kind.
#[must_use]
pub fn beside(path: &str, device: &str, n: u32) -> String {
    let device: String = device.chars().filter(|c| !c.is_control() && !matches!(c, '/' | '\\')).take(40).collect();
    let (stem, ending) = match path.rsplit_once('.') {
        Some((stem, ending)) if !ending.contains('/') => (stem, format!(".{ending}")),
        _ => (path, String::new()),
    };
    let device = if device.is_empty() { "here" } else { &device };
    if n == 1 { format!("{stem} ({device}){ending}") } else { format!("{stem} ({device} {n}){ending}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_of_documents_have_a_file() {
        for good in ["a.md", "notes/ä b.qmd", "x/y/z.txt", "git.md", "targets/a.md"] {
            assert_eq!(fits(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "/a.md",
            "a//b.md",
            "../a.md",
            "a/../b.md",
            "./a.md",
            "a\\b.md",
            "a\nb.md",
            ".git/hooks/a.md",
            ".GIT/a.md",
            "a.md~",
            ".#a.md",
            "#a.md#",
            "node_modules/x/readme.md",
            ".a.md.wayfare-new",
            "run.sh",
            "picture.png",
            "Makefile",
            ".md",
        ] {
            assert!(fits(bad).is_err(), "{bad:?}");
        }
        for file in ["run.sh", "notes/picture.png", "Makefile"] {
            assert_eq!(fits_file(file), Ok(()), "{file}");
        }
        for bad in ["../picture.png", ".git/config", "a.png~", "a.md", ""] {
            assert!(fits_file(bad).is_err(), "{bad:?}");
        }
        let long_output = format!("_assets/generated/{}.txt", AssetId([7; 32]));
        assert!(fits_file(&long_output).is_ok() && fits(&long_output).is_err(), "it is called by its hash");
        assert!(fits(&format!("{}.md", "x".repeat(250))).is_err());
    }

    #[test]
    fn a_file_in_the_way_is_put_beside() {
        assert_eq!(beside("a/b.c.md", "desk", 1), "a/b.c (desk).md");
        assert_eq!(beside("b.md", "desk", 2), "b (desk 2).md");
        assert_eq!(beside("a.d/b", "x/y", 1), "a.d/b (xy)");
        assert_eq!(beside("b.md", "\n", 1), "b (here).md");
    }
}
