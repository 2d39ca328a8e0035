import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { loadConfig } from '../config.ts'
import { configurationTable, envExample } from './documents.ts'
import { settingDocuments } from './settings.ts'

test('.env.example is what the schema generates', () => {
  expect(readFileSync('.env.example', 'utf8')).toBe(envExample())
})

test('docs/configuration.md is what the schema generates', () => {
  expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configurationTable())
})

test('.env.example without its comment signs is a valid configuration, equal to the defaults', () => {
  const uncommented = envExample().replaceAll(/^#(?=[A-Z0-9_]+=)/gm, '')
  const values = parseEnv(uncommented) as Record<string, string>
  expect(Object.keys(values).sort()).toEqual(settingDocuments.map(({ name }) => name).sort())
  const written = loadConfig(values, { envFile: null })
  const standard = loadConfig({}, { envFile: null })
  for (const part of ['http', 'limits', 'isolates', 'worker', 'retention', 'ports'] as const) {
    expect(written[part]).toEqual(standard[part])
  }
})

test('every example of a variable that is no secret is a valid value', () => {
  const shown = settingDocuments.filter(({ name, secret }) => !secret && !name.endsWith('_FILE'))
  const examples = Object.fromEntries(shown.map(({ name, example }) => [name, example]))
  const key = { S3_ACCESS_KEY_ID: 'the bucket needs one', S3_SECRET_ACCESS_KEY: 'and this' }
  expect(() => loadConfig({ ...examples, ...key }, { envFile: null })).not.toThrow()
})

test('every variable says what it means in whole sentences', () => {
  for (const { name, description, example } of settingDocuments) {
    expect(description, name).toMatch(/^[A-Z].{15,}\.$/s)
    expect(example, name).not.toBe('')
  }
})
