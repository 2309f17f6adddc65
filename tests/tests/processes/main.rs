//! The whole path in real processes: what stays true while they are killed, cut off and told lies.

mod assets;
mod browser;
mod crashes;
mod cuts;
mod daemons;
mod documents;
mod feeds;
mod folders;
mod https;
mod jupyter;
mod killed;
mod local;
mod moves;
mod outputs;
mod placement;
mod questions;
mod readers;
mod recovery;
mod restore;
mod revocation;
mod routing;
mod runtimes;
mod service;
mod sleep;
mod story;
mod trust;
