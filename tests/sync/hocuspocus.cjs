// Hocuspocus as it comes, without an extension: it keeps documents in memory.

const { Server } = require('@hocuspocus/server')

const server = new Server({ address: process.env.HOST, port: Number(process.env.PORT), quiet: true, stopOnSignals: false })
server.listen().then(() => console.log('ready'))
