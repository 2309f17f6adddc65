//! Logs and machines: folding records, and what is said of a trim.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use wayfare_protocol::codec;

use crate::actor::Fatal;
use crate::ports::{Log, LogError};

/// Bytes read at once while a log is folded.
const FOLD_BYTES: usize = 1024 * 1024;

impl From<LogError> for Fatal {
    fn from(error: LogError) -> Self {
        Self(error.to_string())
    }
}

/// Gives every record of a log, in order.
pub(crate) async fn fold<T: DeserializeOwned>(log: &dyn Log, mut take: impl FnMut(T)) -> Result<(), Fatal> {
    let mut next = log.first();
    let end = log.next();
    while next < end {
        let records = log.read(next, FOLD_BYTES).await?;
        if records.is_empty() {
            return Err(Fatal(format!("record {next} of {end} cannot be read")));
        }
        next += records.len() as u64;
        for record in decode_all(&records)? {
            take(record);
        }
    }
    Ok(())
}

/// Records as they were written.
pub(crate) fn decode_all<T: DeserializeOwned>(records: &[Bytes]) -> Result<Vec<T>, Fatal> {
    records
        .iter()
        .map(|record| codec::decode(record).map_err(|error| Fatal(format!("record of a log: {error}"))))
        .collect()
}

/// A log that could not be trimmed is only longer than it need be.
pub(crate) fn tell_trim(trimmed: Result<(), LogError>) {
    if let Err(error) = trimmed {
        tracing::warn!(%error, "log not trimmed");
    }
}
