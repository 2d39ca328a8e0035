import { createServer, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Resolve } from '../../../local-runtime/outgoing/lookup.ts'
import { outgoingOf } from '../../../local-runtime/outgoing/request.ts'
import { startReceiver } from '../../../test/fixtures/receiver.ts'
import { startTlsReceiver } from '../../../test/fixtures/tls-receiver.ts'
import { type Sending, send } from './send.ts'

const post = (
  url: string,
  { resolve, ...options }: Partial<Sending> & { resolve?: Resolve } = {},
) =>
  send(outgoingOf(resolve), {
    url: new URL(url),
    headers: { 'content-type': 'application/json' },
    body: '{"é":1}',
    signal: new AbortController().signal,
    allowsPrivate: true,
    ...options,
  })

const answers = (...addresses: string[][]): Resolve & { asked: string[] } => {
  const asked: string[] = []
  const resolve = async (hostname: string) => {
    const now = addresses[Math.min(asked.length, addresses.length - 1)] ?? []
    asked.push(hostname)
    return now.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  }
  return Object.assign(resolve, { asked })
}

/** A server of raw bytes. */
async function startRaw(answer: string): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(answer))
    onTestFinished(() => void socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`
}

test('the body arrives byte by byte with its headers, and the answer comes back', async () => {
  const { url, received } = await startReceiver()
  expect(await post(`${url}?a=1`)).toMatchObject({ statusCode: 200, excerpt: 'answer 1' })
  expect(received).toMatchObject([{ method: 'POST', url: '/hook?a=1', body: '{"é":1}' }])
  expect(received[0]?.headers).toMatchObject({
    'content-length': '8',
    'content-type': 'application/json',
    connection: 'close',
  })
})

test.each([
  ...['http://127.0.0.1:PORT/', 'http://[::ffff:127.0.0.1]:PORT/', 'http://0x7f.1:PORT/'],
  ...['http://2130706433:PORT/', 'http://localhost:PORT/', 'http://localhost.:PORT/'],
  ...['http://[::1]:PORT/', 'http://0:PORT/'],
])('nothing is sent to %s', async (url) => {
  const { port, received } = await startReceiver()
  const resolve = answers(['127.0.0.1'])
  const answer = await post(url.replace('PORT', String(port)), { allowsPrivate: false, resolve })
  expect(answer).toMatchObject({ statusCode: null, fault: 'address_refused' })
  expect(received).toEqual([])
})

test('a name with one private address among public ones is refused', async () => {
  const { port, received } = await startReceiver()
  for (const addresses of [
    ['93.184.216.34', '127.0.0.1'],
    ['127.0.0.1', '2606:2800:220:1::1'],
    [],
  ]) {
    const resolve = answers(addresses)
    const answer = await post(`http://rebind.example:${port}/`, { allowsPrivate: false, resolve })
    expect(answer.fault).toBe('address_refused')
    expect(resolve.asked).toHaveLength(1)
  }
  expect(received).toEqual([])
})

test('a name that is public when it is looked up first and private the next time is refused then', async () => {
  const { port, received } = await startReceiver()
  const resolve = answers(['192.0.2.1', '127.0.0.1'], ['127.0.0.1'])
  for (let n = 0; n < 2; n += 1)
    await post(`http://rebind.example:${port}/`, { allowsPrivate: false, resolve })
  expect(resolve.asked).toHaveLength(2)
  expect(received).toEqual([])
})

test('a name that nobody knows reads like one that is refused', async () => {
  const resolve: Resolve = () => Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }))
  const answer = await post('http://unknown.example/', { allowsPrivate: false, resolve })
  expect(answer.fault).toBe('address_refused')
})

test('a redirect is not followed', async () => {
  const target = await startReceiver()
  const { url, received } = await startReceiver((response) => {
    response.writeHead(307, { location: target.url }).end()
  })
  expect(await post(url)).toMatchObject({ statusCode: 307, fault: null })
  expect([received.length, target.received.length]).toEqual([1, 0])
})

test('a certificate that nobody vouches for is refused before a byte is sent', async () => {
  const { url, received } = await startTlsReceiver()
  expect(await post(url)).toMatchObject({ statusCode: null, fault: 'tls_failed' })
  expect(received).toEqual([])
})

test('of a giant reply the beginning is read', async () => {
  let written = 0
  const { url } = await startReceiver((response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) written += 1
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  const { statusCode, excerpt } = await post(url)
  expect([statusCode, excerpt]).toEqual([200, 'x'.repeat(1_000)])
  expect(written).toBeLessThan(1_000)
})

test('a reply that never ends counts by its status', async () => {
  const url = await startRaw('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome')
  const limits = { connect: 5_000, total: 5_000, body: 50 }
  expect(await post(url, { limits })).toMatchObject({ statusCode: 200, excerpt: 'some' })
})

test('what a terminal would obey and Postgres refuses is not kept', async () => {
  const { url } = await startReceiver((response) => {
    response.end(Buffer.from('a\0b\x1b[31mc\uD83D', 'utf8'))
  })
  const { excerpt } = await post(url)
  expect(excerpt).toMatch(/^a\uFFFDb\uFFFD\[31mc/)
  expect(excerpt?.isWellFormed()).toBe(true)
})

test.each([
  ['no HTTP', 'SSH-2.0-OpenSSH_9\r\n', 'reply_malformed'],
  ['an endless head', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}`, 'reply_malformed'],
])('a reply that is %s is a failure', async (_, reply, fault) => {
  expect(await post(await startRaw(reply))).toMatchObject({ statusCode: null, fault })
})

test('a switch of protocols is no delivery', async () => {
  const url = await startRaw(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  )
  const { statusCode, fault } = await post(url)
  expect([statusCode, fault]).toEqual([null, 'connection_lost'])
})

test('a receiver that is silent costs no more than its time, nor does one that never finishes to connect', async () => {
  const silent = await startRaw('')
  const late = { connect: 5_000, total: 50, body: 5_000 }
  expect((await post(silent, { limits: late })).fault).toBe('timeout')
  const limits = { connect: 50, total: 5_000, body: 5_000 }
  const answer = await post(silent.replace('http:', 'https:'), { limits })
  expect(answer.fault).toBe('connect_timeout')
})

test('nobody listening is a failure, and so is a connection that breaks off', async () => {
  expect((await post('http://127.0.0.1:9/')).fault).toBe('connection_refused')
  const { url } = await startReceiver((response) => void response.destroy())
  expect((await post(url)).fault).toBe('connection_lost')
})

test('an attempt that is told to stop stops', async () => {
  const stopping = new AbortController()
  const { url } = await startReceiver(() => stopping.abort(new Error('enough')))
  await expect(post(url, { signal: stopping.signal })).rejects.toThrow('enough')
})
