import { expect, test } from 'vitest'
import type { ProcessState } from '../supervisor/supervisor.ts'
import { missingProcesses } from './status-missing.ts'

const kept = (name: string, pid: number | null = 1) => ({
  name,
  pid,
  restarts: 0,
  silentMs: null,
  version: null,
  remark: null,
})
const running = (role: ProcessState['role'], name: string = role): ProcessState => ({
  role,
  name,
  pid: 1,
  restarts: 0,
  memory: null,
})

test('a whole stack misses nothing, also where Postgres and Redis are others', () => {
  const services = ['relay', 'worker', 'caddy', 'isolate users,keys'].map((name) => kept(name))
  expect(missingProcesses(services, [], ['users', 'keys'])).toEqual([])
})

test('a kept process that does not run is missing', () => {
  const services = [
    ...[kept('redis', null), kept('relay'), kept('worker'), kept('caddy', null)],
    kept('isolate users,keys', null),
  ]
  const missing = missingProcesses(services, [], ['users', 'keys'])
  expect(missing).toEqual(['redis', 'caddy', 'isolate users,keys'])
})

test('what a broken start never came to is missing', () => {
  const missing = missingProcesses([kept('relay')], [], ['users'])
  expect(missing).toEqual(['worker', 'caddy', 'isolate users'])
})

test('a supervisor that tells of no services is judged by its processes', () => {
  const processes = [running('relay'), running('caddy'), running('isolate', 'users')]
  expect(missingProcesses([], processes, ['users', 'keys'])).toEqual(['worker', 'isolate keys'])
})
