// The `web` process: a page that publishes through TCP_URL and shows what comes back.
//
// There is no direct line between web and tcp: both meet at the public address, as any device
// out there does.

import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import mqtt from 'mqtt'

const port = Number(process.env.PORT ?? 3000)
const url = process.env.TCP_URL
const topic = 'demo/#'
const kept = 50 // messages that a page opened later still shows

const page = await readFile(new URL('page.html', import.meta.url))
const messages = []
const viewers = new Set()

const broker = url ? mqtt.connect(url, { reconnectPeriod: 1000 }) : undefined
if (broker) {
  broker.on('connect', () => {
    console.log(`connected to ${url}`)
    broker.subscribe(topic)
  })
  broker.on('close', () => console.log(`connection to ${url} is closed, trying again`))
  broker.on('error', (error) => console.log(`${url}: ${error.message}`))
  broker.on('message', (name, payload) => {
    const message = { at: new Date().toISOString(), topic: name, text: payload.toString() }
    messages.push(message)
    messages.splice(0, messages.length - kept)
    for (const viewer of viewers) send(viewer, message)
  })
} else {
  console.log('TCP_URL is not set: see `kubectl get tcp`, then restart the app')
}

function send(viewer, data) {
  viewer.write(`data: ${JSON.stringify(data)}\n\n`)
}

async function textOf(request) {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 10_000) throw new Error('at most 10,000 characters')
  }
  return text
}

function answer(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

const routes = {
  'GET /': (request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
  },
  'GET /healthz': (request, response) => answer(response, 200, 'ok'),
  'GET /url': (request, response) => answer(response, 200, url ?? 'TCP_URL is not set'),
  'GET /messages': (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    messages.forEach((message) => send(response, message))
    viewers.add(response)
    response.on('close', () => viewers.delete(response))
  },
  'POST /publish': async (request, response) => {
    const text = await textOf(request)
    if (!broker?.connected) return answer(response, 503, `no broker at ${url ?? 'TCP_URL (not set)'}`)
    await broker.publishAsync('demo/page', text, { qos: 1 })
    answer(response, 202, 'published')
  }
}

const server = createServer(async (request, response) => {
  const route = routes[`${request.method} ${request.url}`]
  try {
    if (route) await route(request, response)
    else answer(response, 404, 'nothing here')
  } catch (error) {
    answer(response, 400, error.message)
  }
})
server.listen(port, () => console.log(`web page on port ${port}`))

process.on('SIGTERM', () => {
  for (const viewer of viewers) viewer.end()
  server.close(() => process.exit(0))
  server.closeIdleConnections()
  broker?.end()
})
