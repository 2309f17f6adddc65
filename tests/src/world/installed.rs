//! What tests find installed beside the programs.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// The Python environment whose ipykernel is used.
const PYTHON_VARIABLE: &str = "WAYFARE_TEST_PYTHON";
/// The folder of what Wayfare's own builds and tests keep; below it the environment is `venv`.
const CACHE_VARIABLE: &str = "WAYFARE_CACHE";
/// The folder in which editors of others are installed.
const EDITORS_VARIABLE: &str = "WAYFARE_TEST_EDITORS";

/// The modules of editors of others.
///
/// # Errors
/// If they are not there.
pub(super) fn editors() -> Result<PathBuf> {
    let cache = match (std::env::var_os(EDITORS_VARIABLE), std::env::var_os(CACHE_VARIABLE)) {
        (Some(editors), _) => PathBuf::from(editors),
        (None, Some(cache)) => PathBuf::from(cache).join("editors"),
        (None, None) => PathBuf::from(std::env::var_os("HOME").context("HOME")?).join(".cache/wayfare/editors"),
    };
    let modules = cache.join("node_modules");
    anyhow::ensure!(
        modules.exists(),
        "no modules in {}: `./x test` installs them; or set {EDITORS_VARIABLE}",
        modules.display()
    );
    Ok(modules)
}

/// The virtual environment with ipykernel.
///
/// # Errors
/// If it is not there; says how to name another.
pub(super) fn venv() -> Result<PathBuf> {
    let venv = match (std::env::var_os(PYTHON_VARIABLE), std::env::var_os(CACHE_VARIABLE)) {
        // <venv>/bin/python
        (Some(python), _) => PathBuf::from(python).ancestors().nth(2).context(PYTHON_VARIABLE)?.to_owned(),
        (None, Some(cache)) => PathBuf::from(cache).join("venv"),
        (None, None) => PathBuf::from(std::env::var_os("HOME").context("HOME")?).join(".cache/wayfare/venv"),
    };
    anyhow::ensure!(
        venv.join("bin/python").exists(),
        "no Python with ipykernel in {}: `./x test` makes one; or set {PYTHON_VARIABLE}",
        venv.display()
    );
    Ok(venv)
}
