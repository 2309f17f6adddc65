//! The programs under test. They belong to other packages, so cargo does not build them for a test: they are built here,
//! once per test run, for the profile that the test itself was built for.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use nix::fcntl::{Flock, FlockArg};

/// A folder that has the programs already; nothing is built then.
pub const PROGRAMS_VARIABLE: &str = "WAYFARE_TEST_PROGRAMS";
/// Set by the test runner, the same for all tests of one run.
const RUN_VARIABLE: &str = "NEXTEST_RUN_ID";
const OF_THE_TEST: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
const BUILT_FOR: &str = "wayfare-tests.built";

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Finds the programs; builds them if this test run has not.
    ///
    /// # Errors
    /// If they cannot be built, or one is not there.
    pub fn find() -> Result<Self> {
        if let Some(folder) = std::env::var_os(PROGRAMS_VARIABLE) {
            return Self { folder: folder.into() }.checked();
        }
        let own = std::env::current_exe()?;
        // `<target>/<profile>/deps/<test>` or `<target>/<profile>/<program>`.
        let mut folder = own.parent().context("this program has no folder")?;
        if folder.file_name().is_some_and(|name| name == "deps") {
            folder = folder.parent().context("this test has no profile's folder")?;
        }
        build_once(folder)?;
        Self { folder: folder.to_owned() }.checked()
    }

    /// The path of one.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn checked(self) -> Result<Self> {
        for name in ["wayfare-cloud", "wayfare-node", "wayfare", "wayfare-session-host", crate::namespace::PROGRAM] {
            let path = self.path(name);
            ensure!(path.is_file(), "there is no {}: build the workspace's programs first", path.display());
        }
        Ok(self)
    }
}

fn build_once(folder: &Path) -> Result<()> {
    let mark = folder.join(BUILT_FOR);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&mark)?;
    let mut file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
    let run = std::env::var(RUN_VARIABLE).unwrap_or_default();
    let mut built_for = String::new();
    file.read_to_string(&mut built_for)?;
    if !run.is_empty() && built_for == run {
        return Ok(());
    }
    build(folder)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(run.as_bytes())?;
    Ok(())
}

fn build(folder: &Path) -> Result<()> {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => "dev",
    };
    let target = folder.parent().context("the profile's folder has no parent")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What cargo says to a test about its package would look to build scripts like a change, and be built for anew.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OF_THE_TEST.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
    let output = command
        .args(["build", "--quiet", "--workspace", "--bins", "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the programs do not build:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
