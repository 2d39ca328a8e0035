import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { FunctionServer } from '../../local-runtime/isolate/server.ts'
import { eventually } from '../../local-runtime/relay/relay.fixture.ts'
import { recordedLog } from '../harness/log.ts'
import { captureLog, echo, newHome, open, openCaddy, startUpstream } from './caddy.fixture.ts'

async function* chunks(count: number, bytes: number) {
  for (let i = 0; i < count; i += 1) yield Buffer.alloc(bytes, 65)
}

const problem = (status: number, code: string) =>
  expect.objectContaining({ status, code, type: `urn:octavo:problem:${code}` })

const limits = { BODY_BYTES_MAX: '100KiB', UPLOAD_BODY_BYTES_MAX: '8MiB' }

test('a body above the limit is 413 by announced and by counted length; uploads have a larger one', async () => {
  const places = await newHome()
  await captureLog(places.run)
  for (const name of ['users', 'documents']) await startUpstream(places.run, name, echo(name))
  const { send } = await openCaddy(places, limits)
  const announced = await send('/v1/users', { method: 'POST', body: Buffer.alloc(200_000) })
  const counted = await send('/v1/users', { method: 'POST', body: chunks(2, 100_000) })
  for (const { status, body } of [announced, counted])
    expect([status, JSON.parse(body)]).toEqual([413, problem(413, 'payload_too_large')])
  const upload = await send('/v1/documents', { method: 'POST', body: chunks(2, 100_000) })
  expect(JSON.parse(upload.body)).toMatchObject({ name: 'documents', bytes: 200_000 })
})

test('a large body in chunks arrives byte for byte', async () => {
  const places = await newHome()
  await captureLog(places.run)
  await startUpstream(places.run, 'documents', async (req, res) => {
    const hash = createHash('sha256')
    for await (const chunk of req) hash.update(chunk)
    res.end(hash.digest('hex'))
  })
  const { send } = await openCaddy(places, limits)
  const parts = Array.from({ length: 60 }, () => randomBytes(100_000))
  const { body } = await send('/v1/documents', {
    method: 'POST',
    body: (async function* () {
      yield* parts
    })(),
  })
  expect(body).toBe(createHash('sha256').update(Buffer.concat(parts)).digest('hex'))
})

test.each([
  ['stopped while it held the request', 502, (req: IncomingMessage) => req.socket.destroy()],
  ['did not answer in time', 504, () => {}],
])('a function that %s is a %i problem with Retry-After', async (_, status, behave) => {
  const places = await newHome()
  await captureLog(places.run)
  await startUpstream(places.run, 'users', behave)
  const { send } = await openCaddy(places, { RESPONSE_TIMEOUT: '300ms' })
  const { status: got, headers, body } = await send('/v1/users', { method: 'POST', body: '{}' })
  expect([got, headers['content-type'], headers['retry-after']]).toEqual([
    ...[status, 'application/problem+json', '2'],
  ])
  expect(JSON.parse(body)).toEqual(problem(status, 'unavailable'))
  expect(JSON.parse(body).instance).toBe(headers['x-request-id'])
})

test.each([
  ['/v1/users', 400],
  ['/nowhere', 404],
])(
  'a caller whose body stalls at %s gets the %i at once, not after the body limit',
  async (path, status) => {
    const places = await newHome()
    await captureLog(places.run)
    await startUpstream(places.run, 'users', (_, res) => res.writeHead(400).end())
    const { port } = await openCaddy(places)
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{`)
    const [chunk] = await once(socket, 'data')
    expect(String(chunk)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  },
)

test('a reader keeps its connection when it is refused', async () => {
  const places = await newHome()
  await captureLog(places.run)
  await startUpstream(places.run, 'users', echo('users'))
  const { send } = await openCaddy(places)
  const keep = { headers: { connection: 'keep-alive' } }
  expect((await send('/v1/users?status=404', keep)).headers.connection).not.toBe('close')
  const written = await send('/v1/users?status=404', { ...keep, method: 'POST', body: '{}' })
  expect(written.headers.connection).toBe('close')
})

test('a request waits for a function whose socket is not there yet', async () => {
  const places = await newHome()
  await captureLog(places.run)
  const { send } = await openCaddy(places)
  const reply = send('/v1/users')
  const early = await Promise.race([
    reply,
    new Promise((resolve) => setTimeout(resolve, 200, 'waits')),
  ])
  expect(early).toBe('waits')
  await startUpstream(places.run, 'users', echo('users'))
  expect((await reply).status).toBe(200)
})

test('an event reaches the reader before the next one is sent', async () => {
  const places = await newHome()
  await captureLog(places.run)
  const { promise: wasRead, resolve: read } = Promise.withResolvers<void>()
  await startUpstream(places.run, 'users', async (_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    await wasRead
    res.end('data: 2\n\n')
  })
  const { port } = await openCaddy(places)
  const res = await open(port, '/v1/users/events')
  expect(String((await once(res, 'data'))[0])).toBe('data: 1\n\n')
  read()
  expect(String((await once(res, 'data'))[0])).toBe('data: 2\n\n')
})

test('an upgrade to a socket passes in both directions', async () => {
  const places = await newHome()
  await captureLog(places.run)
  const { server } = await startUpstream(places.run, 'users', echo('users'))
  server.on('upgrade', (_, socket) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
    )
    socket.on('data', (chunk) => socket.write(`got ${chunk}`))
    socket.on('error', () => {})
  })
  const { port } = await openCaddy(places)
  const socket = connect(port, '127.0.0.1')
  socket.write(
    'GET /v1/users HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
  )
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  await eventually(() => text.startsWith('HTTP/1.1 101'))
  socket.write('hello')
  await eventually(() => text.includes('got hello'))
  socket.destroy()
})

test('a caller who leaves is noticed by the function', async () => {
  const places = await newHome()
  await captureLog(places.run)
  const { promise: hasClosed, resolve: closed } = Promise.withResolvers<void>()
  await startUpstream(places.run, 'users', (_, res) => {
    res.on('close', closed)
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  })
  const { port } = await openCaddy(places)
  const res = await open(port, '/v1/users/events')
  await once(res, 'data')
  res.destroy()
  await hasClosed
})

/** Bytes as a careless caller sends them; the whole reply. */
async function sendRaw(port: number, requestLine: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write(`${requestLine} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
  return await text(socket)
}

test.each([
  ['FOO /v1/users', 405, 'method_not_allowed'],
  ['CONNECT /v1/users', 405, 'method_not_allowed'],
  ['GET /v1/users?filename=Übung.pdf', 400, 'malformed'],
])(
  "what Node's parser refuses, %s, carries one id in its header, its problem and the line of the function",
  async (requestLine, status, code) => {
    const places = await newHome()
    await captureLog(places.run)
    const log = recordedLog()
    const deadlines = { replyMs: 10_000, bodyMs: 10_000 }
    const server = new FunctionServer({ fetch: () => new Response('served'), log, deadlines })
    await server.listen({ path: join(places.run, 'users.sock') })
    onTestFinished(() => server.drain(0))
    const { port } = await openCaddy(places)
    const [head = '', body = ''] = (await sendRaw(port, requestLine)).split('\r\n\r\n')
    const id = /\r\nX-Request-Id: (\S+)/.exec(head)?.[1]
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(JSON.parse(body)).toMatchObject({ status, code, instance: id })
    const fields = { request_id: id, path: '/v1/users', status, code }
    expect(log.lines).toMatchObject([{ level: 'warn', fields }])
  },
)
