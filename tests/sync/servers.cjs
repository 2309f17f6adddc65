// The servers of the bench: each a process of its own on loopback, without TLS.

const { dirname, join } = require('node:path')
const { createServer } = require('node:net')
const { Mesh } = require('./mesh.cjs')
const { ended, started } = require('./processes.cjs')

/** Wayfare's cloud as it is, every change on disk. */
function wayfare (bin, folder) {
  return async () => {
    const mesh = await Mesh.start(bin, folder)
    return { child: mesh.cloud, ...mesh.door, end: () => mesh.end() }
  }
}

async function freePort () {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
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

module.exports = { hocuspocus, wayfare, yWebsocket }
