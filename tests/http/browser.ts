// A browser of a person, without its windows: the app's client of the mesh, told by lines of JSON what to do.
//
// Each line on standard input is an array, `[number, command, ...arguments]`; each line on standard output `{number, answer}` or
// `{number, refused: {code, detail}}`.

import { createInterface } from 'node:readline';
import { connect, enterLocal, pair, type Credentials, type Mesh, type Run, type RunRequest } from '../../cloud/web/src/mesh/index.ts';

let credentials: Credentials;
let mesh: Mesh;
const runs = new Map<string, { run: Run; next: AsyncIterator<unknown> }>();

/** The first value that is as wanted. */
function until<T>(readable: { subscribe(listener: (value: T) => void): () => void }, wanted: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const stop = readable.subscribe((value) => {
      if (!wanted(value)) return;
      resolve(value);
      queueMicrotask(() => stop());
    });
  });
}

function reading(run: Run): { run: Run; next: AsyncIterator<unknown> } {
  const read = { run, next: run.events[Symbol.asyncIterator]() };
  runs.set(run.id, read);
  return read;
}

/** Events until one of a kind, or the end. */
async function events(id: string, last: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (;;) {
    const { value, done } = await runs.get(id)!.next.next();
    if (done) return seen;
    seen.push(value);
    if ((value as { kind: string }).kind === last) return seen;
  }
}

const commands: Record<string, (...words: never[]) => unknown> = {
  async pair(home: string, string: string, name: string) {
    credentials = await pair(home, string, name);
    return { deviceId: credentials.deviceId, account: credentials.account, isExtractable: credentials.key.privateKey.extractable };
  },
  async enter(home: string, token: string, name: string) {
    credentials = await enterLocal(home, token, name);
    return { deviceId: credentials.deviceId };
  },
  connect() {
    mesh = connect(credentials);
  },
  self: () => mesh.self,
  state: (wanted: string) => until(mesh.state, (state) => state === wanted),
  trouble: () => mesh.trouble.get(),
  /** The devices, once one of that name is there and as wanted. */
  async devices(name: string, presence: string) {
    return until(mesh.devices, (all) => all.some((device) => device.name === name && device.presence === presence));
  },
  sessions: (name: string) => until(mesh.sessions, (all) => all.some((session) => session.name === name)),
  begin: (request: RunRequest) => reading(mesh.run(request)).run.id,
  attach: (session: string, run: string, from: number) => reading(mesh.attach(session, run, from)).run.id,
  accepted: (run: string) => runs.get(run)!.run.accepted,
  events,
  runs: (session: string) => mesh.runs(session),
  reply: (session: string, run: string, text: string) => mesh.reply(session, run, text),
  interrupt: (session: string, run: string) => mesh.interrupt(session, run),
  complete: (session: string, code: string, cursor: number) => mesh.complete(session, code, cursor),
  reset: (session: string) => mesh.reset(session),
  revoke: (device: string) => mesh.revoke(device),
  /** What a page would load: status, type, policy, and how the text begins. */
  async loads(url: string) {
    const response = await fetch(url);
    const of = (name: string) => response.headers.get(name);
    const begins = (await response.text()).slice(0, 15);
    return { status: response.status, type: of('content-type'), policy: of('content-security-policy'), begins };
  },
  /** The status with which a WebSocket is answered that a page of some origin asks for. */
  async upgrades(url: string, origin: string) {
    const { request } = await (url.startsWith('https') ? import('node:https') : import('node:http'));
    const headers = {
      Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', Origin: origin,
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Protocol': 'wayfare.v1.msgpack',
    };
    return new Promise((resolve, reject) => {
      const asked = request(url, { headers });
      asked.on('response', (response) => resolve(response.statusCode));
      asked.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response.statusCode);
      });
      asked.on('error', reject);
      asked.end();
    });
  },
  /** Opens a document's stream and says a frame; gives the first frame of the other end, as hexadecimal digits. */
  async document(id: string, said: string) {
    const channel = mesh.document(id);
    channel.send(Buffer.from(said, 'hex'));
    for await (const frame of channel.frames) {
      channel.close();
      return Buffer.from(frame).toString('hex');
    }
    return null;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [number, command, ...words] = JSON.parse(line) as [number, string, ...never[]];
  Promise.resolve()
    .then(() => commands[command]!(...words))
    .then(
      (answer) => console.log(JSON.stringify({ number, answer: answer ?? null })),
      (error: Error & { code?: string }) =>
        console.log(JSON.stringify({ number, refused: { code: error.code ?? error.name, detail: error.message } })),
    );
}
process.exit(0);
