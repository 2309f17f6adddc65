// A cloud of Wayfare's on loopback without TLS, everything that is kept on disk, and a node of it.

const { execFile } = require('node:child_process')
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { promisify } = require('node:util')
const { ended, started, until } = require('./processes.cjs')

const run = promisify(execFile)
const PROJECT = 'bench'

class Mesh {
  /** `bin` has the programs; `folder` is on a disk. */
  static async start (bin, folder) {
    mkdirSync(folder, { recursive: true })
    const mesh = new Mesh()
    Object.assign(mesh, { bin, place: mkdtempSync(join(folder, 'sync-')), children: [] })
    const config = 'http_listen = "127.0.0.1:0"\n[tls]\nplaintext = true\n'
    writeFileSync(join(mesh.place, 'cloud.toml'), `data_dir = ${JSON.stringify(join(mesh.place, 'cloud'))}\n${config}`)
    const listen = ['--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0']
    mesh.cloud = mesh.starts('wayfare-cloud', ['serve', '--config', join(mesh.place, 'cloud.toml'), '--log', 'warn', ...listen])
    await until('the cloud', () => mesh.read('cloud/listen.addr')) // it comes last
    await mesh.pairs('device')
    await mesh.says('device', 'docs', 'new', PROJECT)
    const { token } = JSON.parse(await mesh.says('device', '--json', 'device', 'token', await mesh.pairing(), '--name', 'editors'))
    mesh.door = { names: false, url: mesh.url(mesh.read('cloud/http.addr'), token) }
    return mesh
  }

  /** A device with a node, whose files are in `n`: the path of a socket is short. */
  async node () {
    await this.pairs('n')
    const data = join(this.place, 'n')
    const child = this.starts('wayfare-node', ['--data-dir', data, '--name', 'desk', '--http-listen', '127.0.0.1:0', '--log', 'warn'])
    await until('the node', () => this.read('n/door/http.addr'))
    await until('the door', () => this.says('n', 'docs', 'list').then(() => true, () => false))
    return { child, door: { names: false, url: this.url(this.read('n/door/http.addr'), this.read('n/http.token')) } }
  }

  url (address, token) {
    return (room) => `ws://${address}/sync/${PROJECT}/${room}?token=${encodeURIComponent(token)}`
  }

  starts (program, words) {
    const child = started(join(this.bin, program), words)
    this.children.unshift(child)
    return child
  }

  read (name) {
    try {
      return readFileSync(join(this.place, name), 'utf8').trim()
    } catch {
      return ''
    }
  }

  async pairing () {
    const { stdout } = await run(join(this.bin, 'wayfare-cloud'), ['pair', '--config', join(this.place, 'cloud.toml'), '--log', 'warn'])
    return stdout.split(/\s+/).find((word) => word.startsWith('wayfare'))
  }

  async pairs (name) {
    await this.says(name, 'login', await this.pairing(), '--name', name)
  }

  /** The command line of a device. */
  async says (name, ...words) {
    const most = { maxBuffer: 1 << 28 }
    return (await run(join(this.bin, 'wayfare'), ['--data-dir', join(this.place, name), ...words], most)).stdout
  }

  async end () {
    for (const child of this.children) await ended(child)
    rmSync(this.place, { recursive: true })
  }
}

module.exports = { Mesh, PROJECT }
