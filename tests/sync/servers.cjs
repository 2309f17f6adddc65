// The servers of the bench: each a process of its own on loopback, without TLS.

const { execFile, spawn } = require('node:child_process')
const { readFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { createServer } = require('node:net')
const { promisify } = require('node:util')

const PATIENCE_MS = 60_000
const PROJECT = 'bench'

const run = promisify(execFile)
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function until (what, look) {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
    await pause(20)
  }
}

/** A process whose end before ours is an error. */
function started (program, words, env = {}) {
  const child = spawn(program, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.resume()
  child.on('error', (error) => { throw error })
  child.on('exit', (status) => { if (!child.isEnding) throw new Error(`${program} ended with ${status}`) })
  return child
}

async function ended (child) {
  child.isEnding = true
  const exit = new Promise((resolve) => child.on('exit', resolve))
  child.kill('SIGTERM')
  await exit
}

/** Resident memory, by proc(5). */
function residentKib (child) {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1])
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Wayfare's cloud as it is, every change on disk; `bin` has its programs, and `folder` is on a disk. */
function wayfare (bin, folder) {
  return async () => {
    mkdirSync(folder, { recursive: true })
    const place = mkdtempSync(join(folder, 'sync-'))
    const [data, config, device] = ['cloud', 'cloud.toml', 'device'].map((name) => join(place, name))
    writeFileSync(config, `data_dir = ${JSON.stringify(data)}\nhttp_listen = "127.0.0.1:0"\n[tls]\nplaintext = true\n`)
    const cloud = join(bin, 'wayfare-cloud')
    const listen = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0']
    const child = started(cloud, ['serve', '--config', config, '--log', 'warn', ...listen])
    const read = (name) => { try { return readFileSync(join(data, name), 'utf8').trim() } catch { return '' } }
    await until('the cloud', () => read('listen.addr')) // it comes last
    const pairing = async () => (await run(cloud, ['pair', '--config', config])).stdout.split(/\s+/).find((word) => word.startsWith('wayfare'))
    const says = async (...words) => (await run(join(bin, 'wayfare'), ['--data-dir', device, ...words])).stdout
    await says('login', await pairing(), '--name', 'bench')
    await says('docs', 'new', `${PROJECT}/first.md`)
    const { token } = JSON.parse(await says('--json', 'device', 'token', await pairing(), '--name', 'editors'))
    const address = read('http.addr')
    return {
      child,
      names: false,
      url: (room) => `ws://${address}/sync/${PROJECT}/${room}?token=${encodeURIComponent(token)}`,
      async end () {
        await ended(child)
        rmSync(place, { recursive: true })
      }
    }
  }
}

/** A server for Node.js, which is up when it says so. */
function peer (script, names) {
  return async () => {
    const port = await freePort()
    const child = started(process.execPath, [script], { HOST: '127.0.0.1', PORT: String(port) })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    return { child, names, url: (room) => `ws://127.0.0.1:${port}/${names ? '' : room}`, end: () => ended(child) }
  }
}

const yWebsocket = () => peer(join(dirname(require.resolve('@y/websocket-server/package.json')), 'src/server.js'), false)
const hocuspocus = () => peer(join(__dirname, 'hocuspocus.cjs'), true)

module.exports = { hocuspocus, pause, residentKib, wayfare, yWebsocket }
