import { expect, test } from 'vitest'
import { hostUses, moduleScopeEffects, readsEnvironment } from './rules.ts'
import { sourceOf } from './sources.ts'
import { webStandardFiles } from './zones.ts'

const parsed = (text: string, path = 'functions/things/index.ts') => sourceOf(path, text)

test.each([
  ["import { readFile } from 'node:fs'", ['node:fs']],
  ["import postgres from 'postgres'", ['postgres']],
  ["const sharp = () => import('sharp')", ['sharp']],
  ['export const f = () => process.cwd()', ['process']],
  ["export const f = () => Buffer.from('x')", ['Buffer']],
  ["import type { Socket } from 'node:net'", []],
  ["import { Hono } from 'hono/tiny'", []],
  ["import { rows } from './queries.ts'", []],
  ['export const process = (job: string) => job', []],
])('what only Node has is seen in: %s', (text, uses) => {
  expect(hostUses(parsed(text))).toEqual(uses)
})

test.each([
  ['const timer = setInterval(() => {}, 1)', ['setInterval']],
  ['export const salt = crypto.getRandomValues(new Uint8Array(8))', ['crypto.getRandomValues']],
  ['export const started = new Date()', ['new Date()']],
  ['class A { static id = uuidv7() }', ['uuidv7']],
  ['export const f = () => setTimeout(() => {}, 1)', []],
  ["export const epoch = new Date('2026-01-01')", []],
])('what runs on load is seen in: %s', (text, effects) => {
  expect(moduleScopeEffects(parsed(text))).toEqual(effects)
})

test('a reader of the environment is seen however it reads', () => {
  expect(readsEnvironment(parsed('export const port = process.env.PORT'))).toBe(true)
  expect(readsEnvironment(parsed("export const port = process.env['PORT']"))).toBe(true)
  expect(readsEnvironment(parsed('export const { PORT } = process.env'))).toBe(true)
  expect(readsEnvironment(parsed('export const env = { PORT: 1 }'))).toBe(false)
})

test('what only jobs.ts reaches may use Node, what index.ts reaches may not', () => {
  const sources = [
    parsed("import { rows } from './queries.ts'"),
    parsed('export const rows = 1', 'functions/things/queries.ts'),
    parsed("import { engine } from './engine.ts'", 'functions/things/jobs.ts'),
    parsed("import 'node:fs'", 'functions/things/engine.ts'),
  ]
  const paths = webStandardFiles(sources).map(({ path }) => path)
  expect(paths).toEqual(['functions/things/index.ts', 'functions/things/queries.ts'])
})
