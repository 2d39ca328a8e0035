import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import * as manifest from '../package.json' with { type: 'json' }
import { filesEndingIn } from './architecture/sources.ts'
import {
  commandLines,
  namedOctavoCommands,
  namedPaths,
  namedScripts,
  namedSubcommands,
  readDocuments,
} from './documents/markdown.ts'

const documents = readDocuments()
const readme = readFileSync('README.md', 'utf8')
const readmeLinesMax = 150

// A bare name, like `jobs.ts`, may stand for a file that lies in many folders.
const fileNames = new Set(
  filesEndingIn('ts', 'json', 'md', 'sh', 'toml').map((path) => basename(path)),
)
const exists = (name: string) => existsSync(name) || fileNames.has(name)

test('every file, folder and link that a document names exists', () => {
  const missing = documents.flatMap((document) =>
    namedPaths(document)
      .filter((name) => !exists(name))
      .map((name) => `${document.path}: ${name}`),
  )
  expect(missing).toEqual([])
})

test('every npm script that a document names exists', () => {
  const scripts = Object.keys(manifest.default.scripts)
  const missing = documents.flatMap((document) =>
    namedScripts(document)
      .filter((name) => !scripts.includes(name))
      .map((name) => `${document.path}: npm run ${name}`),
  )
  expect(missing).toEqual([])
})

test('every subcommand that a document names is one that deploy-local.sh lists in its help', () => {
  const help = readFileSync('deploy-local.sh', 'utf8')
  const missing = documents.flatMap((document) =>
    namedSubcommands(document)
      .filter((name) => !new RegExp(`\\b${name}\\b`).test(help))
      .map((name) => `${document.path}: ./deploy-local.sh ${name}`),
  )
  expect(missing).toEqual([])
})

test('every command of octavo that a document shows exists', () => {
  const main = readFileSync('local-runtime/main.ts', 'utf8')
  const commands = [...main.matchAll(/^ {4}'?([a-z]+)'?: \(\) =>/gm)].map((match) => match[1])
  expect(commands).toContain('deploy')
  const missing = documents.flatMap((document) =>
    namedOctavoCommands(document)
      .filter((name) => !commands.includes(name))
      .map((name) => `${document.path}: octavo ${name}`),
  )
  expect(missing).toEqual([])
})

test('every path that an npm script runs exists', () => {
  const named = Object.values(manifest.default.scripts).flatMap((script) =>
    [...script.matchAll(/[\w./-]+\.(?:ts|mjs|sh)\b/g)].map(([path]) => path),
  )
  expect(named.filter((path) => !existsSync(path))).toEqual([])
})

test(`the README is at most ${readmeLinesMax} lines`, () => {
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(readmeLinesMax)
})

test.each(['README.md', 'docs/jobs.md', 'docs/conferences.md', 'docs/places.md'])(
  'every curl line of %s is a line that the smoke test runs',
  (path) => {
    const smoke = globSync('smoke/**/*.sh').flatMap((path) =>
      readFileSync(path, 'utf8')
        .replace(/\\\n\s*/g, '')
        .split('\n')
        .map((line) => line.trim()),
    )
    const shown = commandLines(readFileSync(path, 'utf8')).filter((line) => /\bcurl\b/.test(line))
    expect(shown.length).toBeGreaterThan(0)
    // The smoke test keeps the reply: `reply=$(curl ...)` runs the same command.
    const runs = (command: string) =>
      smoke.some((line) => line === command || line.endsWith(`=$(${command})`))
    expect(shown.filter((command) => !runs(command))).toEqual([])
  },
)

test('the test command of the README is the one that continuous integration runs', () => {
  const commands = readFileSync('.ci/run', 'utf8').trim().split('\n')
  expect(commands.at(-1)).toBe('npm cit')
  expect(readme).toContain('npm cit')
})
