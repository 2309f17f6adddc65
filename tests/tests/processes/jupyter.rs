//! Notebooks of Jupyter, executed on another device.

use std::path::Path;

use anyhow::{Result, ensure};
use wayfare_tests::world::{Network, in_a_world};

use crate::story::logged_in;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/jupyter/execute_notebooks.py");

#[test]
fn nbclient_executes_notebooks_on_another_device_with_the_outputs_of_a_local_kernel() -> Result<()> {
    in_a_world(async |world| {
        world.start_cloud().await?;
        world.start_node("workshop").await?;
        world.device("onlooker").await?.sees_online("workshop").await?;
        let laptop = logged_in(world, "laptop", Network::Shared).await?;
        laptop.says(&["jupyter", "install", "--on", "workshop"]).await?;
        let folder = world.node().data().display().to_string();
        let variables = [("KERNEL_NAME", "wayfare-python-workshop"), ("WANTED_FOLDER", folder.as_str())];
        for name in ["test4.ipynb", "test4custom.ipynb", "test4plus.ipynb"] {
            let said = laptop.runs_python(Path::new(PROGRAM), &[name], &variables).await?;
            ensure!(said.starts_with(name) && said.trim_end().ends_with("outputs, equal"), "{said}");
        }
        // Each front end ended its session's kernel; one session served them all.
        let sessions = laptop.says(&["session", "list"]).await?;
        ensure!(sessions.matches("jupyter-").count() == 1 && sessions.contains("no kernel"), "{sessions}");
        Ok(())
    })
}
