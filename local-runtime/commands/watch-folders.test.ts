import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { watchFolders } from './watch-folders.ts'

function watched() {
  const root = mkdtempSync(join(tmpdir(), 'octavo-watch-'))
  const inner = join(root, 'inner')
  mkdirSync(inner)
  const file = join(inner, 'a.ts')
  writeFileSync(file, '1')
  let seen: string[] = []
  const end = watchFolders([root], (path) => seen.push(path))
  onTestFinished(() => {
    end()
    rmSync(root, { recursive: true })
  })
  const heardOf = async (path: string, change: () => void) => {
    seen = []
    change()
    await eventually(`a change of ${path}`, async () => seen.includes(path) || null)
  }
  return { root, inner, file, heardOf }
}

test('a file that editors replace by renaming is heard of every time', async () => {
  const { inner, file, heardOf } = watched()
  for (const text of ['2', '3', '4'])
    await heardOf(file, () => {
      writeFileSync(join(inner, 'a.ts~'), text)
      renameSync(join(inner, 'a.ts~'), file)
    })
  await heardOf(file, () => writeFileSync(file, '5'))
})

test('files of a folder that is made later are heard of', async () => {
  const { root, heardOf } = watched()
  const later = join(root, 'later')
  await heardOf(later, () => mkdirSync(later))
  await heardOf(join(later, 'b.ts'), () => writeFileSync(join(later, 'b.ts'), '1'))
  expect(later).toContain(root)
})
