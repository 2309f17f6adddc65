//! The host stepped through, over logs in memory that a crash leaves behind.

mod accepting;
mod failing;
mod feeding;
mod following;
mod recovering;
mod upgrading;

use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::daemon::{Context, DaemonAnswer, DaemonCall, DaemonError, Event, MeshDaemon};
use wayfare_protocol::{Epoch, Limits, codec};

use super::desk::*;
use super::*;
