import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ConfigFault, describeConfig, loadConfig } from '../config.ts'

const openAi = { OCTAVO_AI_PROVIDER: 'openai', OCTAVO_AI_MODEL: 'm-1' }
const load = (env: Record<string, string>) => loadConfig(env, { envFile: null })

function faultOf(env: Record<string, string>): string {
  try {
    load(env)
  } catch (err) {
    if (err instanceof ConfigFault) return err.message
  }
  return 'no fault'
}

test('without settings the offline stub writes artifacts', () => {
  expect(load({}).ai.openai).toBeNull()
  expect(load({ OCTAVO_AI_MODEL: 'm-1' }).ai.openai).toBeNull()
  expect(load({}).http.artifactBytesMax).toBe(16 * 1024 ** 2)
})

test('a server is asked with the key of a file, which nothing shows', () => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-ai-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'key')
  writeFileSync(file, 'sk-very-secret\n')
  const config = load({ ...openAi, OCTAVO_AI_KEY_FILE: file })
  expect(config.ai.openai).toMatchObject({ model: 'm-1', timeoutMs: 60_000 })
  expect(config.ai.openai?.key?.reveal()).toBe('sk-very-secret')
  expect(JSON.stringify(config) + describeConfig(config)).not.toContain('sk-very-secret')
})

test('a key in the environment is masked wherever settings are shown', () => {
  const config = load({ ...openAi, OCTAVO_AI_KEY: 'sk-very-secret' })
  expect(config.ai.openai?.key?.reveal()).toBe('sk-very-secret')
  expect(JSON.stringify(config) + describeConfig(config)).not.toContain('sk-very-secret')
})

test.each([
  ['no model', { OCTAVO_AI_PROVIDER: 'openai' }, 'OCTAVO_AI_MODEL'],
  ['a provider that is not known', { OCTAVO_AI_PROVIDER: 'other' }, 'OCTAVO_AI_PROVIDER'],
  ['a key in the address', { OCTAVO_AI_BASE_URL: 'https://a:b@c.example' }, 'OCTAVO_AI_BASE_URL'],
  ['a file that is not there', { ...openAi, OCTAVO_AI_KEY_FILE: '/nowhere' }, 'OCTAVO_AI_KEY_FILE'],
])('%s is a fault that names the setting', (_, env, name) => {
  expect(faultOf(env)).toContain(name)
})

test('an address without TLS is warned of, unless it is this machine', () => {
  const warnings = (url: string) => load({ ...openAi, OCTAVO_AI_BASE_URL: url }).warnings.join()
  expect(warnings('http://ai.example.com/v1')).toContain('OCTAVO_AI_BASE_URL')
  expect(warnings('http://127.0.0.1:11434/v1')).not.toContain('OCTAVO_AI_BASE_URL')
  expect(warnings('https://ai.example.com/v1')).not.toContain('OCTAVO_AI_BASE_URL')
})
