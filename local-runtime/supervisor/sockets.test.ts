import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { bindSocket, FunctionSockets } from './sockets.ts'

const folder = mkdtempSync(join(tmpdir(), 'octavo-sockets-'))
const opened: { close(): void }[] = []

afterEach(() => {
  for (const socket of opened.splice(0)) socket.close()
  rmSync(folder, { recursive: true, force: true })
})

// Listens on the descriptor that it inherits and says its pid to whoever connects.
const listener = `
  const server = require('node:net').createServer((socket) => socket.end(String(process.pid)))
  server.listen({ fd: 3 }, () => console.log('ready'))`

async function startListener(fd: number) {
  const child = spawn(process.execPath, ['-e', listener], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
  })
  opened.push({ close: () => child.kill('SIGKILL') })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return child
}

function readFrom(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = createConnection({ path })
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

test('a bound socket keeps connections waiting between two listeners that inherit it', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'octavo-sockets-')), 'a.sock')
  const socket = bindSocket(path)
  opened.push(socket)
  const first = await startListener(socket.fd)
  expect(await readFrom(path)).toBe(String(first.pid))
  first.kill('SIGKILL')
  await new Promise((resolve) => first.once('exit', resolve))

  const waiting = readFrom(path)
  const second = await startListener(socket.fd)
  expect(await waiting).toBe(String(second.pid))
})

test('a socket file that a killed supervisor left is replaced, and closing removes ours', () => {
  const run = mkdtempSync(join(tmpdir(), 'octavo-sockets-'))
  const path = join(run, 'a.sock')
  bindSocket(path)
  const sockets = new FunctionSockets(run)
  expect(sockets.bind('a').path).toBe(path)
  expect(sockets.bind('a')).toBe(sockets.bind('a'))
  sockets.close()
  expect(existsSync(path)).toBe(false)
})

test('a path that the kernel would cut is refused', () => {
  expect(() => bindSocket(`/tmp/${'a'.repeat(100)}.sock`)).toThrow(/longer than 100 bytes/)
})
