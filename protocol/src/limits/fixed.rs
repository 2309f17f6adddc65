//! Bounds that are the same at both ends of a wire, or everywhere.

use std::time::Duration;

/// Largest body of one frame. Small enough that a bulk frame never holds up a keystroke for long.
pub const FRAME_BODY_MAX: usize = 16 * 1024;
/// Largest message: one or more data frames of a stream.
pub const MESSAGE_MAX: usize = 4 * 1024 * 1024;
/// Largest message before a link has authenticated: strangers are given less memory.
pub const HANDSHAKE_MESSAGE_MAX: usize = 64 * 1024;
/// Longest detail of a refusal that resets a stream: it must fit one frame.
pub const RESET_DETAIL_MAX: usize = 4 * 1024;
/// Longest code of one run.
pub const CODE_MAX: usize = 1024 * 1024;
/// Largest single event; what is larger is cut and followed by an `Omitted`.
pub const EVENT_MAX: usize = 2 * 1024 * 1024;
/// Longest text of one output event; longer text becomes several events.
pub const TEXT_EVENT_MAX: usize = 64 * 1024;
/// Most completions, variables or entries of a history in one answer of a kernel.
pub const ANSWER_ITEMS_MAX: usize = 1_000;
/// Longest text of one field of a kernel's answer.
pub const ANSWER_TEXT_MAX: usize = 64 * 1024;
/// Longest text of one item of a list in a kernel's answer.
pub const ANSWER_ITEM_MAX: usize = 1_024;
/// Documents that one answer names as changed.
pub const CHANGES_MAX: usize = 1_024;
/// Documents whose last change a cloud remembers, of one account; who asks about what was before looks at everything.
pub const CHANGES_KEPT: usize = 65_536;
/// Longest name of a device.
pub const DEVICE_NAME_MAX: usize = 128;
/// Longest path of a unix socket, its closing zero included (Linux `sockaddr_un`).
pub const SOCKET_PATH_MAX: usize = 108;
/// Largest notebook that is read.
pub const NOTEBOOK_MAX: u64 = 16 * 1024 * 1024;
/// Largest notebook of Jupyter's that is read: pictures are in it.
pub const IPYNB_MAX: u64 = 256 * 1024 * 1024;
/// Largest file beside a notebook that goes into one of Jupyter's.
pub const ASSET_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of a stream or of plain text that stand in a document; more becomes a file.
pub const OUTPUT_PLAIN_MAX: usize = 64 * 1024;
/// Bytes of any other text of an output that stand in a document; more becomes a file.
pub const OUTPUT_MARKUP_MAX: usize = 2 * 1024;
/// Bytes of all outputs of one run that stand in a document; what would be more becomes files.
pub const OUTPUT_INLINE_MAX: usize = 256 * 1024;
/// Outputs of one run that a document has; what there are more is only in the session's journal.
pub const OUTPUT_ITEMS_MAX: usize = 1_000;
/// Bytes of one run's output that are gathered for its document; what comes after them is only in the session's journal.
pub const OUTPUT_GATHERED_MAX: usize = 64 * 1024 * 1024;
/// Times that the cell of a run that has ended is looked for in a replica which is in step with the cloud's, before its output is
/// given up.
pub const OUTPUT_LOOKS: u32 = 6;
/// Bytes of an asset in one message, so that what is urgent goes between them.
pub const ASSET_PIECE_MAX: usize = 64 * 1024;
/// Bytes of an asset that are written at once: an upload that was cut off goes on at a multiple of it.
pub const ASSET_PART: usize = 1024 * 1024;
/// Bytes of an asset that go to a bucket at once; a bucket takes 10,000 of them for one asset.
pub const BUCKET_PART: usize = 8 * 1024 * 1024;
/// Parts of one asset that go to a bucket at a time.
pub const BUCKET_PARTS: usize = 2;
/// Times that a bucket is asked again, if it could not be reached or has too much to do.
pub const BUCKET_TRIES: usize = 3;
/// A bucket is asked again after so long, then after twice that, and so on.
pub const BUCKET_RETRY: Duration = Duration::from_millis(200);
/// A connection to a bucket may take so long.
pub const BUCKET_CONNECT: Duration = Duration::from_secs(5);
/// A bucket's answer, or one part on its way, may take so long.
pub const BUCKET_ANSWER: Duration = Duration::from_secs(60);
/// Documents that a sweep of assets reads before it waits until they are unloaded again.
pub const ASSET_SWEEP_DOCUMENTS: usize = 64;
/// Longest media type of an asset.
pub const MEDIA_TYPE_MAX: usize = 128;
/// Largest `kernel.json` that is read.
pub const KERNELSPEC_MAX: u64 = 256 * 1024;
/// Largest body that is read at an HTTP door: the longest code, every byte of it escaped as JSON may do.
pub const HTTP_BODY_MAX: usize = 6 * CODE_MAX + 64 * 1024;
/// Bytes of a run that an HTTP door keeps for a reader who is slow; one who is further behind reads the session again.
pub const HTTP_BACKLOG_MAX: usize = 1024 * 1024;
/// Bytes of one channel's text, and of rich outputs, that one answer repeats as a whole. MRP repeats a text with every event.
pub const HTTP_RESULT_MAX: usize = 2 * 1024 * 1024;
/// Runs that an HTTP door knows by their client's own name.
pub const HTTP_EXEC_IDS: usize = 1024;
/// Longest name that a client gives a run.
pub const HTTP_EXEC_ID_MAX: usize = 256;
/// Largest payload of one event or output of a daemon, and of one result of its background work.
pub const DAEMON_EVENT_MAX: usize = 1024 * 1024;
/// Most outputs of one event of a daemon.
pub const DAEMON_OUTPUTS_MAX: usize = 1024;
/// Bytes of inputs that wait for a daemon's inbox, beside one publication; they become one frame.
pub const DAEMON_FRAME_MAX: usize = 1024 * 1024;
/// Bytes of outputs in the answer to one fetch, if it is more than one output.
pub const DAEMON_FETCH_MAX: usize = 256 * 1024;
/// Entries of one frame of a daemon's inbox.
pub const DAEMON_FRAME_ENTRIES: usize = 4_096;
/// Longest reason that is kept of an event that was given up: with every entry of a frame given up, frame and reasons fit one message.
pub const DAEMON_REASON_MAX: usize = 512;
/// Frames in one message of a migration.
pub const MIGRATION_FRAMES_MAX: usize = 4_096;
/// Reasons of events given up in one message of a migration.
pub const MIGRATION_DEAD_MAX: usize = 4_096;
/// Bytes of frames and reasons in one message of a migration, but at least one frame.
pub const MIGRATION_BATCH: usize = 1024 * 1024;
/// Longest reason in a message of a migration.
pub const MIGRATION_REASON_MAX: usize = 1024;
/// Most runs that one list of runs names.
pub const RUNS_LISTED_MAX: u32 = 1000;
/// Longest name of a daemon's kind: which factory makes it.
pub const KIND_MAX: usize = 128;
/// Smallest size into which snapshots are cut (but for what is left over).
pub const CHUNK_MIN: usize = 7_000;
/// Largest chunk of a snapshot: it travels in one message, with something around it.
pub const CHUNK_MAX: usize = MESSAGE_MAX - 4 * 1024;
/// Most chunks of one snapshot: their list is one message.
pub const CHUNKS_MAX: usize = 100_000;
/// Most events that one proof of continuity spans.
pub const PROOF_EVENTS_MAX: u64 = 100_000;
/// Longest tag of a capability set.
pub const TAG_MAX: usize = 256;
/// Most tags of one capability set.
pub const TAGS_MAX: usize = 512;
/// Most metadata of one capability set.
pub const METADATA_MAX: usize = 64;
/// Longest key of metadata.
pub const METADATA_KEY_MAX: usize = 128;
/// Longest value of metadata.
pub const METADATA_VALUE_MAX: usize = 1024;
/// All texts of one capability set together.
pub const CAPABILITY_TEXT_MAX: usize = 32 * 1024;
/// Most nodes of one predicate.
pub const PREDICATE_NODES_MAX: usize = 256;
/// Largest encoded predicate.
pub const PREDICATE_BYTES_MAX: usize = 4 * 1024;
/// Most tags, and most metadata, that one capability filter names.
pub const FILTER_ITEMS_MAX: usize = 64;
/// Most nodes that one answer about placement tells of.
pub const PLACEMENT_CANDIDATES_MAX: usize = 1_024;
/// Nodes of an account that can go on with one spare.
pub const SPARE_NODES_MAX: usize = 64;
/// An announcement of capabilities is good for at most so long, in seconds.
pub const ANNOUNCEMENT_TTL_MAX: u32 = 24 * 3600;

/// A copy of a log is begun again so often if all that it was to copy was trimmed meanwhile.
pub const LOG_COPY_TRIES: usize = 100;
/// Devices whose routes an HTTP door for many keeps; the one that was not served for the longest time is forgotten first.
pub const HTTP_DOORWAYS: usize = 64;
/// Frames of a link within one process that one end has written and the other has not read yet.
pub const FRAMES_WITHIN_PROCESS: usize = 16;

/// Largest frame of a document's synchronisation: a whole history at worst.
pub const DOCUMENT_FRAME_MAX: usize = 96 * 1024 * 1024;
/// Frames of an editor that have come together are taken as one batch up to so many, or so many bytes and the frame that exceeds them.
pub const DOCUMENT_BATCH_FRAMES: usize = 256;
/// See [`DOCUMENT_BATCH_FRAMES`].
pub const DOCUMENT_BATCH_BYTES: usize = 64 * 1024;
/// Pieces into which such a frame is cut on a device's link, so that what is urgent goes between them.
pub const DOCUMENT_PIECE_MAX: usize = 64 * 1024;
/// Bytes of one record of a document's log; a longer update becomes several.
pub const DOCUMENT_RECORD_MAX: usize = 1024 * 1024;
/// States of presence (carets, names) that one document relays.
pub const AWARENESS_STATES_MAX: usize = 1_024;
/// Longest state of presence.
pub const AWARENESS_STATE_MAX: usize = 16 * 1024;
/// Longest name of a project, and longest path of a document in it.
pub const DOCUMENT_NAME_MAX: usize = 1_024;
/// Runs that wait in one document for the devices that were asked for them without a connection; who reads more takes the oldest.
pub const QUEUED_RUNS_MAX: usize = 1_000;
/// Bytes of what a document says of one of them.
pub const QUEUED_RUN_MAX: usize = 1_024;

/// Largest file of a bound folder that is a document (seed 000).
pub const FOLDER_FILE_MAX: u64 = 50 * 1024 * 1024;
/// Largest file of a bound folder that is none.
pub const FOLDER_ASSET_MAX: u64 = 256 * 1024 * 1024;

/// Longest line of a run protocol server's events: a whole run's output at worst.
pub const MRP_EVENT_MAX: usize = 64 * 1024 * 1024;
/// Longest answer of such a server, a file that code has left among them.
pub const MRP_ANSWER_MAX: usize = 32 * 1024 * 1024;

/// A process that is becoming another program is waited for at most so long, to see whose it is.
pub const PROGRAM_CHANGE: Duration = Duration::from_secs(1);
/// Such a process is looked at again after this time.
pub const PROGRAM_CHANGE_LOOK: Duration = Duration::from_millis(1);
