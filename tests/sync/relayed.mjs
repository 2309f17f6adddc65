// Takes the place of Yjs's own test connector: its users are documents of their own that meet at Wayfare's doors, by the stock provider.
//
// The tests of Yjs call `applyRandomTests` and look at what it gives. Here that takes a while: a test that asks for it is ended, what it
// asked for is carried out, and the test begins again, now with the outcome.

import * as prng from 'lib0/prng'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { compare } from 'yjs/testHelper'

export * from 'yjs'
export { compare }

const USERS = 5
const PATIENCE_MS = 20_000

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits for what others are to bring about. */
export async function until (what, look) {
  for (const end = Date.now() + PATIENCE_MS; !look();) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
    await pause(2)
  }
}

export const provide = (door, room, doc, options = {}) => new WebsocketProvider(door.url, room, doc, {
  WebSocketPolyfill: WebSocket, params: { token: door.token }, disableBc: true, ...options
})

/** A user as `compare` knows them. */
class User extends Y.Doc {
  constructor (door, room, number) {
    super()
    this.clientID = number
    this.updates = []
    this.on('update', (update) => this.updates.push(update))
    this.provider = provide(door, room, this)
    this.tc = { flushAllMessages: () => false } // everything has arrived when they are compared
  }

  get isOnline () {
    return this.provider.shouldConnect
  }

  connect () {
    this.provider.connect()
  }

  disconnect () {
    this.provider.disconnect()
  }

  destroy () {
    this.provider.destroy()
    super.destroy()
  }
}

const state = (doc) => Buffer.from(Y.encodeSnapshot(Y.snapshot(doc))).toString('base64')
const isOne = (docs) => docs.every((doc) => doc.provider.synced) && new Set(docs.map(state)).size <= 1

/** Whoever is online has everything that anybody has who is. */
const settle = (users) => until('they have one state', () => isOne(users.filter((user) => user.isOnline)))

/** As in Yjs's own `applyRandomTests`, but for messages: here the network decides when they come. */
async function carryOut ({ gen, mods, iterations, initTestObject }, doors, room) {
  const users = []
  for (let number = 0; number < USERS; number++) {
    users.push(new User(doors[number % doors.length], room, number))
    if (number === 0) await until('the first is in step', () => users[0].provider.synced) // it has made the document
  }
  await settle(users)
  const testObjects = users.map(initTestObject ?? (() => null))
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (prng.int32(gen, 0, 100) <= 2) {
      const wants = prng.bool(gen)
      const can = users.filter((user) => user.isOnline !== wants)
      if (can.length > 0) prng.oneOf(gen, can)[wants ? 'connect' : 'disconnect']()
    } else if (prng.int32(gen, 0, 100) <= 1) {
      await settle(users)
    } else if (prng.int32(gen, 0, 100) <= 50) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    const user = prng.int32(gen, 0, users.length - 1)
    prng.oneOf(gen, mods)(users[user], gen, testObjects[user])
  }
  users.forEach((user) => user.connect())
  await settle(users)
  const relayed = [...users]
  compare(relayed) // it destroys them
  return { users, testObjects }
}

/** What a test asks for that is not there yet. */
class Wanted {
  constructor (asked) {
    Object.assign(this, asked)
  }
}

let outcomes = []
let next = 0

export function applyRandomTests (tc, mods, iterations, initTestObject) {
  if (next === outcomes.length) throw new Wanted({ gen: tc.prng, mods, iterations, initTestObject })
  return outcomes[next++]
}

export function init () {
  throw new Error('only random tests are carried out here')
}

/** Runs a test of Yjs, with documents in rooms of that name. */
export async function run (test, seed, doors, name) {
  outcomes = []
  for (;;) {
    next = 0
    try {
      return test({ prng: prng.create(seed) })
    } catch (asked) {
      if (!(asked instanceof Wanted)) throw asked
      outcomes.push(await carryOut(asked, doors, `${name}-${outcomes.length}.md`))
    }
  }
}
