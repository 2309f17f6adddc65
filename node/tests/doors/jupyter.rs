//! The Jupyter door: a kernelspec that front ends use as any other.

use std::process::Command;

use crate::support::{World, python};

const CONFORMANCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/jupyter/kernel_conformance.py");

#[test]
fn jupyters_own_test_of_kernels_passes() {
    let world = World::start();
    let prefix = world.path("jupyter").display().to_string();
    let installed = world.finish(&["jupyter", "install", "--prefix", &prefix, "--json"]);
    assert!(installed.out.contains(r#""name":"wayfare-python""#), "{installed:?}");
    let tested = Command::new(python())
        .arg(CONFORMANCE)
        .env("KERNEL_NAME", "wayfare-python")
        .env("JUPYTER_PATH", format!("{prefix}/share/jupyter"))
        .env("HOME", world.path(""))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{said}{}", String::from_utf8_lossy(&tested.stdout));
    assert!(said.contains("OK") && said.lines().any(|line| line.starts_with("Ran ")), "{said}");
    // Its session ended with it, as soon as its host is gone, and the next front end takes the same one.
    let sessions = world.finish_until(&["session", "list"], "no kernel");
    assert_eq!(sessions.out.matches("jupyter-").count(), 1, "{sessions:?}");
    assert!(sessions.out.contains("no kernel"), "{sessions:?}");
}
