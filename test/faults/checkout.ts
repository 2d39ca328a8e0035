import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { onFileEnd } from '../harness/database.ts'

const notCopied = [
  'node_modules',
  '.git',
  '.local',
  '.cache',
  '.env',
  'dist',
  'test',
  'bench',
  'docs',
]

/** A copy of this checkout to change code in; it shares what npm installed. */
export async function copyCheckout(): Promise<string> {
  const copy = await mkdtemp(`/tmp/octavo-test-${process.pid}-code-`)
  onFileEnd(() => rm(copy, { recursive: true, force: true }))
  const left = new Set(notCopied.map((name) => resolve(name)))
  cpSync(resolve('.'), copy, { recursive: true, filter: (path) => !left.has(path) })
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
  return copy
}

/** @throws {Error} the file does not hold `from` */
export function change(checkout: string, path: string, from: string, to: string): void {
  const file = join(checkout, path)
  const text = readFileSync(file, 'utf8')
  if (!text.includes(from)) throw new Error(`${path} does not hold: ${from}`)
  writeFileSync(file, text.replace(from, to))
}
