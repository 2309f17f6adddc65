// A real mesh for the tests: a cloud, a node with a Python kernel, and the app as they serve it. Needs the programs
// (WAYFARE_TEST_PROGRAMS) and a Python with ipykernel (WAYFARE_TEST_PYTHON).

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PROGRAMS = process.env.WAYFARE_TEST_PROGRAMS;
const PYTHON = process.env.WAYFARE_TEST_PYTHON;

/** Whether there is what it needs. */
export const hasPrograms = Boolean(PROGRAMS && PYTHON && existsSync(join(PROGRAMS, 'wayfare-cloud')));

async function until(what, is) {
  for (let tries = 0; tries < 600; tries++) {
    const found = await is();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not come`);
}

export class RealMesh {
  #folder = mkdtempSync(join(tmpdir(), 'wayfare-app-'));
  #running = new Map();
  /** `https://127.0.0.1:PORT` of the cloud. */
  origin = '';
  /** The address of the app at the node, with its token. */
  local = '';

  async begin() {
    await this.startCloud();
    await this.addNode('node', 'MacBook Pro', ['--http-listen', '127.0.0.1:0']);
    this.local = this.#wayfare('app').trim().split('\n').find((line) => line.includes('http://')).trim();
  }

  /** Starts the cloud, where it was if it was there before. */
  async startCloud() {
    const [data, listen] = [this.#at('cloud'), this.origin.replace('https://', '') || '127.0.0.1:0'];
    rmSync(join(data, 'listen.addr'), { force: true });
    this.#start('cloud', 'wayfare-cloud', ['serve', '--data-dir', data, '--listen', listen, '--admin-listen', '127.0.0.1:0']);
    const address = await until('the cloud', () => existsSync(join(data, 'listen.addr')) && readFileSync(join(data, 'listen.addr'), 'utf8').trim());
    this.origin = `https://${address}`;
  }

  /** Pairs a node with the cloud and starts it. Its data folder and its program are called `program`. */
  async addNode(program, name, words = []) {
    execFileSync(join(PROGRAMS, 'wayfare'), ['--data-dir', this.#at(program), 'login', this.pairing(), '--name', name]);
    await this.startNode(program, name, words);
  }

  /** Starts a node that was paired. */
  async startNode(program, name, words = []) {
    this.#start(program, 'wayfare-node', ['--data-dir', this.#at(program), '--name', name, '--venv', dirname(dirname(PYTHON)), ...words]);
    await until(name, () => /^ready /m.test(this.#log(program))).catch((error) => Promise.reject(new Error(`${error.message}: ${this.#log(program)}`)));
  }

  /** Stops a program as a closed lid does, or lets it go on. */
  freeze(program) {
    this.#running.get(program).kill('SIGSTOP');
  }

  thaw(program) {
    this.#running.get(program)?.kill('SIGCONT');
  }

  pairing() {
    return execFileSync(join(PROGRAMS, 'wayfare-cloud'), ['pair', '--data-dir', this.#at('cloud')], { encoding: 'utf8' }).trim().split('\n').find((line) => line.includes('wayfare'));
  }

  /** Makes a document with a text, at the node. */
  write(path, text) {
    const file = join(this.#folder, 'text.md');
    writeFileSync(file, text);
    this.#wayfare('docs', 'new', path);
    this.#wayfare('docs', 'edit', path, '--from', file);
  }

  read(path) {
    return this.#wayfare('docs', 'cat', path);
  }

  /** The runs that wait in a document, as the command line lists them. */
  queue(path) {
    return this.#wayfare('docs', 'queue', path).trim().split('\n').slice(1);
  }

  /** The files of a project that are no documents, as the command line lists them. */
  files(project) {
    return this.#wayfare('project', 'files', project);
  }

  /** Ends a program at once. */
  async kill(name, signal = 'SIGKILL') {
    const child = this.#running.get(name);
    if (!child) return;
    this.#running.delete(name);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null) {
      child.kill(signal);
      await gone;
    }
  }

  /** Ends a session for good: its host outlives its node. */
  stop(session) {
    try {
      this.#wayfare('session', 'stop', session);
    } catch {
      // it never lived
    }
  }

  async end() {
    for (const { key } of this.#lines('session', 'list')) this.stop(`${key.name.project}:${key.name.name}`);
    for (const program of ['node', 'desk', 'cloud']) await this.kill(program, 'SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The account's devices, as the mesh tells of them. */
  devices() {
    return this.#lines('device', 'list');
  }

  /** What the command line answers as lines of JSON; nothing where nobody answers. */
  #lines(...words) {
    try {
      return this.#wayfare(...words, '--json').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
    } catch {
      return [];
    }
  }

  #at(name) {
    return join(this.#folder, name);
  }

  #log(name) {
    return existsSync(this.#at(`${name}.log`)) ? readFileSync(this.#at(`${name}.log`), 'utf8') : '';
  }

  #wayfare(...words) {
    return execFileSync(join(PROGRAMS, 'wayfare'), ['--data-dir', this.#at('node'), ...words], { encoding: 'utf8' });
  }

  #start(name, program, words) {
    // A device that is lost is given up sooner than people would have it.
    const env = { ...process.env, WAYFARE_CLOUD_LIMITS__OFFLINE_AFTER_CLOSE: '4s' };
    const child = spawn(join(PROGRAMS, program), words, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const keep = (piece) => writeFileSync(this.#at(`${name}.log`), piece, { flag: 'a' });
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#running.set(name, child);
  }
}
