//! Every bound and duration, in one place. What must be the same at both ends of a wire is a constant; the rest are
//! fields of [`Limits`], so that tests can run real processes at a fraction of the time.

mod default;
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
    /// Clients of y-websocket at an HTTP door.
    pub http_editors: usize,
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
    /// The output of a cell that cannot be written into its document is tried again after so long.
    pub output_retry: Duration,
    /// A run that waits is tried again after so long when its devices are not there, or do not answer.
    pub queue_retry: Duration,
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
    /// What a node announces of itself is good for so long; it says it anew after half of that.
    pub announcement: Duration,
    /// At this load in percent or over, for [`Limits::overload_after`], a node moves a daemon away.
    pub overload_mark: u8,
    /// At this load in percent or under, a node is no longer busy. Below [`Limits::overload_mark`].
    pub overload_clear: u8,
    /// A daemon that uses less of one processor, in percent, does not leave because processors are busy.
    pub overload_share: u8,
    /// See [`Limits::overload_mark`].
    pub overload_after: Duration,
    /// After a move under load no other follows for so long.
    pub overload_rest: Duration,
    /// A daemon that runs on a node for less than this is not moved away under load.
    pub overload_settle: Duration,
    /// A daemon that has not said by then how busy it is, is not moved away now.
    pub overload_measure: Duration,
    /// Moves under way at once while a node is emptied.
    pub drain_moves: usize,
    /// A daemon that stays on a node that is emptied is tried so often.
    pub drain_attempts: u32,
    /// And again after so long.
    pub drain_retry: Duration,
    /// Whoever ordered that a node be emptied is answered within this time.
    pub drain_order: Duration,
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
    /// Daemons whose outputs are events of one daemon.
    pub daemon_feeds: usize,
    /// A fetch of outputs is answered with none if there is none for so long. Less than [`Limits::request`].
    pub daemon_fetch_wait: Duration,
    /// A daemon asks another for outputs again so long after it was refused them.
    pub daemon_feed_retry: Duration,
    /// How busy a daemon keeps its node is measured over so long.
    pub daemon_busy_over: Duration,
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
    /// Chunks of snapshots at a node are looked through so often for those that nothing needs; what nothing needs twice is deleted.
    pub snapshot_sweep: Duration,
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
    /// The cloud asks for a daemon's newer snapshot no sooner than so long after the one that it keeps.
    pub spare_every: Duration,
    /// Bytes of a daemon's spares in a second, on the average: a large one is not replaced so soon.
    pub spare_rate: u64,
    /// A spare that did not come, or a recovery that failed, is tried again after so long.
    pub spare_retry: Duration,
    /// For so long after its start the cloud takes no spare that fewer nodes could open than the one that it has: they may yet come.
    pub spare_wait: Duration,

    /// Documents of one account that one process has loaded.
    pub documents: usize,
    /// Replicas and editors connected to one document at one place.
    pub document_peers: usize,
    /// Bytes of one document: its history, merged, and what came since. What makes it larger is refused.
    pub document_bytes: usize,
    /// Bytes that wait for one peer of a document; beyond it they are merged, and then the peer has to sync anew.
    pub document_backlog: usize,
    /// Bytes of updates after which a document's log is merged, and not before it has grown by what it was.
    pub document_merge: usize,
    /// Changes of a document that come within this time after others were passed on are passed on together.
    pub document_gather: Duration,
    /// A document that nobody has open is unloaded after so long.
    pub document_idle: Duration,
    /// A changed document's text becomes a version when nobody has changed it for so long.
    pub version_quiet: Duration,
    /// And at the latest so long after the first change that is in no version.
    pub version_every: Duration,
    /// Versions that are kept of one document.
    pub document_versions: usize,
    /// Bytes of the versions of one document, all together. The newest is kept whatever it has.
    pub document_versions_bytes: u64,

    /// A node asks its cloud so often which documents changed.
    pub changes_every: Duration,
    /// Documents that a node reads ahead within [`Limits::document_idle`], for which they stay loaded.
    pub prefetch_documents: usize,
    /// Bytes of one asset that a node reads ahead.
    pub prefetch_asset: u64,
    /// Bytes of all assets that a node reads ahead.
    pub prefetch_bytes: u64,
    /// What could not be read ahead is tried again after so long.
    pub prefetch_retry: Duration,
    /// Bytes of one asset.
    pub asset_bytes: u64,
    /// Assets that the tree of one project names.
    pub project_assets: usize,
    /// Assets that one account brings to one place at a time, and those that a node fetches or brings to its cloud.
    pub asset_transfers: usize,
    /// An upload of an asset that was cut off is kept for so long.
    pub asset_upload: Duration,
    /// An asset that could not be brought to the cloud is brought again after so long.
    pub asset_retry: Duration,
    /// An asset to which nobody has linked for so long is deleted, where it is collected.
    pub asset_grace: Duration,
    /// Assets of an account are looked through for those so often.
    pub asset_sweep: Duration,
    /// And for the first time so long after the account's start.
    pub asset_sweep_first: Duration,
    /// What the other end of a transfer of an asset has to say may take so long.
    pub asset_silence: Duration,

    /// A file of a bound folder is taken in when it has not changed for so long.
    pub folder_settle: Duration,
    /// And taken for deleted when it is gone for so long.
    pub folder_gone: Duration,
    /// A bound folder is looked through so often, whatever the system tells of it.
    pub folder_rescan: Duration,
    /// A document without a text here keeps the path of another document or of a file for so long.
    pub folder_awaited: Duration,
    /// More files than this that are gone at once are not taken for deleted before the person says so.
    pub folder_deletions: usize,
    /// Documents of one bound folder.
    pub folder_documents: usize,
    /// Documents of one bound folder that are kept open. The others are looked after in turn.
    pub folder_followed: usize,
    /// Folders that are bound at one node.
    pub folders: usize,

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
            overload_measure: self.overload_measure / by,
            daemon_fetch_wait: self.daemon_fetch_wait / by,
            daemon_feed_retry: self.daemon_feed_retry / by,
            daemon_busy_over: self.daemon_busy_over / by,
            drain_retry: self.drain_retry / by,
            drain_order: self.drain_order / by,
            announcement: self.announcement / by,
            changes_every: self.changes_every / by,
            prefetch_retry: self.prefetch_retry / by,
            asset_retry: self.asset_retry / by,
            output_retry: self.output_retry / by,
            queue_retry: self.queue_retry / by,
            http_ping: self.http_ping / by,
            http_presence: self.http_presence / by,
            migration_order: self.migration_order / by,
            migration_retry: self.migration_retry / by,
            migration_patience: self.migration_patience / by,
            migration_sealed: self.migration_sealed / by,
            migration_ready_min: self.migration_ready_min / by,
            migration_ready_max: self.migration_ready_max / by,
            migration_ready_budget: self.migration_ready_budget / by,
            spare_every: self.spare_every / by,
            spare_retry: self.spare_retry / by,
            spare_wait: self.spare_wait / by,
            restart_min: self.restart_min / by,
            restart_max: self.restart_max / by,
            // What waits for a kernel, a disk or a person keeps its time: those do not hurry.
            ..self
        }
    }
}
