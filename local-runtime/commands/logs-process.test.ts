import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onFileEnd } from '../../test/harness/database.ts'
import { processLog } from './logs-process.ts'

function setup(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-logs-'))
  onFileEnd(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return (name: string, lines: number) => {
    const { path, start } = processLog(folder, name, lines)
    return readFileSync(path).subarray(start).toString('utf8')
  }
}

test.each([
  [1, 'three\n'],
  [2, 'zwölf\nthree\n'],
  [3, 'one\nzwölf\nthree\n'],
  [200, 'one\nzwölf\nthree\n'],
])('the last %i lines of a log are whole', (lines, expected) => {
  expect(setup({ 'caddy.log': 'one\nzwölf\nthree\n' })('caddy', lines)).toBe(expected)
})

test('a line that is not finished yet and empty logs and lines are shown as they are', () => {
  const tail = setup({ 'caddy.log': 'one\ntwo', 'empty.log': '', 'blank.log': '\n\n\n' })
  expect(tail('caddy', 1)).toBe('two')
  expect(tail('empty', 5)).toBe('')
  expect(tail('blank', 2)).toBe('\n\n')
})

test('an isolate is found by the name that the status shows', () => {
  expect(setup({ 'isolate-users-keys.log': 'one\n' })('users,keys', 1)).toBe('one\n')
})

test('a log that is not there names those that are, without rotated ones', () => {
  const tail = setup({ 'isolate-users-keys.log': '', 'worker.log': '', 'worker.log.1': '' })
  expect(() => tail('wroker', 1)).toThrow(
    'There is no log of "wroker". Did you mean worker? There are: isolate-users-keys, worker.',
  )
  expect(() => tail('../worker', 1)).toThrow('There is no log of "../worker"')
  expect(() => setup({})('caddy', 1)).toThrow('There are no logs yet.')
})
