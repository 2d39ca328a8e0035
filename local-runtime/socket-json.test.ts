import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newRunFolder } from './relay/relay.fixture.ts'
import { readSocketJson, UnknownQuestion } from './socket-json.ts'

async function ask(answer: RequestListener): Promise<unknown> {
  const socketPath = join(await newRunFolder(), 'program.sock')
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return readSocketJson({ socketPath, path: '/facts?limit=2', timeoutMs: 2_000 })
}

test('what a program answers is read as JSON', async () => {
  expect(await ask((req, res) => res.end(JSON.stringify({ asked: req.url })))).toEqual({
    asked: '/facts?limit=2',
  })
})

test('a program that does not know the question is told from one that fails', async () => {
  await expect(ask((_, res) => res.writeHead(404).end())).rejects.toThrow(UnknownQuestion)
  await expect(ask((_, res) => res.writeHead(500).end())).rejects.not.toThrow(UnknownQuestion)
})

test('an answer without end is given up before it fills the memory', async () => {
  const endless: RequestListener = (_, res) => {
    const write = () => {
      while (!res.destroyed && res.write('x'.repeat(64 * 1024)));
    }
    res.on('drain', write)
    write()
  }
  await expect(ask(endless)).rejects.toThrow('too large')
})

test('a connection that ends half-way is a failure', async () => {
  const half: RequestListener = (_, res) => {
    res.write('{}')
    setImmediate(() => res.destroy())
  }
  await expect(ask(half)).rejects.toThrow()
})
