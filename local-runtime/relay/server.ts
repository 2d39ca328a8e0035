import { rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { Collector } from './collector.ts'
import { newHttpHandler } from './http.ts'
import { lineCharactersMax } from './line.ts'
import { LineSplitter } from './line-splitter.ts'
import type { RedisTarget } from './redis-list.ts'
import { Sink } from './sink.ts'

const connectionsMax = 64
const closeWaitMs = 1_000

export type RelayOptions = {
  run: string // folder of the sockets
  redis: RedisTarget | null // null: memory alone
}

export type RunningRelay = { close(): Promise<void> }

/** Listens on `<run>/caddy-logs.sock` (lines of Caddy) and `<run>/relay.sock` (HTTP). */
export async function startRelay({ run, redis }: RelayOptions): Promise<RunningRelay> {
  const sink = new Sink(redis)
  const collector = new Collector((entry) => sink.add(entry))
  const sockets = new Set<Socket>()
  const caddy = createServer((socket) => readCaddy(socket, collector, sockets))
  caddy.maxConnections = connectionsMax
  const http = createHttpServer(newHttpHandler(collector, sink))
  http.keepAliveTimeout = 60_000
  await listen(caddy, join(run, 'caddy-logs.sock'))
  await listen(http, join(run, 'relay.sock'))
  return {
    async close() {
      caddy.close()
      http.close()
      http.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      collector.close()
      await sink.close(closeWaitMs)
    },
  }
}

/**
 * Reads for ever and never pushes back: Caddy writes its log synchronously, so a reader that stops would stop Caddy.
 * All work on a line is done at once and in memory.
 */
function readCaddy(socket: Socket, collector: Collector, sockets: Set<Socket>): void {
  const lines = new LineSplitter({
    lineCharactersMax,
    onLine: (line) => collector.takeCaddyLine(line),
    onOversize: () => collector.loseOversized(),
  })
  sockets.add(socket)
  socket.on('data', (chunk) => lines.write(chunk))
  socket.on('end', () => lines.end())
  socket.on('error', () => {})
  socket.on('close', () => sockets.delete(socket))
}

function listen(server: Server, path: string): Promise<void> {
  // What a killed relay left behind; two relays at once are prevented by the supervisor.
  rmSync(path, { force: true })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
}
