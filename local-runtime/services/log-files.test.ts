import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openLogFile } from './log-files.ts'

const root = mkdtempSync(join(tmpdir(), 'octavo-logs-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const folderOf = (name: string) => join(root, name)
const line = (number: number) => Buffer.from(`${String(number).padStart(9, '0')}\n`)

test('a log is appended to, for its owner alone', async () => {
  const folder = folderOf('append')
  for (const text of ['first\n', 'second\n']) {
    const log = openLogFile(folder, 'worker', { bytesMax: 4096, filesMax: 2 })
    log.write(Buffer.from(text))
    await log.close()
  }
  expect(readFileSync(join(folder, 'worker.log'), 'utf8')).toBe('first\nsecond\n')
  expect(statSync(join(folder, 'worker.log')).mode & 0o777).toBe(0o600)
})

test('files are rotated between lines; their number and size have a limit, the newest lines stay', async () => {
  const folder = folderOf('rotate')
  const log = openLogFile(folder, 'worker', { bytesMax: 105, filesMax: 3 })
  for (let number = 0; number < 100; number += 1) log.write(line(number))
  await log.close()
  expect(readdirSync(folder).sort()).toEqual(['worker.log', 'worker.log.1', 'worker.log.2'])
  const texts = ['worker.log.2', 'worker.log.1', 'worker.log'].map((name) =>
    readFileSync(join(folder, name), 'utf8'),
  )
  for (const text of texts) {
    expect(text.length).toBeLessThanOrEqual(105)
    expect(text).toMatch(/^(\d{9}\n)+$/)
  }
  expect(texts.join('').endsWith(line(98).toString() + line(99).toString())).toBe(true)
})

test('a line longer than a file is cut, and nothing of it is lost', async () => {
  const folder = folderOf('long')
  const log = openLogFile(folder, 'worker', { bytesMax: 100, filesMax: 10 })
  log.write(Buffer.alloc(250, 'x'))
  await log.close()
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(250)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(100)
})

test('what does not fit into the queue is dropped and counted, and the writer never waits', async () => {
  const log = openLogFile(folderOf('flood'), 'worker', { bytesMax: 10_000_000, filesMax: 1 })
  for (let number = 0; number < 40; number += 1) log.write(Buffer.alloc(65_536, 'x'))
  expect(log.droppedBytes()).toBe(40 * 65_536 - 1024 * 1024)
  await log.close()
  const kept = readFileSync(join(folderOf('flood'), 'worker.log'), 'utf8')
  expect(kept.match(/x/g)).toHaveLength(1024 * 1024)
})

test('on a full disk lines are dropped and counted; with room again the log says how much was lost', async () => {
  const folder = folderOf('full')
  const log = openLogFile(folder, 'worker', { bytesMax: 4096, filesMax: 2 })
  log.write(Buffer.from('kept\n'))
  await log.close()
  unlinkSync(join(folder, 'worker.log'))
  symlinkSync('/dev/full', join(folder, 'worker.log'))
  log.write(Buffer.from('lost\n'))
  await log.close()
  expect(log.droppedBytes()).toBe(5)
  unlinkSync(join(folder, 'worker.log'))
  log.write(Buffer.from('after\n'))
  await log.close()
  expect(readFileSync(join(folder, 'worker.log'), 'utf8')).toBe(
    '[5 bytes of log were lost here]\nafter\n',
  )
})
