import { expect, test } from 'vitest'
import { OutgoingFault, type OutgoingRequest } from '../../functions/_shared/ports/outgoing.ts'
import { startReceiver } from '../../test/fixtures/receiver.ts'
import { outgoingOf } from './request.ts'

const outgoing = outgoingOf()

const get = (url: string, options: Partial<OutgoingRequest> = {}) =>
  outgoing({
    ...{ method: 'GET', url: new URL(url), headers: {}, signal: new AbortController().signal },
    ...{ allowsPrivate: true, limits: { connect: 5_000, total: 5_000 }, ...options },
  })

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) text += decoder.decode(chunk, { stream: true })
  return text
}

test('a request without a body says nothing of one, and its reply comes with its headers', async () => {
  const { url, received } = await startReceiver((response) => {
    response.setHeader('ETag', '"a"').end('whole')
  })
  const reply = await get(url, { headers: { 'if-none-match': '"b"' } })
  expect([reply.statusCode, reply.headers.etag, await textOf(reply.body)]).toEqual([
    ...[200, '"a"', 'whole'],
  ])
  expect(received).toMatchObject([{ method: 'GET', headers: { 'if-none-match': '"b"' } }])
  expect(received[0]?.headers).not.toHaveProperty('content-length')
})

test('a body that is cut off is no body', async () => {
  const { url } = await startReceiver((response) => {
    response.setHeader('content-length', '100').write('some')
    setTimeout(() => response.destroy(), 20)
  })
  const { body } = await get(url)
  await expect(textOf(body)).rejects.toEqual(new OutgoingFault('connection_lost'))
})

test('a body that never ends costs no more than its time', async () => {
  const { url } = await startReceiver((response) => void response.write('some'))
  const { body } = await get(url, { limits: { connect: 5_000, total: 100 } })
  await expect(textOf(body)).rejects.toEqual(new OutgoingFault('timeout'))
})

test('whoever reads a body when it is told to stop gets the reason', async () => {
  const stopping = new AbortController()
  const { url } = await startReceiver((response) => {
    response.write('some')
    setTimeout(() => stopping.abort(new Error('enough')), 20)
  })
  const { body } = await get(url, { signal: stopping.signal })
  await expect(textOf(body)).rejects.toThrow('enough')
})
