import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig, prepareHome } from '../config.ts'
import { statusReport } from './status.ts'
import { explanation } from './terminal.ts'

const systemError = (code: string) =>
  Object.assign(new Error('raw'), { code, syscall: 'open', path: '/data/x' })

test.each([
  ['ENOSPC', 'The disk is full: open /data/x failed (ENOSPC).'],
  ['EACCES', 'A right is missing: open /data/x failed (EACCES).'],
  ['EROFS', 'The file system is read-only: open /data/x failed (EROFS).'],
])('%s is explained in one sentence', (code, sentence) => {
  expect(explanation(systemError(code))).toBe(sentence)
})

test('a failure without a path is explained without a gap', () => {
  const err = Object.assign(new Error('raw'), { code: 'ENOSPC', syscall: 'write' })
  expect(explanation(err)).toBe('The disk is full: write failed (ENOSPC).')
})

test('the status names addresses and secret files, and never a secret', () => {
  const home = mkdtempSync(join(tmpdir(), 'octavo-status-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  const config = loadConfig({ OCTAVO_HOME: home, OCTAVO_PORT: '9000' }, { envFile: null })
  prepareHome(config)
  const processes = [
    { role: 'isolate' as const, name: 'users,keys', pid: 7, restarts: 0, memory: null },
  ]
  expect(statusReport(config, processes)).toMatchObject({
    base_url: 'http://127.0.0.1:9000',
    database_url: expect.stringMatching(/^postgres:\/\/app_user@127\.0\.0\.1:\d+\/app_db$/),
    database_password_file: join(home, 'secrets/database-password'),
    redis_url: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+$/),
    redis_password_file: join(home, 'secrets/redis-password'),
    log_list: 'logs:errors',
    admin_key_file: null, // no key has been made yet
    processes: [{ role: 'isolate', name: 'users,keys', pid: 7 }],
  })
})

test("the status of a stack on others' services shows no password of theirs", () => {
  const env = { DATABASE_URL: 'postgres://a:hidden@db/x', REDIS_URL: 'rediss://:hidden@r:1' }
  const report = JSON.stringify(statusReport(loadConfig(env, { envFile: null }), []))
  expect(report).not.toContain('hidden')
  expect(JSON.parse(report)).toMatchObject({
    database_password_file: null,
    redis_password_file: null,
  })
})
