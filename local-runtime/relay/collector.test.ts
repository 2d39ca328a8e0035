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
