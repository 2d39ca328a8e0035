import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { removePostgresData } from './postgres-rights.ts'

function homeWithLinkTo(...names: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-removal-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const home = join(folder, 'home')
  const data = join(folder, ...names)
  mkdirSync(home)
  mkdirSync(data, { recursive: true })
  symlinkSync(data, join(home, 'postgres'))
  return { home, data, link: join(home, 'postgres') }
}

test('data that a system user owns goes with the link to it', () => {
  const { home, data, link } = homeWithLinkTo('0123456789abcdef', 'postgres')
  removePostgresData(home)
  expect([existsSync(data), existsSync(link)]).toEqual([false, false])
})

test("an operator's own link to another disk goes, and what it points to stays", () => {
  const { home, data, link } = homeWithLinkTo('big-disk', 'postgres')
  removePostgresData(home)
  expect([existsSync(data), existsSync(link)]).toEqual([true, false])
})

test('a home without data is no error', () => {
  const home = mkdtempSync(join(tmpdir(), 'octavo-removal-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  expect(() => removePostgresData(home)).not.toThrow()
})
