import { expect, test } from 'vitest'
import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { Collector } from './collector.ts'

test('lost lines are themselves reported, each once', () => {
  const entries: ErrorEntry[] = []
  const collector = new Collector((entry) => entries.push(entry))
  collector.takeLine('garbage')
  collector.loseOversized()
  collector.loseUnsent(5)
  collector.reportLosses()
  collector.reportLosses()
  collector.close()
  expect(entries).toMatchObject([{ source: 'relay', level: 'warn', code: 'lines_lost' }])
  expect(entries[0]?.message).toBe(
    '7 log lines were lost; since the start 1 garbled, 1 oversized, 5 unsent',
  )
})

test('a reason of Caddy is told by the next answer of its connection alone', () => {
  const entries: ErrorEntry[] = []
  const collector = new Collector((entry) => entries.push(entry))
  const request = { remote_ip: '::1', remote_port: '7', method: 'GET', uri: '/v1/jobs' }
  const reason = JSON.stringify({ logger: 'http.log.error', msg: 'EOF', request })
  const answer = JSON.stringify({ logger: 'http.log.access', status: 502, request })
  for (const line of [reason, answer, answer]) collector.takeCaddyLine(line)
  collector.close()
  expect(entries.map(({ message, code }) => [message, code])).toEqual([
    ['Caddy answered 502: EOF', 'unavailable'],
    ['The function answered 502', null],
  ])
})

const noRoute = 'no such route'
const noSocket = 'dial unix /run/users.sock: connect: connection refused'

test.each([noRoute, noSocket])('an answer of Caddy alone is an entry at once: %s', (msg) => {
  const entries: ErrorEntry[] = []
  const collector = new Collector((entry) => entries.push(entry))
  const request = { remote_ip: '::1', remote_port: '7', method: 'GET', uri: '/nope' }
  const resp_headers = { 'X-Request-Id': ['same-id'] }
  const answer = { logger: 'http.log.access', status: 404, request, resp_headers }
  // The caller's id, used for two requests: the function's line is not of this one.
  const failed = {
    level: 40,
    msg: 'refused',
    source: 'function',
    request_id: 'same-id',
    status: 401,
  }
  collector.takeLine(JSON.stringify(failed))
  collector.takeCaddyLine(JSON.stringify({ logger: 'http.log.error', msg, request }))
  collector.takeCaddyLine(JSON.stringify(answer))
  expect(entries.map(({ message }) => message)).toEqual(['refused', `Caddy answered 404: ${msg}`])
  collector.close()
})
