// What y-protocols says that a relay does: frame by frame for synchronisation, and its own test of awareness between two doors.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as t from 'lib0/testing'
import WebSocket from 'ws'
import * as sync from 'y-protocols/sync'
import * as awareness from 'y-protocols/awareness'
import * as Y from 'yjs'
import { provide, until } from './relayed.mjs'

const [SYNC, AWARENESS, AWARENESS_QUERY] = [0, 1, 3]

/** A socket and the frames that came over it: what they are, and their bytes. */
class Frames {
  constructor ({ url, token }, room) {
    this.came = []
    this.socket = new WebSocket(`${url}/${room}?token=${encodeURIComponent(token)}`)
    this.socket.binaryType = 'arraybuffer'
    this.socket.on('message', (data) => {
      const decoder = decoding.createDecoder(new Uint8Array(data))
      const kind = decoding.readVarUint(decoder)
      const what = kind === SYNC ? decoding.readVarUint(decoder) : null
      this.came.push({ kind, what, bytes: decoding.readVarUint8Array(decoder) })
    })
  }

  send (kind, write = () => undefined) {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, kind)
    write(encoder)
    this.socket.send(encoding.toUint8Array(encoder))
  }

  /** The next frame of that kind; others before it are passed over. */
  async next (kind, what = null) {
    const isWanted = (frame) => frame.kind === kind && frame.what === what
    await until(`a frame ${kind} ${what}`, () => this.came.some(isWanted))
    return this.came.splice(0, this.came.findIndex(isWanted) + 1).pop().bytes
  }
}

const changed = (change) => {
  const doc = new Y.Doc()
  change(doc)
  return doc
}

export async function syncCases (door, room) {
  const [first, second] = [new Frames(door, room), new Frames(door, room)]
  // The server speaks first: it says what it has, which is what it lacks of us.
  const vector = await first.next(SYNC, sync.messageYjsSyncStep1)
  await second.next(SYNC, sync.messageYjsSyncStep1)
  const mine = changed((doc) => doc.getText('content').insert(0, 'one '))
  first.send(SYNC, (encoder) => sync.writeSyncStep2(encoder, mine, vector))
  // Whoever is there is told of it, once.
  const theirs = new Y.Doc()
  Y.applyUpdate(theirs, await second.next(SYNC, sync.messageYjsUpdate))
  t.assert(theirs.getText('content').toString().endsWith('one '))
  // A state vector is answered with what it lacks, and nothing else.
  second.send(SYNC, (encoder) => sync.writeSyncStep1(encoder, new Y.Doc()))
  Y.applyUpdate(theirs, await second.next(SYNC, sync.messageYjsSyncStep2))
  second.send(SYNC, (encoder) => sync.writeSyncStep1(encoder, theirs))
  const nothing = await second.next(SYNC, sync.messageYjsSyncStep2)
  t.compare(Y.decodeUpdate(nothing).structs, [])
  // A change is told to others and not to its sender.
  let update = null
  theirs.once('update', (bytes) => { update = bytes })
  theirs.getText('content').insert(0, 'two ')
  second.send(SYNC, (encoder) => sync.writeUpdate(encoder, update))
  t.compare(await first.next(SYNC, sync.messageYjsUpdate), update)
  t.assert(!second.came.some(({ what }) => what === sync.messageYjsUpdate))
  // What is known is told to nobody; a question for presence is answered if there is any.
  second.send(SYNC, (encoder) => sync.writeUpdate(encoder, update))
  const present = new awareness.Awareness(new Y.Doc())
  const states = awareness.encodeAwarenessUpdate(present, [present.clientID])
  second.send(AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, states))
  await second.next(AWARENESS)
  first.came = []
  first.send(AWARENESS_QUERY)
  t.compare(await first.next(AWARENESS), states)
  t.assert(!first.came.some(({ what }) => what === sync.messageYjsUpdate))
  for (const frames of [first, second]) frames.socket.close()
  present.destroy()
}

/** Clients that open a room together which is not there yet. */
export async function openingCase ({ url, token }, room) {
  const docs = Array.from({ length: 8 }, () => new Y.Doc())
  const providers = docs.map((doc) => provide({ url, token }, room, doc))
  await until('all are in step', () => providers.every(({ synced }) => synced))
  docs.forEach((doc, number) => doc.getArray('names').push([number]))
  await until('all have what all wrote', () => docs.every((doc) => doc.getArray('names').length === docs.length))
  providers.forEach((provider) => provider.destroy())
}

/** `testAwareness` of y-protocols, with the relay between the two. */
export async function awarenessCase (doors, room) {
  const [doc1, doc2] = [new Y.Doc(), new Y.Doc()]
  doc1.clientID = 0
  doc2.clientID = 1
  const [aw1, aw2] = [new awareness.Awareness(doc1), new awareness.Awareness(doc2)]
  const first = provide(doors[0], room, doc1, { awareness: aw1 })
  await until('the first is in step', () => first.synced)
  const second = provide(doors[doors.length - 1], room, doc2, { awareness: aw2 })
  await until('the second is in step', () => second.synced)
  let [lastChangeLocal, lastChange] = [null, null]
  aw1.on('change', (change) => { lastChangeLocal = change })
  aw2.on('change', (change) => { lastChange = change })
  const clock = () => aw2.meta.get(0)?.clock
  aw1.setLocalState({ x: 3 })
  await until('the first state', () => clock() === 1)
  t.compare(aw2.getStates().get(0), { x: 3 })
  t.compare(lastChange.added, [0])
  t.compare(lastChangeLocal, { added: [], updated: [0], removed: [] })
  lastChange = lastChangeLocal = null
  aw1.setLocalState({ x: 4 })
  await until('the second state', () => clock() === 2)
  t.compare(aw2.getStates().get(0), { x: 4 })
  t.compare(lastChangeLocal, { added: [], updated: [0], removed: [] })
  t.compare(lastChangeLocal, lastChange)
  lastChange = lastChangeLocal = null
  aw1.setLocalState({ x: 4 })
  await until('the same state again', () => clock() === 3)
  t.assert(lastChange === null)
  t.compare(lastChangeLocal, lastChange)
  aw1.setLocalState(null)
  await until('it is gone', () => lastChange !== null)
  t.assert(lastChange.removed.length === 1)
  t.compare(aw1.getStates().get(0), undefined)
  t.compare(lastChangeLocal, lastChange)
  for (const end of [first, second, doc1, doc2]) end.destroy()
}
