//! Says which files are the app: those that were built last, or a page that says that none were.

use std::env::var;
use std::path::Path;

fn main() {
    let here = var("CARGO_MANIFEST_DIR").expect("cargo says where");
    let built = Path::new(&here).join("../web/dist");
    let placeholder = Path::new(&here).join("placeholder");
    let folder = if built.join("index.html").exists() { built.clone() } else { placeholder };
    println!("cargo:rustc-env=WAYFARE_APP_FOLDER={}", folder.display());
    println!("cargo:rerun-if-changed={}", built.display());
    println!("cargo:rerun-if-changed=placeholder");
    println!("cargo:rerun-if-changed=build.rs");
}
