//! The arguments of `wayfare jupyter`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use wayfare_protocol::session::SessionName;

use super::arguments::EnvironmentFlags;

/// `wayfare jupyter`.
#[derive(Debug, Subcommand)]
pub enum JupyterCommand {
    /// Write a kernelspec: JupyterLab, nbclient and others show it among their kernels.
    Install(JupyterInstall),
    /// Be a kernel: front ends start this themselves.
    #[command(hide = true)]
    Serve(JupyterServe),
}

/// Where a front end's cells run.
#[derive(Clone, Debug, Args)]
pub struct OnTheMesh {
    /// The language.
    #[arg(long, default_value = "python")]
    pub language: String,
    /// The device: its name, or the beginning of its id (default: routing decides).
    #[arg(long, value_name = "DEVICE")]
    pub on: Option<String>,
    /// What the device must have: gpu,memory:16GiB,tag:lab.
    #[arg(long)]
    pub needs: Option<String>,
    /// One session for all front ends that use this kernelspec, which outlives them: project:name (default: one of its own for
    /// each, which ends with it).
    #[arg(long)]
    pub session: Option<SessionName>,
    /// How the session is started if it is made now.
    #[command(flatten)]
    pub environment: EnvironmentFlags,
}

/// `wayfare jupyter install`.
#[derive(Debug, Args)]
pub struct JupyterInstall {
    /// Where cells run.
    #[command(flatten)]
    pub mesh: OnTheMesh,
    /// Name of the kernelspec (default: wayfare-LANGUAGE, and the device's name if one was given).
    #[arg(long)]
    pub name: Option<String>,
    /// What people choose it by.
    #[arg(long)]
    pub display_name: Option<String>,
    /// Write it below share/jupyter of this folder, such as a virtual environment (default: the user's own).
    #[arg(long, value_name = "FOLDER")]
    pub prefix: Option<PathBuf>,
}

/// `wayfare jupyter serve`.
#[derive(Debug, Args)]
pub struct JupyterServe {
    /// Where cells run.
    #[command(flatten)]
    pub mesh: OnTheMesh,
    /// What the front end wrote: its ports and its key.
    #[arg(long, value_name = "FILE")]
    pub connection_file: PathBuf,
}
