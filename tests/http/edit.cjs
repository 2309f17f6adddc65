// Edits a document with Yjs and y-websocket's own provider, as an editor on a web page does.
//
// Arguments: the server's address, the document, a token, what to type, and what to wait for from others. Prints the text when all
// of it is there; the provider is the stock one.

const WebSocket = require('ws')
const Y = require('yjs')
const { WebsocketProvider } = require('y-websocket')

const [server, room, token, typed, ...wanted] = process.argv.slice(2)
const doc = new Y.Doc()
const options = { WebSocketPolyfill: WebSocket, params: { token }, disableBc: true }
const provider = new WebsocketProvider(server, room, doc, options)
const text = doc.getText('content')

provider.awareness.setLocalStateField('user', { name: 'yjs', type: 'human' })
provider.once('sync', () => text.insert(text.length, typed))

const seen = () => {
  const now = text.toString()
  const others = [...provider.awareness.getStates().values()].map((state) => state.user?.name)
  if (wanted.every((one) => now.includes(one)) && others.includes('pycrdt')) {
    clearInterval(looking)
    console.log(now)
    // What was typed here has left when nothing waits in the socket.
    setTimeout(() => process.exit(0), 500)
  }
}
const looking = setInterval(seen, 50)
