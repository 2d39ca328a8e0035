import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  extractionChild,
  misbehavingChild,
  read,
  temporaryFile,
} from '../../../test/fixtures/extraction.ts'
import { longPdf } from '../../../test/fixtures/pdf.ts'
import { type ExtractionRun, runExtraction } from './run.ts'

const megabyte = 1024 * 1024
const limits = { memoryBytesMax: 512 * megabyte, deadlineMs: 30_000, stallMs: 30_000 }

const misbehave = (how: string, options: Partial<ExtractionRun> = {}) =>
  read(how, { childPath: misbehavingChild, limits, ...options })

test('a child that says nothing for too long is killed as a timeout', async () => {
  const stalled = misbehave('silent', { limits: { ...limits, stallMs: 300 } })
  await expect(stalled).rejects.toMatchObject({ code: 'timeout', isDeadline: false })
})

test('a child in an endless loop is killed at the deadline', async () => {
  const endless = misbehave('endless', { limits: { ...limits, deadlineMs: 500 } })
  await expect(endless).rejects.toMatchObject({ code: 'timeout', isDeadline: true })
})

test('a child that takes more memory than allowed is killed for it', async () => {
  const hog = misbehave('hog', { limits: { ...limits, memoryBytesMax: 200 * megabyte } })
  await expect(hog).rejects.toMatchObject({ code: 'out_of_memory' })
})

test('a child that somebody kills, and one that breaks, are failures and not waits', async () => {
  await expect(misbehave('killed')).rejects.toMatchObject({ code: 'out_of_memory' })
  await expect(misbehave('crash')).rejects.toMatchObject({
    code: 'damaged',
    detail: expect.stringContaining('the engine broke'),
  })
})

test('an abort kills the child and throws the reason', async () => {
  const abort = new AbortController()
  const reading = misbehave('endless', { signal: abort.signal })
  abort.abort(new Error('not wanted any more'))
  await expect(reading).rejects.toThrow('not wanted any more')
})

test('whoever stops asking for pages leaves no process behind', async ({ skip }) => {
  if (!existsSync('/proc/self')) skip('needs /proc')
  const path = await temporaryFile(longPdf(100))
  const { signal } = new AbortController()
  const childPath = extractionChild
  const batches = runExtraction({
    path,
    kind: 'pdf',
    password: null,
    fromPage: 1,
    pagesMax: 500,
    childPath,
    limits,
    signal,
  })
  await batches.next()
  expect(await childrenReading(childPath)).toBeGreaterThan(0)
  await batches.return(undefined)
  expect(await childrenReading(childPath)).toBe(0)
})

test('the child runs only a little ahead of who stores its pages', async () => {
  const path = await temporaryFile(longPdf(100, 2))
  const { signal } = new AbortController()
  const childPath = extractionChild
  const batches = runExtraction({
    path,
    kind: 'pdf',
    password: null,
    fromPage: 1,
    pagesMax: 500,
    childPath,
    limits,
    signal,
  })
  const sizes: number[] = []
  for await (const batch of batches) {
    await new Promise((resolve) => setImmediate(resolve))
    sizes.push(batch.filter((message) => message.type === 'page').length)
  }
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(100)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(16)
})

async function childrenReading(childPath: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
      const isOurs = status.split(') ')[1]?.split(' ')[1] === String(process.pid)
      return isOurs ? readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '') : ''
    }),
  )
  return lines.filter((line) => line.includes(childPath)).length
}
