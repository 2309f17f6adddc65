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
    this.#wayfare('login', this.pairing(), '--name', 'MacBook Pro');
    this.#start('node', 'wayfare-node', ['--data-dir', this.#at('node'), '--name', 'MacBook Pro', '--venv', dirname(dirname(PYTHON)), '--http-listen', '127.0.0.1:0']);
    await until('the node', () => /^ready /m.test(this.#log('node'))).catch((error) => Promise.reject(new Error(`${error.message}: ${this.#log('node')}`)));
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

  async end() {
    try {
      for (const session of ['analysis:main']) this.#wayfare('session', 'stop', session);
    } catch {
      // it never lived
    }
    await this.kill('node', 'SIGTERM');
    await this.kill('cloud', 'SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
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
    const child = spawn(join(PROGRAMS, program), words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (piece) => writeFileSync(this.#at(`${name}.log`), piece, { flag: 'a' });
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#running.set(name, child);
  }
}
