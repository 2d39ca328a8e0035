import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DriverCopy, patchedEntry, unpatchedDriver } from '../bench/driver-copies.ts'
import { createTestDatabase } from '../test/harness/database.ts'
import { refuseUnpatchedDriver } from './driver.ts'

const program = fileURLToPath(new URL('./driver-patch.faults.ts', import.meta.url))
let plain: DriverCopy

beforeAll(async () => {
  plain = await unpatchedDriver()
})
afterAll(() => plain.remove())

/** What the process printed last: `sound`, `stuck`, or nothing when it crashed. */
async function bear(entry: string, fault: string): Promise<string> {
  const { url } = await createTestDatabase({ empty: true })
  const run = promisify(execFile)(process.execPath, [program, entry, url, fault])
  const { stdout } = await run.catch((err: { stdout: string }) => err)
  return stdout
}

const faults = [
  'statement after death',
  'death with unsent bytes',
  'death during copy',
  'copy refused at its end',
  'statements beside copies',
  'death inside a cursor',
  'nobody behind the port',
  'first statement after a restart',
  'rows of a lost answer',
  'cancelled first statement',
  'bytes after a migration',
]

test.each(faults)('the patched driver bears: %s', async (fault) => {
  expect(await bear(patchedEntry, fault)).toBe('sound')
})

test.each(faults)(
  'the patch is needed, because the plain driver does not bear: %s',
  async (fault) => {
    expect(await bear(plain.entry, fault)).not.toBe('sound')
  },
)

test('a driver without the patch is refused with the command that applies it', async () => {
  const { default: driver } = await import(plain.entry)
  expect(() => refuseUnpatchedDriver(driver)).toThrow('npx patch-package')
  expect(() => refuseUnpatchedDriver()).not.toThrow()
})
