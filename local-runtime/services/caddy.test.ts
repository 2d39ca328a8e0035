import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { loadConfig } from '../config.ts'
import { checkCaddy, type RunningCaddy, startCaddy, validateCaddyfile } from './caddy.ts'

// Programs are started, and perhaps fetched, beside other files' servers.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const { services: servicesDir } = loadConfig({}, { envFile: null }).paths
const bind = '127.0.0.1'
const homes: string[] = []
const servers: RunningCaddy[] = []

const answering = `{
	admin off
	auto_https off
}
http://{$ADDRESS} {
	respond "served"
}
`

function newHome(caddyfile: string) {
  const home = mkdtempSync(join(tmpdir(), 'octavo-caddy-'))
  homes.push(home)
  const file = join(home, 'Caddyfile')
  writeFileSync(file, caddyfile)
  return { home, caddyfile: file, servicesDir }
}

async function start(place: ReturnType<typeof newHome>, port = randomInt(12_000, 29_000)) {
  const server = await startCaddy({ ...place, bind, port, env: { ADDRESS: `${bind}:${port}` } })
  servers.push(server)
  return { ...server, port }
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
})

test('Caddy serves a Caddyfile with the environment it was given, and writes below the home alone', async () => {
  const place = newHome(answering)
  const { port, version } = await start(place)
  expect(version).toMatch(/^v?\d+\./)
  expect(await (await fetch(`http://${bind}:${port}/`)).text()).toBe('served')
  expect(await checkCaddy({ ...place, bind, port })).toEqual({
    status: 'ok',
    version: expect.stringMatching(/^v?\d+\./),
  })
  expect(existsSync(join(place.home, 'caddy', 'config', 'caddy', 'autosave.json'))).toBe(true)
})

test('a Caddyfile that is not valid is refused with what Caddy has against it', async () => {
  const place = newHome(':80 {\n\tresponnd "x"\n}\n')
  await expect(validateCaddyfile({ ...place, env: {} })).rejects.toThrow(/is not valid: .*responnd/)
})

test('a stopped Caddy is down, and its port is free for the next', async () => {
  const place = newHome(answering)
  const { port, stop } = await start(place)
  await stop()
  expect(await checkCaddy({ ...place, bind, port })).toEqual({
    status: 'down',
    detail: 'no answer',
  })
  await start(place, port)
})

test('after kill -9 the next start works in the same home', async () => {
  const place = newHome(answering)
  const { pid, port, exited } = await start(place)
  process.kill(pid, 'SIGKILL')
  await exited
  await start(place, port)
  expect(await (await fetch(`http://${bind}:${port}/`)).text()).toBe('served')
})

test('a taken port is one sentence', async () => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, bind, resolve))
  const { port } = holder.address() as { port: number }
  await expect(start(newHome(answering), port)).rejects.toThrow(
    `Port ${port} on ${bind}, wanted for Caddy, is taken`,
  )
  await new Promise((resolve) => holder.close(resolve))
})
