//! `stamps`: finds, for a text, a number that makes their hash small, as a proof of work. A daemon with heavy work in the background.

use std::sync::Arc;

use bytes::Bytes;
use wayfare_protocol::daemon::{Context, DaemonError, Event, MeshDaemon, Source, Work};

/// The hash of text and number begins with so many zero bits: a hundred thousand tries or so.
const ZEROS: u32 = 17;

/// For every event, a text, it says `TEXT NUMBER` when the number is found. It has no state of its own: what is asked for and not done
/// yet is kept for it, and asked for again after a crash or a move.
#[derive(Debug, Default)]
pub struct Stamps;

/// The search. It may run again after a crash; its result counts once.
struct Search;

impl Work for Search {
    fn run(&self, input: &Bytes) -> Result<Bytes, String> {
        let fits = |number: &u64| {
            let hash = blake3::Hasher::new().update(input).update(&number.to_le_bytes()).finalize();
            let [a, b, c, d, ..] = *hash.as_bytes();
            u32::from_be_bytes([a, b, c, d]).leading_zeros() >= ZEROS
        };
        let number = (0..u64::MAX).find(fits).ok_or("there is no such number")?;
        Ok(Bytes::from(format!("{} {number}", String::from_utf8_lossy(input))))
    }
}

impl MeshDaemon for Stamps {
    fn name(&self) -> &'static str {
        "stamps"
    }

    fn process(&mut self, event: &Event, context: &mut Context) -> Result<Vec<Bytes>, DaemonError> {
        match event.source {
            Source::Published { .. } | Source::Tick { .. } => {
                context.background(event.position, event.payload.clone());
                Ok(Vec::new())
            }
            Source::Worked { .. } => Ok(vec![event.payload.clone()]),
            Source::WorkFailed { .. } => {
                Err(DaemonError::Process(String::from_utf8_lossy(&event.payload).into_owned()))
            }
        }
    }

    fn deterministic(&self) -> bool {
        true
    }

    fn work(&self) -> Option<Arc<dyn Work>> {
        Some(Arc::new(Search))
    }
}
