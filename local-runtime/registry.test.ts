import { expect, test } from 'vitest'
import { isReservedKind } from '../domain/jobs/kinds.ts'
import { isolateGroups, registry } from './registry.ts'

const functions = [
  { name: 'a' },
  { name: 'b' },
  { name: 'c', group: 'new' },
  { name: 'd', group: 'new' },
]

test('functions share a process as the table says, and unnamed ones as the registry says', () => {
  expect(isolateGroups(functions, [['a', 'b']])).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  expect(isolateGroups(functions, [['a', 'c']])).toEqual([['a', 'c'], ['b'], ['d']])
})

test('each gives every function a process of its own', () => {
  expect(isolateGroups(functions, 'each')).toEqual([['a'], ['b'], ['c'], ['d']])
})

test('a name that no function has, and a group that is empty without it, are left out', () => {
  expect(isolateGroups([{ name: 'a' }], [['gone'], ['a', 'gone']])).toEqual([['a']])
})

test('no caller may queue or lease a kind that a function works on', async () => {
  const names = registry.map(({ name }) => name)
  const modules = await Promise.all(registry.map(({ jobs }) => jobs?.()))
  const kinds = modules.flatMap((module) => Object.keys(module?.jobs ?? {}))
  expect(kinds.length).toBeGreaterThan(0)
  expect(kinds.filter((kind) => !isReservedKind(kind, names))).toEqual([])
})
