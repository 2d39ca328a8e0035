import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

/** Runs the guard on this Node, which says that it is `version`. */
const guardOn = (version: string) => {
  const versions = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`
  const pretend = `data:text/javascript,${encodeURIComponent(versions)}`
  return run(process.execPath, ['--import', pretend, 'scripts/require-node.mjs'])
}

test('an older Node is refused with the way to the right one', async () => {
  await expect(guardOn('20.20.2')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/needs Node 24.*is 20\.20\.2[\s\S]*npm ci/),
  })
})

test('Node 24 and later pass in silence', async () => {
  expect(await guardOn('24.0.0')).toEqual({ stdout: '', stderr: '' })
  expect(await guardOn('26.1.0')).toEqual({ stdout: '', stderr: '' })
})

test('the suite itself runs on Node 24', () => {
  expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(24)
})
