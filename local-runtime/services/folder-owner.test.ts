import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { claimFolder, startOf } from './folder-owner.ts'

// Programs are started, and perhaps fetched, beside other files' servers.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const root = mkdtempSync(join(tmpdir(), 'octavo-owner-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

// Claims a folder in a process of its own, says so, and holds it until it is killed.
function claimer(folder: string) {
  const source = `import { claimFolder } from '${import.meta.dirname}/folder-owner.ts'
try { claimFolder('Service', '${folder}'); console.log('owns') } catch (err) { console.log(err.name) }
setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return { child, said: once(child.stdout, 'data').then(([text]) => String(text).trim()) }
}

test('a folder is owned once, and again after it was given back', () => {
  const folder = join(root, 'once')
  const giveBack = claimFolder('Service', folder)
  expect(() => claimFolder('Service', folder)).toThrow(`already run by process ${process.pid}`)
  giveBack()
  claimFolder('Service', folder)()
  expect(existsSync(`${folder}.owner`)).toBe(false)
})

test('of several processes at once exactly one owns the folder, and its death by kill -9 frees it', async () => {
  const folder = join(root, 'many')
  const claimers = Array.from({ length: 4 }, () => claimer(folder))
  const said = await Promise.all(claimers.map((each) => each.said))
  expect(said.sort()).toEqual(['ServiceError', 'ServiceError', 'ServiceError', 'owns'])
  for (const { child } of claimers) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  claimFolder('Service', folder)()
  expect(readdirSync(root)).toEqual([])
})

test('a claim does not count when its process number belongs to a later process', () => {
  const folder = join(root, 'later')
  writeFileSync(`${folder}.owner`, `${process.ppid} ${Number(startOf(process.ppid)) - 1} 00\n`)
  claimFolder('Service', folder)()
})

test('a damaged claim does not count', () => {
  const folder = join(root, 'damaged')
  writeFileSync(`${folder}.owner`, '')
  claimFolder('Service', folder)()
})
