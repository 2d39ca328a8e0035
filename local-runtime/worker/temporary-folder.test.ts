import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { removeTemporaryFoldersOf, sweepTemporaryFolders } from './temporary-folder.ts'

test('what a dead worker left is removed, what a running one uses stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-sweep-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const names = [`extract-${process.ppid}-a`, 'extract-4194305-b', `extract-${process.pid}-c`]
  for (const name of names) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'document'), 'bytes')
  }
  expect(await sweepTemporaryFolders(folder)).toBe(2) // no process has a number above 2^22
  expect(await readdir(folder)).toEqual([`extract-${process.ppid}-a`])
  expect(await sweepTemporaryFolders(join(folder, 'missing'))).toBe(0)
})

test('what one process has left goes when it is gone, and what others have stays', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-sweep-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const name of ['extract-12-a', 'extract-123-b', `extract-${process.pid}-c`])
    await mkdir(join(folder, name))
  expect(await removeTemporaryFoldersOf(12, folder)).toBe(1)
  expect((await readdir(folder)).sort()).toEqual(
    ['extract-123-b', `extract-${process.pid}-c`].sort(),
  )
})
