//! The edge of the mesh: a node that owns sessions, and the command line.

pub mod builder;
pub mod cli;
pub mod client;
pub mod cloud_file;
pub mod config;
pub mod daemon;
pub mod daemons;
pub mod folder;
pub mod folders;
pub mod hardware;
pub mod hosts;
pub mod jupyter;
pub mod kernels;
mod media_type;
pub mod notebook;
pub mod render;
pub mod service;
