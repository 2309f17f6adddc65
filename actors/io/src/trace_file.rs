//! A file of everything that the actors take and decide, to find out afterwards why something happened.

use std::fmt::Arguments;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use wayfare_actors::actor::Trace;

use crate::clock::boot_now;

/// Lines that may wait for the disk; more are left out and counted.
const WAITING: usize = 64 * 1024;

/// Traces to a file, one line a step: boot time in seconds, the actor, `<` for an input or `>` for an effect. It holds what
/// passes through links, so only its owner may read it. Dropping it writes what waits.
#[derive(Debug)]
pub struct TraceFile {
    lines: Option<SyncSender<String>>,
    left_out: AtomicU64,
    writer: Option<JoinHandle<()>>,
}

impl TraceFile {
    /// Appends to a file, which is made with mode 0600 if there is none.
    ///
    /// # Errors
    /// If the file cannot be opened or no thread can be started.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let (lines, waiting) = sync_channel(WAITING);
        let write = move || {
            if let Err(error) = write_all(BufWriter::new(file), &waiting) {
                tracing::error!(%error, "trace file not written any further");
            }
        };
        let writer = std::thread::Builder::new().name("trace file".to_owned()).spawn(write)?;
        Ok(Self { lines: Some(lines), left_out: AtomicU64::new(0), writer: Some(writer) })
    }
}

fn write_all(mut file: BufWriter<impl Write>, lines: &Receiver<String>) -> io::Result<()> {
    while let Ok(line) = lines.recv() {
        writeln!(file, "{line}")?;
        while let Ok(line) = lines.try_recv() {
            writeln!(file, "{line}")?;
        }
        file.flush()?;
    }
    Ok(())
}

impl Trace for TraceFile {
    fn note(&self, actor: &str, what: Arguments<'_>) {
        let Some(lines) = &self.lines else { return };
        let at = boot_now().0.as_secs_f64();
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        let gap = if left_out == 0 { String::new() } else { format!("... {left_out} lines left out\n") };
        match lines.try_send(format!("{gap}{at:.6} {actor} {what}")) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.left_out.fetch_add(left_out + 1, Ordering::Relaxed);
            }
            // The disk refused, and that was said.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }
}

impl Drop for TraceFile {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join(); // a panic of the writer has been printed
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn every_step_is_a_line_in_a_file_of_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        for round in 0..2 {
            let trace = TraceFile::open(&path).unwrap();
            trace.note("link", format_args!("< Round {round}"));
            trace.note("account", format_args!("> Send"));
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let shown: Vec<_> = text.lines().filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest).collect();
        assert_eq!(shown, ["link < Round 0", "account > Send", "link < Round 1", "account > Send"]);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
