// The `tcp` process: an MQTT broker on $PORT, which is all that a TCP process has to do.
//
// A new version or a scale-down sends SIGTERM. The load balancer sends no new connections by
// then; what is left to do is ours: stop listening, close the clients, exit. Clients connect
// again and land on a broker that stays. A process that ignores SIGTERM is killed after the
// addon's drainSeconds, and its clients find out by time-out.

import { createServer } from 'node:net'
import { Aedes } from 'aedes'

const port = Number(process.env.PORT ?? 5000)
// Clients are let go one after the other, so that they do not all come back in one instant.
const drainMilliseconds = Number(process.env.DRAIN_SECONDS ?? 2) * 1000

const log = (message) => console.log(`${new Date().toISOString()} ${message}`)
const addressOf = (client) => client.conn.peer ?? 'unknown address'

const broker = await Aedes.createBroker()
broker.on('clientReady', (client) => log(`${client.id} connected from ${addressOf(client)}`))
broker.on('clientDisconnect', (client) => log(`${client.id} disconnected (${addressOf(client)})`))
broker.on('publish', (packet, client) => {
  if (client) log(`${client.id} published ${packet.payload.length} bytes to ${packet.topic}`)
})
broker.on('connectionError', (client, error) => log(`${addressOf(client)}: ${error.message}`))
broker.on('clientError', (client, error) => log(`${client.id} (${addressOf(client)}): ${error.message}`))

// Without noDelay a message waits up to 40 ms for company (Nagle and delayed acknowledgements).
const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
  // A socket forgets its peer when it closes, and the log wants it then. The TCP handshakes of
  // the readiness probe come by here too: they say nothing and are not worth a line.
  socket.peer = `${socket.remoteAddress}:${socket.remotePort}`
  broker.handle(socket)
})

server.on('error', (error) => {
  log(`cannot listen on port ${port}: ${error.message}`)
  process.exit(1)
})
server.listen(port, () => log(`MQTT broker listens on port ${port}`))

let stopping = false
async function stop(signal) {
  if (stopping) return
  stopping = true
  const clients = Object.values(broker.clients)
  log(`${signal}: closing ${clients.length} client(s), then the end`)
  server.close()
  const pause = clients.length > 0 ? drainMilliseconds / clients.length : 0
  for (const client of clients) {
    await new Promise((resolve) => client.close(resolve))
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  broker.close(() => {
    log('stopped')
    process.exit(0)
  })
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
