// A token that may read and not write, at the cloud's door: with Yjs and y-websocket's own provider, and over HTTP.
//
// Arguments: host:port of a cloud without TLS, a document whose text is `text`, a token that may write, and one that may only read. Prints
// how many kinds of writing were refused; fails if one was not, or if reading was.

const assert = require('node:assert')
const { createHash } = require('node:crypto')
const WebSocket = require('ws')
const Y = require('yjs')
const { WebsocketProvider } = require('y-websocket')

const [address, room, writer, reader] = process.argv.slice(2)
const [project, ...path] = room.split('/')
const fresh = createHash('sha256').update('new').digest('hex')
let refused = 0

/** Somebody who has the document open. */
function editor (token, before = () => {}) {
  const doc = new Y.Doc()
  before(doc)
  const options = { WebSocketPolyfill: WebSocket, params: { token }, disableBc: true }
  const provider = new WebsocketProvider(`ws://${address}/sync`, room, doc, options)
  const closed = new Promise((resolve) => provider.on('connection-close', (event) => resolve(event)))
  const synced = new Promise((resolve) => provider.once('sync', resolve))
  return { doc, provider, closed, synced, text: doc.getText('content') }
}

async function until (what, holds) {
  for (let tries = 0; !holds(); tries++) {
    assert(tries < 600, what)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The writing is refused with a close frame that says so, and nothing of it is anywhere. */
async function isRefused (what, before, write) {
  const here = editor(reader, before)
  if (write) {
    await here.synced
    assert.equal(here.text.toString(), 'text', what)
    write(here.doc)
  }
  const { code, reason } = await here.closed
  here.provider.destroy()
  assert.equal(code, 1008, `${what}: ${reason}`)
  const other = editor(writer)
  await other.synced
  assert.equal(other.text.toString(), 'text', what)
  assert.equal(other.doc.getMap('runs').size, 0, what)
  other.provider.destroy()
  refused++
}

async function editors () {
  await isRefused('step 2: what was typed before', (doc) => doc.getText('content').insert(0, 'mine'))
  await isRefused('an update that inserts', undefined, (doc) => doc.getText('content').insert(4, 'mine'))
  await isRefused('an update that deletes', undefined, (doc) => doc.getText('content').delete(0, 4))
  await isRefused('an update of a map', undefined, (doc) => doc.getMap('runs').set('run', 'mine'))
  // A reader sees what others type, and is seen.
  const [here, other] = [editor(reader), editor(writer)]
  await Promise.all([here.synced, other.synced])
  here.provider.awareness.setLocalStateField('user', { name: 'a reader' })
  const names = () => [...other.provider.awareness.getStates().values()].map((state) => state.user?.name)
  await until('a reader is seen', () => names().includes('a reader'))
  other.text.insert(4, ', and more')
  await until('a reader sees what is typed', () => here.text.toString() === 'text, and more')
  for (const { provider } of [here, other]) provider.destroy()
  // A document that is not there is not made.
  const gone = new WebSocket(`ws://${address}/sync/${project}/nothing.md?token=${reader}`)
  const [why] = await new Promise((resolve) => gone.on('error', (error) => resolve([error.message])))
  assert.match(why, /404/)
  refused++
}

async function http () {
  const ask = async (method, path, token, body) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    const answer = await fetch(`http://${address}${path}`, { method, headers, body })
    return [answer.status, await answer.text()]
  }
  const file = `/api/projects/${project}/files/kept.txt`
  const kept = createHash('sha256').update('kept').digest('hex')
  const at = (id) => JSON.stringify({ id, type: 'text/plain' })
  for (const [path, body] of [[`/api/assets/${kept}`, 'kept'], [file, at(kept)]]) {
    const [status, said] = await ask('PUT', path, writer, body)
    assert(status < 300, `${path}: ${status} ${said}`)
  }
  const reads = ['/api/devices', '/api/sessions', '/api/runs', '/api/projects', `/api/projects/${project}/files`, file]
  reads.push(`/api/projects/${project}/documents`, `/api/projects/${project}/documents/${path.join('/')}`, '/mrp/v1/capabilities')
  for (const path of reads) assert.equal((await ask('GET', path, reader))[0], 200, path)
  const code = JSON.stringify({ code: '1', execId: 'exec-1' })
  const writes = [
    ['PUT', file, at(kept)], ['DELETE', file], ['PUT', `/api/projects/${project}/files/new.txt`, at(kept)], ['PUT', `/api/assets/${fresh}`, 'new'],
    ['POST', '/api/projects', JSON.stringify({ name: 'mine' })], ['POST', `/api/projects/${project}/documents`, '{}'],
    ['PATCH', `/api/projects/${project}/documents/${path.join('/')}`, '{}'],
  ]
  const mrp = ['execute', 'execute/stream', 'input', 'input/cancel', 'interrupt', 'reset', 'complete', 'inspect', 'hover', 'variables', 'variables/x', 'is_complete', 'format', 'history']
  writes.push(...mrp.map((what) => ['POST', `/mrp/v1/${what}`, code]), ['POST', '/s/lab:main/mrp/v1/execute', code])
  for (const [method, path, body] of writes) {
    const [status, said] = await ask(method, path, reader, body)
    assert.equal(status, 403, `${method} ${path}: ${status} ${said}`)
    refused++
  }
  assert.equal((await ask('GET', file, writer))[1], 'kept')
  assert.equal((await ask('GET', `/api/assets/${fresh}`, writer))[0], 404)
  assert(!(await ask('GET', '/api/projects', writer))[1].includes('mine'))
  assert(!(await ask('GET', '/api/sessions', writer))[1].includes('main'))
}

editors().then(http).then(() => {
  console.log(refused)
  process.exit(0)
}, (error) => {
  console.error(error)
  process.exit(1)
})
