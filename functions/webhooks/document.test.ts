import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { Webhook } from 'standardwebhooks'
import { expect, onTestFinished, test } from 'vitest'
import { eventTypes } from '../../domain/webhooks/event-types.ts'
import { newSecret } from './secrets.ts'

const run = promisify(execFile)
const page = await readFile('docs/webhooks.md', 'utf8')
const example = (language: string) => page.split(`\`\`\`${language}\n`)[1]?.split('```')[0] ?? ''

const secret = newSecret()
const at = new Date()
const body = '{"type":"webhook.test","é":1}'
const headers = {
  'webhook-id': 'an-id',
  'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
  'webhook-signature': `v1,AAAA ${new Webhook(secret).sign('an-id', at, body)}`,
}

test('docs/webhooks.md names every type of event and every field of its data', () => {
  for (const [type, { data }] of Object.entries(eventTypes))
    for (const name of [type, ...Object.keys(data.shape)]) expect(page).toContain(`\`${name}\``)
})

test('its TypeScript example takes what is signed and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-webhook-example-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const outfile = join(folder, 'example.mjs')
  const contents = example('ts').replace(/^.*console\.log.*\n/m, 'void event\n')
  const stdin = { contents, loader: 'ts', resolveDir: process.cwd() } as const
  await build({ stdin, outfile, bundle: true, format: 'esm', platform: 'node' })
  const { receive } = await import(outfile)
  const post = (text: string) =>
    receive(new Request('https://example.com', { method: 'POST', headers, body: text }), secret)
  expect((await post(body)).status).toBe(204)
  expect((await post(`${body} `)).status).toBe(401)
})

test('its Python example takes what is signed and nothing else', async ({ skip }) => {
  const python = await run('python3', ['--version']).catch(() => null)
  if (!python) skip('there is no python3')
  const call = (text: string) =>
    `verify(${JSON.stringify(secret)}, ${JSON.stringify(headers)}, ${JSON.stringify(text)}.encode())`
  const program = `${example('python')}\nprint(${call(body)}, ${call(`${body} `)})`
  const { stdout } = await run('python3', ['-c', program])
  expect(stdout.trim()).toBe('True False')
})
