//! The real ports, and the doors that both binaries share. No decision is made here.

pub mod tls;
pub mod transport;

mod clock;
mod data_dir;
mod key_file;
mod log;
mod pairing_client;
mod store;
mod timer;

pub use clock::{OsRandom, SystemClock};
pub use data_dir::{DataDir, DataDirError};
pub use key_file::{KeyFileError, load_or_create_key};
pub use log::{LogStoreError, SegmentLogStore};
pub use pairing_client::{PairFailure, Paired, pair};
pub use store::{OpenStoreError, SqliteStore};
pub use timer::BootTimer;
