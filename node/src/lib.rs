//! The edge of the mesh: a node that owns sessions, and the command line.

pub mod config;
pub mod hardware;
pub mod hosts;
pub mod kernels;
pub mod notebook;
pub mod render;
