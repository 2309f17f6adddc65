//! A client of the mesh, for programs: [`Place`] finds where to connect, [`MeshClient`] does the rest. The command line and the
//! doors use nothing else.
//!
//! | to | call | then |
//! |---|---|---|
//! | connect | [`Place::find`], [`Place::connect`] | the link is dialed again by itself when it is lost |
//! | run | [`MeshClient::open`], [`MeshClient::run`] | the run has an id, and belongs to its session |
//! | stream | [`MeshClient::update`], or [`MeshClient::next`] for everything | events are numbered, each comes once, in order |
//! | attach, resume | [`MeshClient::attach`] with the session, the run and the next number | also from another process or device |
//! | interrupt, answer, describe | [`MeshClient::call`], or [`MeshClient::ask`] while a run is shown | |
//!
//! ```no_run
#![doc = include_str!("../../examples/client.rs")]
//! ```

mod device;
mod place;

pub use device::{NoSuchDevice, device_of};
pub use place::{Place, PlaceError, Via, node_answers};
pub use wayfare_io::client::{ClientError, ClientIdentity, Happening, MeshClient};
