import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Stack } from '../harness/stack.ts'

const byteMs = 500
const atOnce = 200 // connections opened at a time; the listener's backlog is bounded

/** Connections that say nothing. */
export async function idleConnections(stack: Stack, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(atOnce, count - sockets.length) }, () =>
      open(stack),
    )
    sockets.push(...(await Promise.all(batch)))
  }
  return sockets
}

/** Connections that send a header a byte at a time and never end it. */
export function slowHeaders(stack: Stack, count: number): Promise<Socket[]> {
  return trickling(stack, count, 'GET /v1/users/me HTTP/1.1\r\nHost: x\r\nX-Slow: ')
}

/** Uploads that announce a megabyte and send it a byte at a time. */
export function slowBodies(stack: Stack, count: number): Promise<Socket[]> {
  const head = [
    'POST /v1/documents HTTP/1.1',
    'Host: x',
    `Authorization: Bearer ${stack.adminKey}`,
    'Content-Length: 1000000',
  ]
  return trickling(stack, count, `${head.join('\r\n')}\r\n\r\n`)
}

/** One request with so many header lines; the first bytes of the answer, empty when it was cut. */
export async function manyHeaderLines(stack: Stack, count: number): Promise<string> {
  const socket = await open(stack)
  socket.write(`GET /livez HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(count)}\r\n`)
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString('latin1').slice(0, 100)))
    socket.once('close', () => resolve(''))
  })
  return answer.finally(() => socket.destroy())
}

async function trickling(stack: Stack, count: number, head: string): Promise<Socket[]> {
  const sockets = await idleConnections(stack, count)
  for (const socket of sockets) {
    socket.write(head)
    const timer = setInterval(() => socket.write('a'), byteMs)
    socket.once('close', () => clearInterval(timer))
  }
  return sockets
}

async function open({ port }: Stack): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port })
  // Being cut off is what an abuser has to expect.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

export type Served = { requests: number; failed: number; longestMs: number }

/** What an honest caller meets meanwhile: one request after the other. */
export async function honestRequests(stack: Stack, count: number): Promise<Served> {
  const served = { requests: count, failed: 0, longestMs: 0 }
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now()
    const isUpload = index % 5 === 0
    const init = { method: 'POST', body: crypto.randomUUID() }
    const response = await stack
      .request(isUpload ? '/v1/documents' : '/v1/users/me', isUpload ? init : {})
      .catch(() => null)
    await response?.arrayBuffer()
    if (!response?.ok) served.failed += 1
    served.longestMs = Math.max(served.longestMs, Math.round(performance.now() - startedAt))
    await pause(10)
  }
  return served
}
