// What an app in a browser sees of a person's mesh. `index.ts` beside this file exports `pair`, `connect` and everything here.
//
// Ids are texts: a device is 64 hexadecimal digits, everything else a UUID in its usual form. Whoever makes a session or run
// makes its id (UUIDv7, `newId()`), so that a repeated request is recognised. Times are milliseconds since 1970 (UTC).
// Whatever can be refused is refused with a `MeshError`.

/** A value that changes. `subscribe` calls at once with the value of now, then at every change, and returns how to stop. */
export interface Readable<T> {
  get(): T;
  subscribe(listener: (value: T) => void): () => void;
}

/** Whether the home answers. `connecting`: being dialed, also again after a loss. `offline`: lost, and dialed again after a while.
 * `refused`: the home does not want this device (revoked, or another version); it is not dialed again. */
export type LinkState = 'connecting' | 'online' | 'offline' | 'refused';

/** One connection to a home (a cloud, or a node of this machine) that dials again by itself. */
export interface Mesh {
  /** This browser, as the mesh knows it. */
  readonly self: { deviceId: string; name: string };
  readonly state: Readable<LinkState>;
  /** Why the link is not there, for people; empty while it is. */
  readonly trouble: Readable<string>;
  /** The devices of the account, in order of name. Asked for again every few seconds while somebody subscribes. */
  readonly devices: Readable<Device[]>;
  /** The sessions of the account, in order of name. As `devices`. */
  readonly sessions: Readable<Session[]>;
  /** Asks for both lists now. */
  refresh(): Promise<void>;
  /** Executes code in the session of a project and notebook, which is made if there is none. */
  run(request: RunRequest): Run;
  /** Reads a run that was made before, here or elsewhere, from an event number on (1: all of it). */
  attach(session: string, run: string, from?: number): Run;
  /** The newest runs of a session, the newest first. */
  runs(session: string, last?: number): Promise<RunInfo[]>;
  /** Interrupts what the session executes; with a run only if it is that one (one that waits is taken back). */
  interrupt(session: string, run?: string): Promise<void>;
  /** Ends the session's kernel and starts a new one: variables are gone. */
  reset(session: string): Promise<void>;
  /** Ends the session's kernel. The name stays; the next run starts a new kernel. */
  shutdown(session: string): Promise<void>;
  /** How the session's kernel is started, from its next one on. */
  setEnvironment(session: string, environment: Environment): Promise<void>;
  /** How the code could go on at the cursor. A cursor counts characters (Unicode code points), not UTF-16 units. */
  complete(session: string, code: string, cursor: number): Promise<Completions>;
  /** What stands at the cursor. */
  inspect(session: string, code: string, cursor: number): Promise<Inspection>;
  /** Answers a run that asked for a line of input. */
  reply(session: string, run: string, text: string): Promise<void>;
  /** Opens a document: both ends hold a replica and say frames of y-protocols (synchronisation, presence). The account's list of
   * projects is the document of the nil id, a project's tree the document of the project's id (docs/documents.md). */
  document(id: string): DocumentChannel;
  /** The bytes of an asset (the id is their SHA-256). Rejects if the home has them not and can get at them nowhere. */
  asset(id: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Brings an asset to the home; what is there is not sent again. Ends when the home keeps it. */
  putAsset(id: string, file: Blob): Promise<void>;
  /** Every device calls that one so from now on. Several may have one name. */
  rename(deviceId: string, name: string): Promise<void>;
  /** The mesh refuses a device from now on, also this one. */
  revoke(deviceId: string): Promise<void>;
  /** Ends the connection for good; readers of runs get a `MeshError`. */
  close(): void;
}

/** A refusal, or a connection that was closed. */
export interface MeshError extends Error {
  /** For programs: `NoCapability`, `OwnerUnreachable`, `Forbidden`, … (`ErrorCode` of `protocol.ts`), or `Closed`. */
  readonly code: string;
}

/** A device of the account. */
export interface Device {
  id: string;
  name: string;
  /** `linux`, `macos`, `browser`, … */
  platform: string;
  presence: 'online' | 'suspect' | 'offline' | 'sleeping' | 'revoked';
  /** When it was last seen, fell asleep, or was revoked; `null` while it is there. */
  lastSeen: number | null;
  /** Whether code can run there. The next four are empty or `null` where not. */
  isNode: boolean;
  /** The languages of its runtimes, each once. */
  languages: string[];
  runtimes: Runtime[];
  hardware: Hardware | null;
  tags: string[];
  /** How busy it is, in per cent; `null` where it has not told. */
  load: { cpu: number; memory: number; gpu: number | null } | null;
  isThisDevice: boolean;
}

/** A kernel that a device can start. */
export interface Runtime {
  /** Name of its kernelspec. */
  kernel: string;
  language: string;
  /** `Python 3 (ipykernel)`. */
  displayName: string;
  /** The interpreter, or the folder of its environment. */
  environment: string;
}

export interface Hardware {
  /** Logical processors. */
  cpus: number;
  memoryBytes: number;
  gpus: { name: string; memoryBytes: number }[];
}

/** A live session: one kernel after another under one name. */
export interface Session {
  id: string;
  project: string;
  /** Its name in the project: that of the notebook. */
  name: string;
  /** `python`, `r`, `julia`, `bash`, `javascript`, `typescript`, … */
  language: string;
  /** Device id of its owner. */
  owner: string;
  ownerName: string;
  /** `cold`: no kernel, the next run starts one. `unreachable`: its owner is not connected. */
  state: 'cold' | 'starting' | 'idle' | 'busy' | 'unreachable';
  /** While busy: the run that is executed, and how many wait behind it. */
  busy: { run: string; waiting: number } | null;
  /** The owner's fencing number. */
  epoch: { generation: number; number: number };
  environment: Environment;
}

/** How a session's kernel is started on the device that has it. */
export interface Environment {
  /** Name of its kernelspec; `null`: the device's first for the language. */
  kernel: string | null;
  /** Folder of a virtual environment; goes before `kernel`. */
  venv: string | null;
  /** Working folder; `null`: the home folder. */
  cwd: string | null;
}

/** A cell of a document. */
export interface DocumentCell {
  project: string;
  document: string;
  /** The character with which its fence begins, as Yjs calls it. */
  begins: { client: number; clock: number };
}

/** What is to be executed, and where. */
export interface RunRequest {
  /** Project and notebook are the session's name: each 1 to 64 letters, digits, `-`, `_` or `.`. */
  project: string;
  notebook: string;
  /** A normal name: `python`, not `py`. */
  language: string;
  /** At most 1 MiB. */
  code: string;
  /** The cell it came from: path of the document in its project, and the cell's number from 1. */
  cell?: { document: string; index: number };
  /** The same cell by ids: the session's device writes its output there, once, when it has ended. */
  place?: DocumentCell;
  /** A UUIDv7, new for each run. Made here if it is not given. */
  runId?: string;
  /** Awaited before it is sent for the first time, with the session's id: by then it is to be noted that it is. */
  beforeSent?: (session: string) => Promise<void>;
  /** It was sent to that session before: from then on one that does not know it does not run it. */
  sentTo?: string;
  /** The device that is to have the session if it is made now. Otherwise the mesh chooses one. */
  device?: string;
  /** What the device must have if the session is made now. */
  needs?: { gpu?: boolean; memoryBytes?: number; tags?: string[] };
  /** How the kernel is started if the session is made now. */
  environment?: Partial<Environment>;
}

/** One execution, as it is read. */
export interface Run {
  /** Its id. */
  readonly id: string;
  /** The session's id, as soon as it is known. Rejects as `accepted` does. */
  readonly session: Promise<string>;
  /** When the owner has recorded it. Rejects with a `MeshError` if it is refused. Of an attached run: when it is found. */
  readonly accepted: Promise<Accepted>;
  /** What happens, gapless and once, whatever the link does. Ends after `ended`; throws a `MeshError` if it is refused. One reader. */
  readonly events: AsyncIterable<RunEvent>;
  /** Reads no more. The run itself goes on: `interrupt` ends it. */
  detach(): void;
}

/** Where a run is executed. */
export interface Accepted {
  session: string;
  /** Device id and name of the owner. */
  device: string;
  deviceName: string;
  /** Why there: `LocalOwner`, `RunningElsewhere`, `ChosenByUser`, `ColdStartHere`, `ColdStartByCapability`, `SameNetwork`; `null` of an attached run. */
  reason: string | null;
  /** Whether the session was made for this run. */
  created: boolean;
}

/** One value in several media types: text, or base64 for binary ones. */
export interface MimeBundle {
  data: Record<string, string>;
  /** By media type, as the kernel gave it. */
  metadata: Record<string, unknown>;
}

/** What happened in a run. `number` counts a run's events from 1 without a gap; what has none is about the run as a whole. */
export type RunEvent =
  /** Who executes it, and which execution of it this is: a higher attempt begins at 1 anew. Said at each (re)attachment. */
  | { kind: 'attached'; device: string; deviceName: string; attempt: number }
  /** Its owner, or the link, is away; events go on when it is back. */
  | { kind: 'waiting'; why: string }
  /** The kernel got the code. A higher `kernel` than in an earlier run of the session means that variables are gone. */
  | { kind: 'start'; number: number; at: number; kernel: number }
  | { kind: 'stdout' | 'stderr'; number: number; text: string }
  /** The code asks for a line: answer with `reply`. */
  | { kind: 'stdin'; number: number; prompt: string; password: boolean }
  /** Somebody answered. */
  | { kind: 'stdinAnswered'; number: number }
  | { kind: 'display'; number: number; bundle: MimeBundle; displayId: string | null }
  /** Replaces what was displayed under that id. */
  | { kind: 'displayUpdate'; number: number; bundle: MimeBundle; displayId: string }
  /** A file that the code left. */
  | { kind: 'asset'; number: number; path: string; url: string; mimeType: string; assetType: string; size: number }
  /** The output so far is to be cleared: now, or when the next comes. */
  | { kind: 'clear'; number: number; wait: boolean }
  /** Stands for the events `number` to `through`, which were not kept. */
  | { kind: 'omitted'; number: number; through: number; bytes: number }
  /** The last event of code that ended well. */
  | { kind: 'result'; number: number; bundle: MimeBundle | null; executionCount: number | null; durationMs: number }
  /** The last event of code that failed. */
  | { kind: 'error'; number: number; error: ExecuteError; executionCount: number | null; durationMs: number }
  /** The run is over; nothing follows. */
  | { kind: 'ended'; outcome: Outcome };

/** `interrupted`: it was started and its kernel was lost; what came before is shown. `cancelled`: taken back before it was started.
 * `unknown`: nobody can say whether it was executed. None of them is run again by itself. */
export type Outcome = 'succeeded' | 'failed' | 'interrupted' | 'cancelled' | 'unknown';

/** An error of the code. */
export interface ExecuteError {
  /** `ZeroDivisionError`. */
  type: string;
  message: string;
  /** Line by line, colours as ANSI codes. */
  traceback: string[];
  /** In the cell, from 1. */
  line: number | null;
  column: number | null;
}

/** One opening of a document's stream. It does not outlive the link: open another when `state` is `online` again. */
export interface DocumentChannel {
  /** Says one whole frame of y-protocols; it is cut into pieces here. Nothing happens once the channel is over. */
  send(frame: Uint8Array): void;
  /** What the other end says, whole frames. Ends with the channel; throws a `MeshError` if the document is refused. One reader. */
  readonly frames: AsyncIterable<Uint8Array>;
  /** Of the frames with changes sent on this channel, counted from 1, all through that number are durable at the other end. */
  readonly kept: Readable<number>;
  close(): void;
}

/** A run as the list of runs has it. */
export interface RunInfo {
  run: string;
  acceptedAt: number;
  /** Number of its last event so far. */
  lastEvent: number;
  /** `null` while it waits or is executed. */
  outcome: Outcome | null;
}

export interface Completions {
  matches: { label: string; kind: string | null; detail: string | null }[];
  /** The characters that a match replaces: from, and up to but not including. */
  start: number;
  end: number;
}

export interface Inspection {
  /** Whether the kernel knows anything; the rest is empty if not. */
  found: boolean;
  name: string;
  type: string | null;
  signature: string | null;
  value: string | null;
  docstring: string | null;
}

/** By what this browser is a device of a mesh. It can be stored in IndexedDB as it is; the key cannot be read out of it. */
export interface Credentials {
  /** The WebSocket of the home: `wss://host:port/link`. */
  url: string;
  /** Who the home must say that it is, as it was when this device was paired. */
  server: { Ca: Uint8Array } | { Origin: string } | { Node: string };
  /** The account that this device belongs to. */
  account: string;
  deviceId: string;
  name: string;
  /** Ed25519 of WebCrypto, the private half not extractable. */
  key: CryptoKeyPair;
  /** X25519 of WebCrypto, for secrets that are sealed to this device. */
  sealing: CryptoKeyPair;
  /** Shown to a node of this machine with each connection (`#token=` of the address that it prints). A cloud has none. */
  token?: string;
}

/**
 * Makes a key, and this browser a device of the mesh by a pairing string (`wayfare://HOST:PORT/CODE/ANCHOR`) or its bare code.
 * `home` is where the app was loaded from (`location.origin`), and where it is dialed. The code is good once.
 */
export type Pair = (home: string, pairingString: string, name: string) => Promise<Credentials>;

/** Makes a key for a home that asks for a token instead of pairing: the node of this machine. */
export type EnterLocal = (home: string, token: string, name: string) => Promise<Credentials>;

/** Connects, and dials again whenever the connection is lost. */
export type Connect = (credentials: Credentials) => Mesh;
