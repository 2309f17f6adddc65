// A client of a document that costs the same at every server: a socket, a Y.Doc, and the protocol that the server speaks.

const WebSocket = require('ws')
const Y = require('yjs')
const sync = require('y-protocols/sync')
const encoding = require('lib0/encoding')
const decoding = require('lib0/decoding')

const SYNC = 0
const AUTH = 2
// Hocuspocus answers a state vector so.
const SYNC_REPLY = 4

class Client {
  /** `names`: every message begins with the document's name, and a token is shown first, as Hocuspocus wants it. */
  constructor ({ url, names }, room) {
    this.name = names ? room : null
    this.doc = new Y.Doc()
    this.text = this.doc.getText('content')
    this.applied = () => undefined
    this.socket = new WebSocket(url(room), { perMessageDeflate: false })
    this.socket.binaryType = 'arraybuffer'
    this.synced = new Promise((resolve, reject) => {
      this.isSynced = resolve
      this.socket.on('error', reject)
      this.socket.on('close', (code, reason) => reject(new Error(`let go: ${code} ${reason}`)))
    })
    this.synced.catch(() => undefined) // told to whoever waits for it
    this.socket.on('open', () => {
      if (this.name !== null) {
        this.send(AUTH, (encoder) => {
          encoding.writeVarUint(encoder, 0)
          encoding.writeVarString(encoder, 'anybody')
        })
      }
      this.send(SYNC, (encoder) => sync.writeSyncStep1(encoder, this.doc))
    })
    this.socket.on('message', (data) => this.take(new Uint8Array(data)))
    this.doc.on('update', (update, origin) => {
      if (origin !== this) this.send(SYNC, (encoder) => sync.writeUpdate(encoder, update))
    })
  }

  send (kind, write) {
    const encoder = encoding.createEncoder()
    if (this.name !== null) encoding.writeVarString(encoder, this.name)
    encoding.writeVarUint(encoder, kind)
    write(encoder)
    this.socket.send(encoding.toUint8Array(encoder))
  }

  take (data) {
    const decoder = decoding.createDecoder(data)
    if (this.name !== null) decoding.readVarString(decoder)
    const kind = decoding.readVarUint(decoder)
    if (kind !== SYNC && kind !== SYNC_REPLY) return
    const answer = encoding.createEncoder()
    const what = sync.readSyncMessage(decoder, answer, this.doc, this)
    if (encoding.length(answer) > 0) {
      this.send(SYNC, (encoder) => encoding.writeUint8Array(encoder, encoding.toUint8Array(answer)))
    }
    if (what === sync.messageYjsSyncStep2) this.isSynced()
    else if (what === sync.messageYjsUpdate) this.applied()
  }

  close () {
    this.socket.terminate()
    this.doc.destroy()
  }
}

/** Clients of one room that have everything. Few at a time: a server lets so many strangers in. */
async function connected (server, room, count) {
  const first = new Client(server, room) // it makes the document
  await first.synced
  const clients = [first]
  while (clients.length < count) {
    const more = Array.from({ length: Math.min(32, count - clients.length) }, () => new Client(server, room))
    await Promise.all(more.map((client) => client.synced))
    clients.push(...more)
  }
  return clients
}

module.exports = { connected }
