// Reads what a document says of its runs with Yjs and y-websocket's own provider: prints the map `executions` as JSON.
//
// Arguments: the server's address, the document, a token.

const WebSocket = require('ws')
const Y = require('yjs')
const { WebsocketProvider } = require('y-websocket')

const [server, room, token] = process.argv.slice(2)
const doc = new Y.Doc()
const provider = new WebsocketProvider(server, room, doc, { WebSocketPolyfill: WebSocket, params: { token }, disableBc: true })

provider.once('sync', () => {
  const executions = doc.getMap('executions')
  // Plain objects, and no types of Yjs's.
  const isPlain = [...executions.values()].every((entry) => Object.getPrototypeOf(entry) === Object.prototype)
  console.log(JSON.stringify({ isPlain, entries: executions.toJSON() }))
  process.exit(0)
})
