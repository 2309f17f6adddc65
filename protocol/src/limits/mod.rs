//! Every bound and duration, in one place. What must be the same at both ends of a wire is a constant; the rest are
//! fields of [`Limits`], so that tests can run real processes at a fraction of the time.

mod fixed;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use fixed::*;

/// Bounds and durations that one process keeps for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Time from the first byte of a link to its `Welcome`.
    pub handshake: Duration,
    /// A challenge is good for so long (architecture §8).
    pub challenge_valid: Duration,
    /// A ping is sent after so long without sending anything.
    pub ping_every: Duration,
    /// A link on which nothing came for so long is closed.
    pub link_silence: Duration,
    /// A link tells of signs of life no more often than this.
    pub sign_every: Duration,
    /// A program that tells of the hardware is given up after so long.
    pub hardware_probe: Duration,
    /// Load heartbeat (seed 000).
    pub heartbeat_every: Duration,
    /// Without a sign for so long a device is suspect (§6).
    pub suspect_after: Duration,
    /// A device whose link closed is offline after so long (§6).
    pub offline_after_close: Duration,
    /// A silent device is offline after so long (§6).
    pub offline_after_silence: Duration,
    /// After its start a cloud calls registered devices suspect for so long (§6).
    pub suspect_after_start: Duration,
    /// Shortest wait before a link is dialed again.
    pub redial_min: Duration,
    /// Longest wait before a link is dialed again.
    pub redial_max: Duration,
    /// A dial that took longer has failed.
    pub dial: Duration,
    /// A routed request without an answer is given up: its outcome is unknown.
    pub request: Duration,
    /// A run sent to a suspect owner waits so long before it is refused (§6).
    pub suspect_probe: Duration,
    /// Opening a session may take so long, its kernel's start included.
    pub open_session: Duration,
    /// A kernel that did not answer for so long after its start is given up.
    pub kernel_start: Duration,
    /// A session host is looked for again after so long when its socket does not answer.
    pub host_retry: Duration,
    /// Attempts to reach the socket of a living session host.
    pub host_attempts: u32,
    /// An orderly stop may take so long.
    pub drain: Duration,
    /// A connection that is done with may take so long to say goodbye.
    pub goodbye: Duration,
    /// A server looks after its certificate so often.
    pub tls_refresh: Duration,

    /// Bytes that one end of a stream takes before it grants more.
    pub stream_window: u32,
    /// Bytes handed to the transport and not yet written.
    pub transport_window: usize,
    /// Streams of one link.
    pub streams: usize,
    /// Bytes waiting on one stream's outgoing side.
    pub stream_backlog: usize,
    /// Links that have not authenticated yet, per process.
    pub unauthenticated_links: usize,
    /// HTTP connections of an admin listener.
    pub admin_connections: usize,
    /// Connections of a node's HTTP door, each for unix socket and TCP.
    pub http_connections: usize,
    /// Requests at an HTTP door that need the mesh at one time, runs that are shown included.
    pub http_clients: usize,
    /// An answer of events on which nothing happens shows a sign of life after so long.
    pub http_ping: Duration,
    /// Presence is looked at so often for whoever is told of it over HTTP.
    pub http_presence: Duration,
    /// Links of one device's programs beside its node's; of more, the oldest is closed.
    pub programs_per_device: usize,
    /// Requests of one link that wait for an answer.
    pub requests_per_link: usize,
    /// Accepted runs of one session that have not ended.
    pub runs_waiting: usize,
    /// Run ids that a session remembers in its life; beyond it answers `SessionFull`.
    pub runs_per_session: usize,
    /// Sessions of one account on one node.
    pub sessions: usize,
    /// Readers attached to one session at one place.
    pub readers_per_session: usize,
    /// Bytes of recent output that a session keeps in memory at one place.
    pub output_tail: usize,
    /// Bytes of output that a session keeps in its log at one place; older runs' events go first.
    pub output_log: u64,
    /// Bytes read from a log at once for a reader that is behind.
    pub output_read: usize,
    /// Bytes of records that a session host keeps in memory before they spill.
    pub journal_memory: u64,
    /// Bytes of records that a session host keeps on disk before it omits output.
    pub journal_disk: u64,
    /// Bytes of records that a session host writes to its disk, or reads back, at once.
    pub spill_segment: u64,
    /// Bytes that a session host hands to one connection and that are not yet written.
    pub host_window: u64,
    /// Connections that a session host accepts.
    pub host_connections: usize,
    /// A closing connection of a session host may take so long to write what it was handed.
    pub host_close: Duration,
    /// A kernel that replied and does not say `idle` is believed to have ended the run after so long without output.
    pub reply_grace: Duration,
    /// A run that goes on so long after its interrupt is interrupted once more, and told what comes.
    pub interrupt_again: Duration,
    /// A run that goes on so long after that loses its kernel.
    pub interrupt_end: Duration,
    /// A question to a kernel that is not answered in that time is refused. Shorter than [`Limits::request`].
    pub ask: Duration,
    /// Questions to one kernel that wait for an answer.
    pub asks: usize,
    /// Bytes of executed code that a session host keeps as its kernel's history.
    pub history: usize,
    /// The memory of a session with a cap is looked at so often.
    pub memory_look: Duration,
    /// Bytes of memory that the processes of one session may use together before its kernel is ended; 0: no cap.
    pub session_memory: u64,
    /// A session whose kernel had nothing to do for so long loses it; zero: never.
    pub session_idle: Duration,
    /// Each step of a kernel's stop (message, SIGTERM, SIGKILL) may take so long before the next.
    pub kernel_stop: Duration,
    /// A session host whose kernel is gone waits so long for its records to be acknowledged.
    pub host_linger: Duration,
    /// Bytes of what a kernel's process writes outside of its messages that a session host keeps.
    pub host_log: u64,
    /// Bytes of one log segment.
    pub log_segment: u64,
    /// Bytes of one log record; a longer one fails its log.
    pub log_record: usize,
    /// Bytes of records that a log writer gathers for one write, at least one append.
    pub log_batch: usize,
    /// Threads that write all logs of a process; a log always belongs to the same one.
    pub log_writers: usize,

    /// Nodes whose capabilities are known at one place.
    pub indexed_nodes: usize,
    /// At this load in percent or over, for [`Limits::overload_after`], a node moves a daemon away.
    pub overload_mark: u8,
    /// At this load in percent or under, a node is no longer busy. Below [`Limits::overload_mark`].
    pub overload_clear: u8,
    /// See [`Limits::overload_mark`].
    pub overload_after: Duration,
    /// After a move under load no other follows for so long.
    pub overload_rest: Duration,
    /// A daemon that runs on a node for less than this is not moved away under load.
    pub overload_settle: Duration,
    /// Moves under way at once while a node is emptied.
    pub drain_moves: usize,
    /// A daemon that stays on a node that is emptied is tried so often.
    pub drain_attempts: u32,
    /// And again after so long.
    pub drain_retry: Duration,
    /// One event of a daemon may take so long (seed 004: microseconds).
    pub daemon_event: Duration,
    /// Events in a row that take longer before a daemon is called degraded.
    pub daemon_overruns: u32,
    /// An event that a daemon refuses is tried so often in all before it is given up.
    pub daemon_tries: u32,
    /// Events that were given up and are kept by one daemon.
    pub daemon_dead_letters: usize,
    /// Publishers that one daemon knows by their last number.
    pub daemon_origins: usize,
    /// Subscribers for whom one daemon keeps outputs.
    pub daemon_subscribers: usize,
    /// Bytes of outputs that are kept for subscribers before a daemon takes no more events.
    pub daemon_outbox: usize,
    /// Bytes of recent outputs that a daemon keeps for readers.
    pub daemon_tail: usize,
    /// Calls that wait until a daemon is made anew.
    pub daemon_waiting: usize,
    /// A snapshot is taken after so many events.
    pub daemon_snapshot_events: u64,
    /// A snapshot is taken after so many bytes of inputs.
    pub daemon_snapshot_bytes: u64,
    /// A snapshot is taken after so long, if there was any event.
    pub daemon_snapshot_every: Duration,
    /// A daemon's snapshot that its store did not give is asked for again after so long.
    pub snapshot_retry: Duration,
    /// Bytes of one snapshot, all of it. A larger one is refused where it is made.
    pub snapshot: u64,
    /// Bytes into which a snapshot is cut; between [`CHUNK_MIN`] and [`CHUNK_MAX`].
    pub snapshot_chunk: usize,
    /// Bytes of snapshots that are on their way to one node, as their lists of chunks announce them.
    pub snapshots_pending: u64,
    /// A snapshot on its way of which nothing came for so long is given up.
    pub snapshot_silence: Duration,

    /// Whoever orders a migration waits so long for its end.
    pub migration_order: Duration,
    /// What was sent in a migration and not answered is sent again after so long.
    pub migration_retry: Duration,
    /// A migration in which nothing happened for so long, beside the time for its bytes, is given up.
    pub migration_patience: Duration,
    /// Bytes in a second that a snapshot is expected to travel at least.
    pub migration_rate: u64,
    /// A sealed source whose migration has not ended for so long, beside the time for its bytes, tries to take it back.
    pub migration_sealed: Duration,
    /// A source is sealed when the target is no more than so many inputs behind.
    pub migration_lag: u64,
    /// First wait before a target that is not ready is asked again; doubled each time (reference runtime).
    pub migration_ready_min: Duration,
    /// Longest such wait.
    pub migration_ready_max: Duration,
    /// A target that is not ready for so long in all is given up.
    pub migration_ready_budget: Duration,
    /// Attempts to fetch a snapshot; each goes on with the chunks that it still lacks.
    pub migration_pulls: u32,
    /// Daemons that may be on their way to one node.
    pub migrations: usize,

    /// A pairing string is good for so long.
    pub pairing_valid: Duration,
    /// Wrong pairing codes within [`Limits::pairing_window`] after which every attempt is refused.
    pub pairing_attempts: u32,
    /// See [`Limits::pairing_attempts`].
    pub pairing_window: Duration,

    /// First wait before a failed actor is started again.
    pub restart_min: Duration,
    /// Longest wait before a failed actor is started again.
    pub restart_max: Duration,
    /// Restarts within [`Limits::restart_window`] after which a supervisor gives up and fails itself.
    pub restarts: u32,
    /// See [`Limits::restarts`].
    pub restart_window: Duration,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

impl Default for Limits {
    #[expect(clippy::too_many_lines, reason = "one line for each limit")]
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            handshake: s(10),
            challenge_valid: s(10),
            ping_every: s(10),
            link_silence: s(30),
            sign_every: s(1),
            hardware_probe: s(5),
            heartbeat_every: s(30),
            suspect_after: s(30),
            offline_after_close: s(30),
            offline_after_silence: s(60),
            suspect_after_start: s(60),
            redial_min: Duration::from_millis(100),
            redial_max: s(10),
            dial: s(10),
            request: s(10),
            suspect_probe: s(3),
            open_session: s(60),
            kernel_start: s(45),
            host_retry: Duration::from_millis(50),
            host_attempts: 100,
            drain: s(10),
            goodbye: s(1),
            tls_refresh: s(24 * 3600),
            stream_window: 256 * 1024,
            transport_window: 64 * KIB,
            streams: 256,
            stream_backlog: 4 * MIB + 256 * KIB,
            unauthenticated_links: 64,
            admin_connections: 16,
            http_connections: 64,
            http_clients: 16,
            http_ping: s(15),
            http_presence: s(1),
            programs_per_device: 32,
            requests_per_link: 256,
            runs_waiting: 1_000,
            runs_per_session: 100_000,
            sessions: 64,
            readers_per_session: 64,
            output_tail: MIB,
            output_log: 256 * MIB as u64,
            output_read: 256 * KIB,
            journal_memory: 4 * MIB as u64,
            journal_disk: 256 * MIB as u64,
            spill_segment: 512 * KIB as u64,
            host_window: 256 * KIB as u64,
            host_connections: 16,
            host_close: s(1),
            reply_grace: s(2),
            interrupt_again: s(10),
            interrupt_end: s(20),
            ask: s(8),
            asks: 16,
            history: MIB,
            memory_look: s(1),
            session_memory: 0,
            session_idle: Duration::ZERO,
            kernel_stop: s(5),
            host_linger: s(24 * 3600),
            host_log: MIB as u64,
            log_segment: 16 * MIB as u64,
            log_record: 8 * MIB,
            log_batch: MIB,
            log_writers: 2,
            indexed_nodes: 65_536,
            overload_mark: 90,
            overload_clear: 75,
            overload_after: s(60),
            overload_rest: s(120),
            overload_settle: s(300),
            drain_moves: 2,
            drain_attempts: 5,
            drain_retry: s(5),
            daemon_event: Duration::from_micros(100),
            daemon_overruns: 10,
            daemon_tries: 3,
            daemon_dead_letters: 1_000,
            daemon_origins: 4_096,
            daemon_subscribers: 64,
            daemon_outbox: 16 * MIB,
            daemon_tail: MIB,
            daemon_waiting: 1_024,
            daemon_snapshot_events: 100_000,
            daemon_snapshot_bytes: 32 * MIB as u64,
            daemon_snapshot_every: s(60),
            snapshot_retry: s(1),
            snapshot: 1024 * MIB as u64,
            snapshot_chunk: MIB,
            snapshots_pending: 2 * 1024 * MIB as u64,
            snapshot_silence: s(60),
            migration_order: s(600),
            migration_retry: s(1),
            migration_patience: s(30),
            migration_rate: MIB as u64,
            migration_sealed: s(10),
            migration_lag: 1_024,
            migration_ready_min: Duration::from_millis(500),
            migration_ready_max: s(16),
            migration_ready_budget: s(30),
            migration_pulls: 5,
            migrations: 16,
            pairing_valid: s(15 * 60),
            pairing_attempts: 5,
            pairing_window: s(60),
            restart_min: Duration::from_millis(100),
            restart_max: s(5),
            restarts: 10,
            restart_window: s(60),
        }
    }
}

impl Limits {
    /// The same bounds with every duration divided: real processes at a fraction of the time.
    #[must_use]
    pub fn hurried(self, by: u32) -> Self {
        Self {
            handshake: self.handshake / by,
            challenge_valid: self.challenge_valid / by,
            ping_every: self.ping_every / by,
            link_silence: self.link_silence / by,
            sign_every: self.sign_every / by,
            heartbeat_every: self.heartbeat_every / by,
            suspect_after: self.suspect_after / by,
            offline_after_close: self.offline_after_close / by,
            offline_after_silence: self.offline_after_silence / by,
            suspect_after_start: self.suspect_after_start / by,
            redial_min: self.redial_min / by,
            redial_max: self.redial_max / by,
            suspect_probe: self.suspect_probe / by,
            pairing_window: self.pairing_window / by,
            overload_after: self.overload_after / by,
            overload_rest: self.overload_rest / by,
            overload_settle: self.overload_settle / by,
            drain_retry: self.drain_retry / by,
            http_ping: self.http_ping / by,
            http_presence: self.http_presence / by,
            migration_order: self.migration_order / by,
            migration_retry: self.migration_retry / by,
            migration_patience: self.migration_patience / by,
            migration_sealed: self.migration_sealed / by,
            migration_ready_min: self.migration_ready_min / by,
            migration_ready_max: self.migration_ready_max / by,
            migration_ready_budget: self.migration_ready_budget / by,
            restart_min: self.restart_min / by,
            restart_max: self.restart_max / by,
            // What waits for a kernel, a disk or a person keeps its time: those do not hurry.
            ..self
        }
    }
}
