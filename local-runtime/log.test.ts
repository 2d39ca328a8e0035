import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLog } from './log.ts'

function newLog(relaySocket: string | null = null, level: 'debug' | 'info' = 'info') {
  const lines: Record<string, unknown>[] = []
  const out = { write: (line: string) => lines.push(JSON.parse(line)) }
  return { lines, ...openLog({ level, source: 'function', relaySocket, out }) }
}

test('a line is one JSON object with time, level, message and the fields of its log', () => {
  const { log, lines } = newLog()
  log.with({ function: 'users' }).info('request', { status: 200 })
  log.debug('not asked for')
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      function: 'users',
      status: 200,
      message: 'request',
    },
  ])
})

test('secrets leave neither by the message nor by a field nor by an error', () => {
  const { log, lines } = newLog()
  const key = `oct_${'a'.repeat(32)}_${'b'.repeat(64)}`
  log.error(`seen ${key}`, { token: key, path: `/a?key=${key}` }, new Error(`bad ${key}`))
  expect(JSON.stringify(lines)).not.toContain('bbbb')
})

test('warnings and errors reach the relay with their cause, other lines do not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-log-'))
  const received: Record<string, unknown>[] = []
  const relay = createServer(async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    for (const line of body.trim().split('\n')) received.push(JSON.parse(line))
    res.writeHead(204).end()
  })
  const socket = join(folder, 'relay.sock')
  await new Promise<void>((resolve) => relay.listen(socket, resolve))
  const { log, flush } = newLog(socket)
  log.info('nothing')
  log.warn('slow', { request_id: 'r-1', status: 429, code: 'rate_limited' })
  log.error('failed', { function: 'users' }, Object.assign(new Error('no'), { code: '57P01' }))
  await flush(5_000)
  expect(received).toEqual([
    expect.objectContaining({ level: 40, msg: 'slow', request_id: 'r-1', status: 429 }),
    expect.objectContaining({ level: 50, msg: 'failed', function: 'users', code: '57P01' }),
  ])
  relay.closeAllConnections()
  relay.close()
  rmSync(folder, { recursive: true })
})

test('a relay that is away delays and fails nothing', async () => {
  const { log, lines, flush } = newLog('/nowhere/relay.sock')
  for (let count = 0; count < 5_000; count += 1) log.error('again')
  expect(lines).toHaveLength(5_000)
  await flush(20)
})
