import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { loadConfig } from '../config.ts'
import { ensurePrograms, type FoundProgram, redisPackage } from './debian-packages.ts'
import { findProgram, runToEnd } from './process.ts'

// Programs are started, and perhaps fetched, beside other files' servers.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const shared = loadConfig({}, { envFile: null }).paths.services
const root = mkdtempSync(join(tmpdir(), 'octavo-packages-'))
const isOnMachine = findProgram('redis-server') !== null
const canUnpack = !isOnMachine && findProgram('apt-get') !== null

beforeAll(() => ensurePrograms(shared, [redisPackage]))
afterAll(() => rmSync(root, { recursive: true, force: true }))

async function versionOf(found: FoundProgram | undefined): Promise<string> {
  const { program = '', env = {} } = found ?? {}
  const { output } = await runToEnd({ program, args: ['--version'], env }, { timeoutMs: 10_000 })
  return output
}

// A program that only this test knows, so that it is never found on the machine.
const unknown = { program: 'octavo-no-such-program', needs: null }

test('what lies unpacked already is used as it is, without the network', async () => {
  const folder = join(root, 'offline')
  if (canUnpack)
    cpSync(join(shared, 'redis-server'), join(folder, 'redis-server'), {
      recursive: true,
      verbatimSymlinks: true,
    })
  const path = process.env.PATH
  try {
    // Without apt-get and dpkg in sight nothing can be fetched.
    if (canUnpack) process.env.PATH = folder
    const [found] = await ensurePrograms(folder, [redisPackage])
    expect(found?.origin).toBe(isOnMachine ? 'machine' : 'unpacked')
    expect(await versionOf(found)).toContain('Redis server')
  } finally {
    process.env.PATH = path
  }
})

test('a package that cannot be had is told with the command that would help, and leaves nothing behind', async () => {
  const folder = join(root, 'impossible')
  await expect(ensurePrograms(folder, [unknown])).rejects.toThrow(
    /octavo-no-such-program.*: (run|install) /,
  )
  expect(readdirSync(folder)).toEqual([])
})

test('a damaged copy is unpacked anew, by two at once, beside what a killed attempt left', async () => {
  // Small, needs nothing, and hardly a machine has it.
  const greeter = { program: 'hello', needs: null }
  const folder = join(root, 'damaged')
  const program = join(folder, 'hello', 'usr', 'bin', 'hello')
  mkdirSync(join(program, '..'), { recursive: true })
  writeFileSync(program, '#!/bin/sh\nexit 1\n')
  chmodSync(program, 0o755)
  // No process has this number: Linux ends at 4194304.
  mkdirSync(join(folder, '.unpack-4999999-00'))
  const [first, second] = await Promise.all([
    ensurePrograms(folder, [greeter]),
    ensurePrograms(folder, [greeter]),
  ])
  expect(await versionOf(first[0])).toContain('GNU Hello')
  expect(second).toEqual(first)
  expect(readdirSync(folder)).toEqual(['hello'])
  expect(existsSync('/usr/bin/hello')).toBe(false)
})
