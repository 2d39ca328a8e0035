import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { onFileEnd } from '../../test/harness/database.ts'
import { loadConfig, prepareHome } from '../config.ts'
import { refuseTakenPort } from './front-port.ts'

function setup(port: number) {
  const home = mkdtempSync(join(tmpdir(), 'octavo-port-'))
  onFileEnd(() => rmSync(home, { recursive: true, force: true }))
  const config = loadConfig({ OCTAVO_HOME: home, OCTAVO_PORT: String(port) }, { envFile: null })
  prepareHome(config)
  return config
}

/** A port below those that Linux gives to outgoing connections, and who holds it. */
async function takePort(): Promise<{ port: number; server: Server }> {
  const port = randomInt(24_000, 29_000)
  const server = createServer()
  const isTaken = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  return isTaken ? { port, server } : takePort()
}

const close = async (server: Server) => {
  server.close()
  await once(server, 'close')
}

test('a port that another program holds is named with both ways out, and is none once it is free', async () => {
  const { port, server } = await takePort()
  const config = setup(port)
  const refused = refuseTakenPort(config)
  await expect(refused).rejects.toThrow(
    `Port ${port} on 127.0.0.1, wanted for Caddy, is taken by another program: ` +
      'stop that program, or set OCTAVO_PORT=18080 in .env, which all commands read.',
  )
  await close(server)
  await expect(refuseTakenPort(config)).resolves.toBeUndefined()
})

test('a port that is given back in a moment is no obstacle', async () => {
  const { port, server } = await takePort()
  const allowed = refuseTakenPort(setup(port))
  await close(server)
  await expect(allowed).resolves.toBeUndefined()
})
