import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { startReceiver } from '../../test/fixtures/receiver.ts'
import { webhookWorld } from '../../test/fixtures/webhooks.ts'
import { testDatabase } from '../../test/harness/database.ts'
import { eventually } from '../../test/harness/eventually.ts'

/** A worker as a process of its own, as one file. */
async function startProgram(secret: Uint8Array): Promise<ChildProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-webhook-worker-'))
  const program = join(folder, 'worker.mjs')
  const source = new URL('../../test/fixtures/webhook-worker.ts', import.meta.url).pathname
  await build({
    ...{ entryPoints: [source], outfile: program, bundle: true, format: 'esm', platform: 'node' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'silent',
  })
  const { url } = await testDatabase()
  const args = [program, url, Buffer.from(secret).toString('hex')]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  onTestFinished(async () => {
    await kill(child)
    await rm(folder, { recursive: true, force: true })
  })
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

test('what a killed worker was delivering is delivered again, with the same id and body', async () => {
  const { create, publish, delivered, startWorker, config } = await webhookWorld()
  let isFirst = true
  const { url, received } = await startReceiver((response) => {
    if (!isFirst) response.end()
    isFirst = false
  })
  const { id } = await create(url)
  await publish()
  const child = await startProgram(config.secret)
  await eventually('the request is under way', async () => received.length === 1)
  await kill(child)
  startWorker()
  const { attempts } = await delivered(id, 'delivered')
  expect(attempts).toMatchObject([{ number: 1, status_code: 200 }])
  const [first, second] = received
  expect(received).toHaveLength(2)
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  expect(second?.body).toBe(first?.body)
})
