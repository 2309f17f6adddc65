// What relaying documents costs: Wayfare's cloud beside the servers that people run for Yjs. Says one line of JSON.
//
// Arguments: the folder of Wayfare's programs, and a folder on a disk. Servers take turns within a round; a figure is the median of the
// rounds. Writer and readers share this process, so what a client costs is in every figure. What counts is the text that readers have
// applied, however many messages it came in. Wayfare's cloud writes every change to disk; the others keep documents in memory.
//
// n1, n50             from typing one character, 100 a second, until a reader has it: 1 reader, 50 readers
// max_updates_s       characters a second that one reader gets, of a writer that waits when 400 have not arrived
// max_deliveries_s_n10  the same with 10 readers: what all of them get
// kib_per_idle_connection  resident memory of the server by 5,000 connections to one document, each in step
// ratio_to_best_peer  how much better than the best of the others; above 1 is better, also where less is more
// peers               the same figures of the others

const { connected } = require('./client.cjs')
const { kib, pause } = require('./processes.cjs')
const { hocuspocus, wayfare, yWebsocket } = require('./servers.cjs')

const ROUNDS = 5
const IDLE_ROUNDS = 3
const TYPED = 300
const EVERY_MS = 10
const WARM_UP = 50
const FLOOD_MS = 2_000
const WINDOW = 400
const IDLE = 5_000
const SETTLE_MS = 1_500
const LESS_IS_MORE = /_ms$|^kib_/

const [bin, folder] = process.argv.slice(2)
const servers = { wayfare: wayfare(bin, folder), 'y-websocket': yWebsocket(), hocuspocus: hocuspocus() }

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
const percentile = (values, percent) => values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil((values.length * percent) / 100) - 1)]
const rounded = (value) => Number(value.toPrecision(4))

/** Milliseconds from typing a character until a reader has it, of every character and reader. */
async function delays (server, room, count) {
  const [writer, ...readers] = await connected(server, room, count + 1)
  const [typed, seen] = [[], []]
  for (const reader of readers) {
    let has = 0
    reader.applied = () => {
      const now = performance.now()
      for (; has < reader.text.length; has++) if (has >= WARM_UP) seen.push(now - typed[has])
    }
  }
  const began = performance.now()
  for (let number = 0; number < WARM_UP + TYPED; number++) {
    await pause(Math.max(0, began + number * EVERY_MS - performance.now()))
    typed.push(performance.now())
    writer.text.insert(number, 'x')
  }
  while (seen.length < TYPED * count) await pause(10)
  for (const client of [writer, ...readers]) client.close()
  return seen
}

/** Characters a second that all readers together have got. */
async function deliveries (server, room, count) {
  const [writer, ...readers] = await connected(server, room, count + 1)
  const arrived = () => Math.min(...readers.map((reader) => reader.text.length))
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const began = performance.now()
  let typed = 0
  while (performance.now() < began + FLOOD_MS) {
    for (const end = arrived() + WINDOW; typed < end; typed++) writer.text.insert(typed, 'x')
    await turn()
  }
  while (arrived() < typed) await turn()
  const seconds = (performance.now() - began) / 1000
  for (const client of [writer, ...readers]) client.close()
  return (typed * count) / seconds
}

async function idleKib (start) {
  const server = await start()
  const before = kib(server.child)
  const clients = await connected(server, 'idle.md', IDLE)
  await pause(SETTLE_MS)
  const grown = (kib(server.child) - before) / IDLE
  for (const client of clients) client.close()
  await server.end()
  return grown
}

async function round (server, number) {
  const [one, fifty] = [await delays(server, `one-${number}.md`, 1), await delays(server, `fifty-${number}.md`, 50)]
  return {
    n1_p50_ms: percentile(one, 50),
    n1_p99_ms: percentile(one, 99),
    n50_p50_ms: percentile(fifty, 50),
    n50_p99_ms: percentile(fifty, 99),
    max_updates_s: await deliveries(server, `flood-${number}.md`, 1),
    max_deliveries_s_n10: await deliveries(server, `flood-ten-${number}.md`, 10)
  }
}

/** The names, beginning with another one each time. */
const turned = (names, by) => [...names.slice(by % names.length), ...names.slice(0, by % names.length)]

async function main () {
  const names = Object.keys(servers)
  const figures = Object.fromEntries(names.map((name) => [name, {}]))
  const note = (name, row, value) => (figures[name][row] ??= []).push(value)
  const running = {}
  for (const name of names) running[name] = await servers[name]()
  for (let number = 0; number < ROUNDS; number++) {
    for (const name of turned(names, number)) {
      const rows = await round(running[name], number)
      for (const [row, value] of Object.entries(rows)) note(name, row, value)
      console.error(name, number, JSON.stringify(rows, (_, value) => (typeof value === 'number' ? rounded(value) : value)))
    }
  }
  for (const name of names) await running[name].end()
  for (let number = 0; number < IDLE_ROUNDS; number++) {
    for (const name of turned(names, number)) note(name, 'kib_per_idle_connection', await idleKib(servers[name]))
  }
  const { wayfare: ours, ...peers } = Object.fromEntries(names.map((name) => {
    return [name, Object.fromEntries(Object.entries(figures[name]).map(([row, values]) => [row, rounded(median(values))]))]
  }))
  const ratio = (row) => {
    const theirs = Object.values(peers).map((rows) => rows[row])
    return rounded(LESS_IS_MORE.test(row) ? Math.min(...theirs) / ours[row] : ours[row] / Math.max(...theirs))
  }
  const ratios = Object.fromEntries(Object.keys(ours).map((row) => [row, ratio(row)]))
  console.log(JSON.stringify({ ...ours, ratio_to_best_peer: ratios, peers }))
}

main().then(() => process.exit(0), (error) => {
  console.error(error)
  process.exit(1)
})
