// Written by `BLESS=1 cargo test --package wayfare-tests --test typescript` from the types of `protocol/src`: change those.
// On a link that speaks MessagePack these are its messages: maps by field name, enums by variant name, ids as texts, keys
// and other bytes as byte strings. What only nodes say is left out.

/** Version of Wayfare. */
export const VERSION = '0.1.0';
/** The WebSocket subprotocol of these messages. */
export const SUBPROTOCOL = 'wayfare.v1.msgpack';
/** Bytes of a frame's body. */
export const FRAME_BODY_MAX = 16384;
/** Bytes of a message. */
export const MESSAGE_MAX = 4194304;
/** Bytes of one run's code. */
export const CODE_MAX = 1048576;
/** Bytes of a device's name. */
export const DEVICE_NAME_MAX = 128;
/** Bytes of one piece of a document's frame. */
export const DOCUMENT_PIECE_MAX = 65536;
/** Bytes of an asset in one message. */
export const ASSET_PIECE_MAX = 65536;
/** Runs in one list. */
export const RUNS_LISTED_MAX = 1000;
/** Runs that wait in one document. */
export const QUEUED_RUNS_MAX = 1000;
/** Bytes of what a document says of one of them. */
export const QUEUED_RUN_MAX = 1024;
/** Bytes that one end of a stream takes before it grants more. */
export const STREAM_WINDOW = 262144;
/** A dial that took longer has failed. */
export const DIAL_MS = 10000;
/** A handshake that took longer has failed. */
export const HANDSHAKE_MS = 10000;
/** A ping is sent after so long without sending anything. */
export const PING_MS = 10000;
/** A link on which nothing came for so long is closed. */
export const SILENCE_MS = 30000;
/** Shortest wait before a link is dialed again. */
export const REDIAL_MIN_MS = 100;
/** Longest wait before a link is dialed again. */
export const REDIAL_MAX_MS = 10000;
/** A request without an answer is given up. */
export const REQUEST_MS = 10000;
/** Opening a session may take so long. */
export const OPEN_SESSION_MS = 60000;

/**
 * A person's mesh. A node serves one account.
 */
export type AccountId = string;

/**
 * A file that the code left for the document.
 */
export type Asset = { 
/**
 * Path below the session's asset folder.
 */
path: string, 
/**
 * Where it can be fetched.
 */
url: string, 
/**
 * Its media type.
 */
mimeType: string, 
/**
 * `image`, `html`, `svg`, `data` or `file`.
 */
assetType: string, 
/**
 * Bytes.
 */
size: number, };

/**
 * The SHA-256 of an asset's bytes. Written as 64 lowercase hexadecimal digits, as other programs name such files.
 */
export type AssetId = string;

/**
 * A message on a [`Destination::Asset`](crate::stream::Destination::Asset) stream. Whoever opened it speaks first, with `Get` or `Put`.
 */
export type AssetMessage = { "Get": { 
/**
 * The first byte wanted, from 0.
 */
from: number, } } | { "Put": { 
/**
 * Its bytes.
 */
size: number, } } | { "Has": { 
/**
 * Its bytes, whatever was asked for.
 */
size: number, } } | { "Wants": { 
/**
 * The first byte wanted, from 0.
 */
from: number, } } | { "Piece": { 
/**
 * At most [`ASSET_PIECE_MAX`](crate::limits::ASSET_PIECE_MAX) bytes, and at least one.
 */
bytes: Uint8Array, } } | "Kept";

/**
 * What a device announces when it registers.
 */
export type Capabilities = { 
/**
 * Its hardware.
 */
hardware: Hardware, 
/**
 * The kernels that can be started on it; empty for a device without a node.
 */
runtimes: Array<RuntimeSpec>, 
/**
 * Free tags that a cell may ask for.
 */
tags: Array<string>, };

/**
 * Where in a notebook some code stands.
 */
export type CellRef = { 
/**
 * Path of the document within its project.
 */
document: string, 
/**
 * The cell's number, from 1.
 */
index: number, };

/**
 * The accepting end's question.
 */
export type Challenge = { 
/**
 * 32 random bytes, good for one use within [`crate::Limits::challenge_valid`].
 */
nonce: Uint8Array, 
/**
 * Who asks. A dialing end signs only for the server that it is connected to by its own knowledge.
 */
server: ServerIdentity, 
/**
 * For people and `doctor`: the server's version.
 */
version: string, };

/**
 * A character in the history of a document, as Yjs calls it. It stays the same whatever is written around it.
 */
export type CharacterId = { 
/**
 * The replica that wrote it.
 */
client: number, 
/**
 * Its place in what that replica wrote, in UTF-16 code units.
 */
clock: number, };

/**
 * How urgent a stream's bytes are. Frames of a more urgent class go first.
 */
export type Class = "Control" | "Interactive" | "Bulk";

/**
 * Whether code is whole.
 */
export type Completeness = "complete" | "incomplete" | "invalid" | "unknown";

/**
 * One way to go on.
 */
export type Completion = { 
/**
 * What is to be inserted, and shown.
 */
label: string, 
/**
 * What it is, where the kernel says so: `function`, `module`, …
 */
kind: string | null, 
/**
 * More about it, where the kernel says so: a signature.
 */
detail: string | null, };

/**
 * What travels on stream 0. Grows only at its end.
 */
export type Control = { "Challenge": Challenge } | { "Register": Register } | { "Welcome": Welcome } | { "Goodbye": Refusal } | { "Pair": Pair } | { "Paired": { 
/**
 * The account it belongs to.
 */
account: AccountId, } } | { "Ping": { 
/**
 * Returned in the answer.
 */
token: number, } } | { "Pong": { 
/**
 * From the question.
 */
token: number, } } | { "MrpRequest": MrpRequest } | { "MrpResponse": MrpResponse } | { "Open": { 
/**
 * Joins question and answer.
 */
request: RequestId, 
/**
 * What is asked for.
 */
open: OpenSession, } } | { "Opened": { 
/**
 * From the question.
 */
request: RequestId, 
/**
 * The session and why it is there, or why there is none.
 */
outcome: { Ok : OpenedSession } | { Err : Refusal }, } } | { "ListDevices": { 
/**
 * Joins question and answer.
 */
request: RequestId, } } | { "DeviceList": { 
/**
 * From the question.
 */
request: RequestId, 
/**
 * In order of name.
 */
devices: Array<DeviceInfo>, } } | { "ListSessions": { 
/**
 * Joins question and answer.
 */
request: RequestId, } } | { "SessionList": { 
/**
 * From the question.
 */
request: RequestId, 
/**
 * In order of name.
 */
sessions: Array<SessionInfo>, } } | "GoingToSleep" | { "Draining": { 
/**
 * Milliseconds to wait.
 */
retry_after_ms: number, } } | { "RevokeDevice": { 
/**
 * Joins question and answer.
 */
request: RequestId, 
/**
 * Which device.
 */
device: DeviceId, } } | { "DeviceRevoked": { 
/**
 * From the question.
 */
request: RequestId, 
/**
 * Since when the device is refused, or why it is not.
 */
outcome: { Ok : Wall } | { Err : Refusal }, } } | { "RenameDevice": { 
/**
 * Joins question and answer.
 */
request: RequestId, 
/**
 * Which device.
 */
device: DeviceId, 
/**
 * Its name from now on.
 */
name: string, } } | { "DeviceRenamed": { 
/**
 * From the question.
 */
request: RequestId, 
/**
 * It is called so, durably, or why it is not.
 */
outcome: { Ok : null } | { Err : Refusal }, } };

/**
 * What a stream is for.
 */
export type Destination = { "Run": { 
/**
 * The session it was sent to.
 */
session: SessionId, 
/**
 * The run.
 */
run: RunId, 
/**
 * Number of the first event wanted, from 1.
 */
from: number, } } | { "Document": { 
/**
 * Which.
 */
document: DocumentId, } } | { "Asset": { 
/**
 * Which.
 */
asset: AssetId, } };

/**
 * How much an inspection tells.
 */
export type Detail = "Signature" | "Documentation" | "Source";

/**
 * What a person sees as a device: a hash of its Ed25519 public key ([`crate::identity::device_id`]).
 */
export type DeviceId = string;

/**
 * A device as lists show it.
 */
export type DeviceInfo = { 
/**
 * Its id.
 */
device: DeviceId, 
/**
 * For people.
 */
name: string, 
/**
 * `linux`, `macos`, ...
 */
os: string, 
/**
 * Whether it is there.
 */
presence: PresenceInfo, 
/**
 * What it offers; `None` for a device without a node.
 */
node: Capabilities | null, 
/**
 * How busy it is, if it has told.
 */
load: Load | null, };

/**
 * The cell of a document that a run is of.
 */
export type DocumentCell = { 
/**
 * The project that the document is of: files of the output are that project's.
 */
project: ProjectId, 
/**
 * The document.
 */
document: DocumentId, 
/**
 * The character with which the cell's fence begins.
 */
begins: CharacterId, };

/**
 * One replicated document: its history, whatever it is called and wherever its file is.
 */
export type DocumentId = string;

/**
 * A message on a [`Destination::Document`](crate::stream::Destination::Document) stream, in both directions.
 */
export type DocumentMessage = { "Frame": { 
/**
 * The frame goes on in the next message of this kind.
 */
more: boolean, 
/**
 * At most [`DOCUMENT_PIECE_MAX`](crate::limits::DOCUMENT_PIECE_MAX) bytes.
 */
bytes: Uint8Array, } } | { "Kept": { 
/**
 * The number.
 */
through: number, } };

/**
 * How a session's kernel is started. Changing it takes effect when the kernel is next started.
 */
export type Environment = { 
/**
 * Name of the kernelspec; `None`: the node's first for the language.
 */
kernel: string | null, 
/**
 * Folder of a Python virtual environment that has a kernel; goes before `kernel`.
 */
venv: string | null, 
/**
 * Working directory on the node; `None`: the user's home.
 */
cwd: string | null, };

/**
 * Who may act for a resource: a higher epoch supersedes every lower one (ordered lexicographically).
 *
 * Only the control store raises it. What is made out of the store's reach starts at [`Epoch::LOCAL`].
 */
export type Epoch = { 
/**
 * Generation of the control store that granted it; raised by a restore from backup; at least 1 for a store.
 */
generation: number, 
/**
 * Count of grants within that generation.
 */
n: number, };

/**
 * The kind of a refusal, for programs. Grows only at its end.
 */
export type ErrorCode = "Malformed" | "Unsupported" | "VersionMismatch" | "Unauthenticated" | "Forbidden" | "PairingRefused" | "RateLimited" | "NotFound" | "Ambiguous" | "NoCapability" | "OwnerUnreachable" | "StaleEpoch" | "SessionFull" | "TooLarge" | "Overloaded" | "DeadlineExceeded" | "Draining" | "KernelStartFailed" | "StorageFailed" | "NotWaiting" | "KernelBusy";

/**
 * An error of the executed code.
 */
export type ExecuteError = { 
/**
 * Its class: `ZeroDivisionError`.
 */
type: string, 
/**
 * Its message.
 */
message: string, 
/**
 * Its traceback, line by line, colours as ANSI codes.
 */
traceback: Array<string>, 
/**
 * Line in the cell, from 1.
 */
line: number | null, 
/**
 * Column in the cell.
 */
column: number | null, };

/**
 * Executes code in a session.
 */
export type ExecuteRequest = { 
/**
 * The code.
 */
code: string, 
/**
 * Whether it counts and is remembered by the kernel's history.
 */
storeHistory: boolean, 
/**
 * Whether it produces no output and no count.
 */
silent: boolean, 
/**
 * Whether it may ask for input.
 */
allowStdin: boolean, 
/**
 * The notebook's cell it came from.
 */
cell: CellRef | null, };

/**
 * A graphics processor.
 */
export type Gpu = { 
/**
 * The vendor's name for it.
 */
name: string, 
/**
 * Bytes of its own memory.
 */
memory_bytes: number, };

/**
 * Hardware of a device.
 */
export type Hardware = { 
/**
 * Logical processors.
 */
cpus: number, 
/**
 * Bytes of memory.
 */
memory_bytes: number, 
/**
 * Graphics processors usable for compute.
 */
gpus: Array<Gpu>, };

/**
 * Something that was executed.
 */
export type HistoryEntry = { 
/**
 * Counts the executions of this kernel from 1.
 */
historyIndex: number, 
/**
 * The code.
 */
code: string, };

/**
 * What a kernel knows of a thing in the code.
 */
export type Inspection = { 
/**
 * Whether it knows anything; the rest is empty if not.
 */
found: boolean, 
/**
 * The name at the cursor.
 */
name: string, 
/**
 * Its type.
 */
kind: string | null, 
/**
 * How it is called.
 */
signature: string | null, 
/**
 * Its value, short.
 */
value: string | null, 
/**
 * Its documentation: with kernels that do not part their answer, all of it.
 */
docstring: string | null, 
/**
 * Its source code.
 */
sourceCode: string | null, 
/**
 * The file that has it.
 */
file: string | null, };

/**
 * A question to a kernel.
 */
export type KernelAsk = { "Complete": { 
/**
 * The code.
 */
code: string, 
/**
 * Where in it.
 */
cursor: number, } } | { "Inspect": { 
/**
 * The code.
 */
code: string, 
/**
 * Where in it.
 */
cursor: number, 
/**
 * How much is wanted; MRP's `hover` is the least of it.
 */
detail: Detail, } } | { "IsComplete": { 
/**
 * The code.
 */
code: string, } } | "Variables" | { "Variable": { 
/**
 * Its name.
 */
name: string, 
/**
 * From it inwards: names of children, as a [`VariableDetail`] gives them.
 */
path: Array<string>, 
/**
 * Most children that are wanted.
 */
maxChildren: number, 
/**
 * Most characters of a value that are wanted.
 */
maxValue: number, } } | { "History": { 
/**
 * Most entries that are wanted.
 */
last: number, 
/**
 * Only entries before that index; 0: from the newest.
 */
before: number, 
/**
 * Only entries that contain this text; empty: all.
 */
contains: string, } };

/**
 * A kernel's answer.
 */
export type KernelTold = { "Completions": { 
/**
 * The possibilities, in the kernel's order.
 */
matches: Array<Completion>, 
/**
 * First character that a match replaces.
 */
cursorStart: number, 
/**
 * The character after the last one that it replaces.
 */
cursorEnd: number, } } | { "Inspection": Inspection } | { "Completeness": { 
/**
 * The kernel's judgement.
 */
status: Completeness, 
/**
 * What the next line would begin with.
 */
indent: string, } } | { "Variables": { 
/**
 * The variables.
 */
variables: Array<Variable>, 
/**
 * Whether there are more.
 */
truncated: boolean, } } | { "Variable": VariableDetail } | { "History": { 
/**
 * The entries.
 */
entries: Array<HistoryEntry>, 
/**
 * Whether there are older ones.
 */
hasMore: boolean, } };

/**
 * A programming language by its normal name: `python`, `r`, `julia`, `bash`, `javascript`, `typescript`.
 */
export type Language = string;

/**
 * How busy a device is: percentages 0 to 100.
 */
export type Load = { 
/**
 * Processor time in use, over all processors.
 */
cpu_percent: number, 
/**
 * Memory in use.
 */
memory_percent: number, 
/**
 * The busiest graphics processor; `None` without one.
 */
gpu_percent: number | null, };

/**
 * One value in several media types.
 */
export type MimeBundle = { 
/**
 * Media type to text (base64 for binary ones), in order of type.
 */
data: { [key in string]: string }, 
/**
 * JSON object: metadata by media type.
 */
metadata: string, };

/**
 * Something asked of a session.
 */
export type MrpRequest = { 
/**
 * Joins question and answer.
 */
request: RequestId, 
/**
 * Follows the request through every log.
 */
trace: TraceId, 
/**
 * Which session.
 */
session: SessionId, 
/**
 * The epoch that the router knows of the owner. Clients send `None`: the router stamps it.
 */
epoch: Epoch | null, 
/**
 * What is asked.
 */
call: SessionCall, };

/**
 * The answer of the session's owner, or of the router where it was not reached.
 */
export type MrpResponse = { 
/**
 * From the question.
 */
request: RequestId, 
/**
 * The answer.
 */
answer: SessionAnswer, };

/**
 * What a cell or a notebook asks of the device that runs it.
 */
export type Needs = { 
/**
 * A graphics processor usable for compute.
 */
gpu: boolean, 
/**
 * At least so many bytes of memory in all.
 */
memory_bytes: number | null, 
/**
 * Tags that the device must carry.
 */
tags: Array<string>, };

/**
 * A device that runs a node, and so can own sessions and daemons.
 */
export type NodeId = DeviceId;

/**
 * The body of a frame that opens a stream.
 */
export type Open = { 
/**
 * What is at the other end.
 */
destination: Destination, 
/**
 * How urgent its bytes are.
 */
class: Class, 
/**
 * Bytes that the opener takes before it grants more.
 */
window: number, };

/**
 * Asks for the session of a name: the one that lives, or a new one.
 */
export type OpenSession = { 
/**
 * Its name and language.
 */
key: SessionKey, 
/**
 * What its id is derived from if it is made now: each node that is asked makes one of its own.
 */
id: SessionId, 
/**
 * How to start its kernel if it is made now.
 */
environment: Environment, 
/**
 * What the device must have if it is made now.
 */
needs: Needs, 
/**
 * The device that the user chose; `None`: routing decides.
 */
device: NodeId | null, };

/**
 * Where an opened session lives.
 */
export type OpenedSession = { 
/**
 * The session.
 */
session: SessionInfo, 
/**
 * Why it is there.
 */
reason: RouteReason, 
/**
 * Whether it was made now.
 */
created: boolean, };

/**
 * An unknown device's request. Its debug text does not show the code.
 */
export type Pair = { 
/**
 * The one-time code.
 */
code: string, 
/**
 * The device's key.
 */
key: PublicKey, 
/**
 * For people.
 */
name: string, 
/**
 * `key`'s signature over the challenge, as in [`Register`]: the device has the key that it registers.
 */
proof: SignatureBytes, };

/**
 * Whether a device is there.
 */
export type PresenceInfo = "Online" | "Suspect" | { "Offline": { 
/**
 * The last sign of it.
 */
last_seen: Wall, } } | { "Sleeping": { 
/**
 * When.
 */
since: Wall, } } | { "Revoked": { 
/**
 * Since when.
 */
at: Wall, } };

/**
 * A tree of documents and assets that belong together.
 */
export type ProjectId = string;

/**
 * An Ed25519 public key as it travels: 32 bytes that may not be a point of the curve.
 */
export type PublicKey = Uint8Array;

/**
 * A refusal: its kind, and for people what was wrong and why.
 */
export type Refusal = { 
/**
 * For programs.
 */
code: ErrorCode, 
/**
 * For people.
 */
detail: string, };

/**
 * The dialing end's introduction and proof (seed 000: REGISTER).
 */
export type Register = { 
/**
 * Its key; its id is the hash of it.
 */
key: PublicKey, 
/**
 * Key for sealing secrets to this device (X25519), signed by `key`.
 */
sealing_key: Uint8Array, 
/**
 * `key`'s signature over the sealing key ([`crate::identity::sealing_key_payload`]).
 */
sealing_signature: SignatureBytes, 
/**
 * For people.
 */
name: string, 
/**
 * `linux`, `macos`, ...
 */
os: string, 
/**
 * For people and `doctor`.
 */
version: string, 
/**
 * Whether a node runs there, and what it offers; `None` for a client.
 */
node: Capabilities | null, 
/**
 * `key`'s signature over the challenge ([`crate::identity::challenge_payload`]).
 */
proof: SignatureBytes, };

/**
 * Joins a control request to its answer; a repeat with the same id asks the same thing.
 */
export type RequestId = string;

/**
 * Why a request went where it went.
 */
export type RouteReason = "LocalOwner" | "RunningElsewhere" | "ChosenByUser" | "ColdStartHere" | "ColdStartByCapability" | "SameNetwork";

/**
 * What happened in a run. Numbered from 1 without a gap per (run, attempt), by the owner only.
 */
export type RunEvent = { "Start": { 
/**
 * When.
 */
at: Wall, 
/**
 * Which kernel of the session this is, from 1: a higher number than before means that variables are gone.
 */
kernel: number, } } | { "Stdout": { 
/**
 * The new text only.
 */
content: string, } } | { "Stderr": { 
/**
 * The new text only.
 */
content: string, } } | { "StdinRequest": { 
/**
 * The text to show.
 */
prompt: string, 
/**
 * Whether what is typed must not be shown.
 */
password: boolean, } } | "StdinAnswered" | { "Display": { 
/**
 * The value.
 */
bundle: MimeBundle, 
/**
 * Names it for later [`RunEvent::DisplayUpdate`]s.
 */
display_id: string | null, } } | { "DisplayUpdate": { 
/**
 * The value.
 */
bundle: MimeBundle, 
/**
 * Which it replaces.
 */
display_id: string, } } | { "Asset": Asset } | { "ClearOutput": { 
/**
 * When the next one comes.
 */
wait: boolean, } } | { "Omitted": { 
/**
 * Number of the first that this stands for (its own number).
 */
from: number, 
/**
 * Number of the last.
 */
through: number, 
/**
 * Bytes of text that they had.
 */
bytes: number, } } | { "Result": RunResult } | { "Error": { 
/**
 * The error.
 */
error: ExecuteError, 
/**
 * How long the kernel took, in milliseconds.
 */
duration_ms: number, 
/**
 * The kernel's count, where it keeps one.
 */
execution_count: number | null, } };

/**
 * One execution of a cell (UUIDv7, chosen by the client, so that a repeated request is recognised).
 */
export type RunId = string;

/**
 * One run as the list of runs shows it.
 */
export type RunInfo = { 
/**
 * Its id.
 */
run: RunId, 
/**
 * Its place in the inbox.
 */
position: number, 
/**
 * When the owner accepted it.
 */
accepted_at: Wall, 
/**
 * Number of its last event so far.
 */
last_event: number, 
/**
 * How it ended; `None` while it waits or runs.
 */
outcome: RunOutcome | null, };

/**
 * How a run ended. Never [`RunEvent`]-numbered: the owner says it about the run as a whole.
 */
export type RunOutcome = "Succeeded" | "Failed" | { "Interrupted": { 
/**
 * Number of the last event that is known; 0 for none.
 */
seen_through: number, } } | "Cancelled" | "Unknown";

/**
 * Asks for one execution.
 */
export type RunRequest = { 
/**
 * Chosen by the client.
 */
run: RunId, 
/**
 * The client has sent this before and knows no answer. An owner that does not know the id does not run it.
 */
again: boolean, 
/**
 * What to execute.
 */
request: ExecuteRequest, };

/**
 * A good end.
 */
export type RunResult = { 
/**
 * The value of the last expression.
 */
result: MimeBundle | null, 
/**
 * The kernel's count, where it keeps one.
 */
executionCount: number | null, 
/**
 * How long the kernel took, in milliseconds.
 */
durationMs: number, };

/**
 * A message on a [`Destination::Run`] stream.
 */
export type RunUpdate = { "Attached": { 
/**
 * The owner.
 */
owner: NodeId, 
/**
 * Its name, for people.
 */
device_name: string, 
/**
 * Which execution the numbers belong to.
 */
attempt: number, } } | { "Event": { 
/**
 * Its number.
 */
number: number, 
/**
 * The event.
 */
event: RunEvent, } } | { "Ended": RunOutcome } | "Waiting" | { "Refused": Refusal };

/**
 * A kernel that a node can start.
 */
export type RuntimeSpec = { 
/**
 * Name of the kernelspec, unique on its node.
 */
kernel: string, 
/**
 * The language it runs.
 */
language: Language, 
/**
 * For people: `Python 3 (ipykernel)`.
 */
display_name: string, 
/**
 * For people: the interpreter or the environment's folder.
 */
environment: string, };

/**
 * Who a server is, as the dialing end knows it before it connects. Part of what the dialing end signs, so that a challenge
 * relayed by another server is refused.
 */
export type ServerIdentity = { "Ca": Uint8Array } | { "Origin": string } | { "Node": DeviceId };

/**
 * The answer to a [`SessionCall`].
 */
export type SessionAnswer = { "Accepted": { 
/**
 * Its place in the session's inbox.
 */
position: number, 
/**
 * The node that has it.
 */
owner: NodeId, 
/**
 * Under which fencing number.
 */
epoch: Epoch, } } | "UnknownRun" | "Done" | { "Session": SessionInfo } | { "Refused": Refusal } | { "Runs": Array<RunInfo> } | { "Told": KernelTold };

/**
 * Something asked of one session.
 */
export type SessionCall = { "Run": RunRequest } | { "Interrupt": { 
/**
 * The run meant.
 */
run: RunId | null, } } | { "Input": { 
/**
 * The run that asked.
 */
run: RunId, 
/**
 * The answer, without a line end.
 */
text: string, } } | { "SetEnvironment": Environment } | "Stop" | "Describe" | { "Runs": { 
/**
 * At most so many, and never more than [`crate::limits::RUNS_LISTED_MAX`].
 */
last: number, } } | { "Ask": KernelAsk } | "Reset" | { "RunCell": { 
/**
 * What to execute.
 */
asked: RunRequest, 
/**
 * The cell.
 */
cell: DocumentCell, } };

/**
 * A live compute session (UUIDv7, chosen by whoever creates it).
 */
export type SessionId = string;

/**
 * A session as lists and indicators show it.
 */
export type SessionInfo = { 
/**
 * Its id.
 */
id: SessionId, 
/**
 * Its name and language.
 */
key: SessionKey, 
/**
 * The node that owns it.
 */
owner: NodeId, 
/**
 * The owner's name, for people.
 */
device_name: string, 
/**
 * The owner's fencing number.
 */
epoch: Epoch, 
/**
 * What it is doing.
 */
state: SessionState, 
/**
 * How its kernel is started.
 */
environment: Environment, };

/**
 * What is unique within an account: one name may stand for one session per language.
 */
export type SessionKey = { 
/**
 * The name.
 */
name: SessionName, 
/**
 * The language of its kernel.
 */
language: Language, };

/**
 * A session's name as people type it: `project:name`.
 */
export type SessionName = { 
/**
 * The project it belongs to.
 */
project: string, 
/**
 * Its name within the project.
 */
name: string, };

/**
 * What a session is doing.
 */
export type SessionState = "Cold" | "Starting" | "Idle" | { "Busy": { 
/**
 * The run that is being executed.
 */
run: RunId, 
/**
 * Accepted runs behind it.
 */
waiting: number, } } | "Unreachable";

/**
 * An Ed25519 signature as it travels: its halves, since serde has arrays up to 32 only. 64 bytes in one in formats that carry
 * names.
 */
export type SignatureBytes = Uint8Array;

/**
 * Follows one request through every log, from the client to the kernel.
 */
export type TraceId = string;

/**
 * A variable.
 */
export type Variable = { 
/**
 * Its name; of a child, how it is reached: `[0]`, `['key']`, `.attribute`, `$column`.
 */
name: string, 
/**
 * Its type, as its language calls it.
 */
type: string, 
/**
 * Its value, short.
 */
value: string, 
/**
 * Bytes that it takes, where that is known.
 */
size: number | null, 
/**
 * Whether it has children.
 */
expandable: boolean, 
/**
 * Length of each dimension.
 */
shape: Array<number> | null, 
/**
 * Type of its elements.
 */
dtype: string | null, 
/**
 * How many elements it has.
 */
length: number | null, 
/**
 * Its first keys or column names.
 */
keys: Array<string> | null, };

/**
 * A variable and what is in it.
 */
export type VariableDetail = { 
/**
 * The variable itself.
 */
variable: Variable, 
/**
 * Its value, as long as was asked for.
 */
fullValue: string, 
/**
 * What is in it, in order.
 */
children: Array<Variable>, 
/**
 * Names of what can be called on it.
 */
methods: Array<string>, 
/**
 * Whether it has more children.
 */
truncated: boolean, };

/**
 * Milliseconds since the Unix epoch. Only to show to people: never compared with a deadline.
 */
export type Wall = number;

/**
 * The accepting end's agreement.
 */
export type Welcome = { 
/**
 * The account of the device.
 */
account: AccountId, 
/**
 * Generation of the control store that stands behind this link; 0 for a node, which has none.
 */
generation: number, 
/**
 * The server's time of day.
 */
at: Wall, };
