//! The real ports, and the doors that both binaries share. No decision is made here.

pub mod client;
pub mod config;
pub mod http;
pub mod tls;
pub mod transport;

mod asset_names;
mod assets;
mod blobs;
mod bucket;
mod clock;
mod data_dir;
mod durable_files;
mod entity_keys;
mod key_file;
mod log;
mod logging;
mod pairing_client;
mod spares;
mod store;
mod timer;
mod trace_file;
mod workers;

pub use assets::FileAssets;
pub use blobs::FileBlobs;
pub use bucket::{Bucket, BucketError, BucketKeys};
pub use clock::{OsRandom, SystemClock};
pub use data_dir::{DataDir, DataDirError};
pub use entity_keys::EntityKeyFiles;
pub use key_file::{KeyFileError, load_or_create_key};
pub use log::{LogStoreError, SegmentLogStore, copy_logs};
pub use logging::start_logging;
pub use pairing_client::{PairFailure, Paired, pair};
pub use spares::FileSpares;
pub use store::{OpenStoreError, SqliteStore};
pub use timer::BootTimer;
pub use trace_file::TraceFile;
pub use workers::ThreadWorkers;
