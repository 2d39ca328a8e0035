import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { recordedLog } from '../../test/harness/log.ts'
import { newRunFolder } from '../relay/relay.fixture.ts'
import { FunctionServer } from './server.ts'

const deadlines = { replyMs: 10_000, bodyMs: 10_000 }

async function setupServer() {
  const path = join(await newRunFolder(), 'users.sock')
  const log = recordedLog()
  const fetch = ({ url }: Request) => {
    const { pathname, search } = new URL(url)
    return Response.json(`${pathname}${search}`)
  }
  const server = new FunctionServer({ fetch, log, deadlines })
  await server.listen({ path })
  onTestFinished(() => server.drain(0))
  return { send: (bytes: string | Buffer) => exchange(path, bytes), lines: log.lines }
}

/** Sends bytes as they are and reads all of the reply. */
async function exchange(path: string, bytes: string | Buffer) {
  const socket = connect(path)
  onTestFinished(() => void socket.destroy())
  socket.write(bytes)
  const reply = await text(socket)
  const [head = '', body = ''] = reply.split('\r\n\r\n')
  const [statusLine = '', ...fields] = head.split('\r\n')
  const headers = Object.fromEntries(fields.map((field) => field.toLowerCase().split(': ')))
  return { status: Number(statusLine.split(' ')[1]), headers, problem: JSON.parse(body) }
}

const head = (requestLine: string, id = 'mine-0001') =>
  `${requestLine}\r\nHost: x\r\nX-Request-Id: ${id}\r\n\r\n`

test.each(['FOO', 'CONNECT'])(
  '%s is a 405 with Allow, under the id of its request, and one line tells of it',
  async (method) => {
    const { send, lines } = await setupServer()
    const { status, headers, problem } = await send(head(`${method} /v1/users?q=s3cret HTTP/1.1`))
    expect([status, headers.allow]).toEqual([405, expect.stringContaining('get, head')])
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'x-request-id': 'mine-0001',
    })
    expect(problem).toMatchObject({ code: 'method_not_allowed', instance: 'mine-0001' })
    const fields = { method, path: '/v1/users', status: 405, code: 'method_not_allowed' }
    expect(lines).toEqual([
      {
        level: 'warn',
        message: problem.detail,
        fields: { request_id: 'mine-0001', ...fields },
      },
    ])
  },
)

test('an address with raw UTF-8 is a 400 that says how to write it', async () => {
  const { send, lines } = await setupServer()
  const { status, problem } = await send(head('POST /v1/Übung?filename=Übung.pdf HTTP/1.1'))
  expect([status, problem]).toEqual([
    400,
    expect.objectContaining({ code: 'malformed', instance: 'mine-0001' }),
  ])
  expect(problem.hint).toContain('%C3%9Cbung.pdf')
  expect(lines).toMatchObject([
    { fields: { method: 'POST', path: '/v1/Übung', request_id: 'mine-0001' } },
  ])
})

test('an address that makes no URL is a 400 under the id of its request', async () => {
  const { send, lines } = await setupServer()
  const path = '/v1/users\\me/../x'
  const { status, headers, problem } = await send(
    `GET ${path}?q=s3cret HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-0001\r\nConnection: close\r\n\r\n`,
  )
  expect([status, headers['x-request-id'], headers['content-type']]).toEqual([
    ...[400, 'mine-0001', 'application/problem+json'],
  ])
  expect(problem).toMatchObject({ code: 'malformed', instance: 'mine-0001' })
  const fields = { request_id: 'mine-0001', method: 'GET', path, status: 400, code: 'malformed' }
  expect(lines).toEqual([{ level: 'warn', message: problem.detail, fields }])
})

test.each(['', 'x:99999', '%zz', '[', '1.2.3.4.5'])(
  'the host "%s" is none of the function\'s business',
  async (host) => {
    const { send } = await setupServer()
    const { status, problem } = await send(
      `GET /v1/users?limit=2 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    )
    expect([status, problem]).toEqual([200, '/v1/users?limit=2'])
  },
)

test('a request of HTTP/1.0 needs no Host', async () => {
  const { send } = await setupServer()
  const { status } = await send('GET /v1/users HTTP/1.0\r\n\r\n')
  expect(status).toBe(200)
})

test('header fields beyond what Node takes are a 413 under the id of their request', async () => {
  const { send, lines } = await setupServer()
  const { status, headers, problem } = await send(
    `GET /v1/users HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-0001\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`,
  )
  expect([status, problem.code, headers['x-request-id']]).toEqual([
    ...[413, 'payload_too_large', 'mine-0001'],
  ])
  expect(lines).toMatchObject([{ fields: { request_id: 'mine-0001' } }])
})

test.each([
  ['no HTTP at all', Buffer.from([0, 255, 10, 13, 10, 13, 10])],
  ['an id that is none', head('FOO / HTTP/1.1', 'a"b{}<>')],
  [
    'an id in the body alone',
    'FOO / HTTP/1.1\r\nHost: x\r\n\r\nx\r\nx-request-id: mine-0001\r\n\r\n',
  ],
])('%s gets a new id, the same in the reply, its header and the line', async (_, bytes) => {
  const { send, lines } = await setupServer()
  const { headers, problem } = await send(bytes)
  expect(problem.instance).toMatch(/^[0-9a-f-]{36}$/)
  expect([headers['x-request-id'], lines[0]?.fields.request_id]).toEqual([
    problem.instance,
    problem.instance,
  ])
})
