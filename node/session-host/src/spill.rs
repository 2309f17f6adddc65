//! Segments of records on disk. They are memory that was too much, not a promise: nothing is synced.

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tokio::sync::mpsc;
use wayfare_core::OpId;
use wayfare_core::kernel_host::{Input, SegmentId, SpillOutcome};
use wayfare_protocol::codec;
use wayfare_protocol::output::OutputRecord;

/// Carries disk operations out on the runtime's blocking threads.
pub(crate) struct Spill {
    dir: PathBuf,
    inputs: mpsc::Sender<Input>,
}

impl Spill {
    pub(crate) fn new(dir: PathBuf, inputs: mpsc::Sender<Input>) -> Self {
        Self { dir, inputs }
    }

    pub(crate) fn write(&self, op: OpId, segment: SegmentId, records: Vec<OutputRecord>) {
        let path = self.path(segment);
        self.done(op, move || write(&path, &records).map(|()| SpillOutcome::Written));
    }

    pub(crate) fn read(&self, op: OpId, segment: SegmentId) {
        let path = self.path(segment);
        self.done(op, move || read(&path).map(SpillOutcome::Read));
    }

    pub(crate) fn delete(&self, segment: SegmentId) {
        let path = self.path(segment);
        drop(tokio::task::spawn_blocking(move || fs::remove_file(path)));
    }

    fn path(&self, segment: SegmentId) -> PathBuf {
        self.dir.join(segment.0.to_string())
    }

    fn done(&self, op: OpId, work: impl FnOnce() -> anyhow::Result<SpillOutcome> + Send + 'static) {
        let inputs = self.inputs.clone();
        drop(tokio::task::spawn_blocking(move || {
            let outcome = work().unwrap_or_else(|error| SpillOutcome::Failed(format!("{error:#}")));
            // Nobody listens any more only when the host has ended.
            let _ = inputs.blocking_send(Input::Done { op, outcome });
        }));
    }
}

fn write(path: &Path, records: &[OutputRecord]) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    let mut file = BufWriter::new(file);
    for record in records {
        let body = codec::encode(record);
        file.write_all(&u32::try_from(body.len())?.to_le_bytes())?;
        file.write_all(&body)?;
    }
    file.flush().with_context(|| format!("cannot write {}", path.display()))
}

fn read(path: &Path) -> anyhow::Result<Vec<OutputRecord>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", path.display()))?;
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((body, after)) = after.split_at_checked(length) else {
            bail!("{} ends in the middle of a record", path.display());
        };
        records.push(codec::decode(body).with_context(|| format!("{} is damaged", path.display()))?);
        rest = after;
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use wayfare_protocol::RunId;
    use wayfare_protocol::mrp::RunEvent;
    use wayfare_protocol::output::OutputBody;

    use super::*;

    #[test]
    fn a_segment_comes_back_as_it_was_and_a_cut_one_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("1");
        let record = |sequence| OutputRecord {
            sequence,
            run: RunId(uuid::Uuid::nil()),
            attempt: 1,
            body: OutputBody::Event { number: sequence, event: RunEvent::Stdout { content: "ü\n".to_owned() } },
        };
        let records: Vec<_> = (1..=3).map(record).collect();
        write(&path, &records).expect("written");
        assert_eq!(read(&path).expect("read"), records);
        let whole = fs::read(&path).expect("read");
        fs::write(&path, &whole[..whole.len() - 1]).expect("cut");
        assert!(read(&path).is_err());
    }
}
