import { Webhook as Verifier } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { answering, startReceiver } from '../../test/fixtures/receiver.ts'
import { expectedSignature, webhookWorld } from '../../test/fixtures/webhooks.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('an event arrives once, thin, and with the signature of the specification', async () => {
  const { create, publish, delivered, startWorker, tenant, clock } = await webhookWorld()
  const { url, received } = await startReceiver()
  const { id, secret } = await create(url)
  await publish({ data: { page_count: 3 } })
  startWorker()
  const { event_id, attempts } = await delivered(id, 'delivered')
  expect(attempts).toMatchObject([{ number: 1, status_code: 200, error: null }])
  const [request] = received
  if (!request) throw new Error('nothing came')
  expect(received).toHaveLength(1)
  expect(JSON.parse(request.body)).toEqual({
    type: 'document.completed',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    data: { id: tenant.id, page_count: 3, urls: { self: `/v1/documents/${tenant.id}` } },
  })
  expect(request.headers).toMatchObject({
    'webhook-id': event_id,
    'webhook-timestamp': String(Math.floor(clock.now().getTime() / 1_000)),
    'webhook-signature': expectedSignature(request, secret),
    'content-type': 'application/json',
    'user-agent': 'Octavo-Webhooks/0.0.0-test',
  })
})

test('the library that receivers use verifies it, and no altered body', async () => {
  const { create, publish, startWorker, clock } = await webhookWorld()
  clock.advance(Date.now() - clock.now().getTime())
  const { url, received } = await startReceiver()
  const { secret } = await create(url)
  await publish()
  startWorker()
  const request = await eventually('it came', async () => received[0])
  const verifier = new Verifier(secret)
  expect(verifier.verify(request.body, request.headers)).toEqual(JSON.parse(request.body))
  expect(() => verifier.verify(`${request.body} `, request.headers)).toThrow()
})

test('after answers of 500 it is tried again with the same id and body, until it is taken', async () => {
  const { create, publish, delivered, startWorker, read } = await webhookWorld()
  const { url, received } = await startReceiver(answering(500, 503, 200))
  const { id } = await create(url)
  await publish()
  startWorker()
  const { attempts } = await delivered(id, 'delivered', 3)
  expect(attempts.map(({ number, status_code, error }) => [number, status_code, error])).toEqual([
    [1, 500, 'status'],
    [2, 503, 'status'],
    [3, 200, null],
  ])
  expect(attempts[0]?.reply_excerpt).toBe('answer 1')
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(new Set(received.map(({ body }) => body)).size).toBe(1)
  expect(await read(id)).toMatchObject({ enabled: true, failing_since: null })
})

test('it waits for its next attempt as long as it should, and longer when the receiver asks to', async () => {
  const { create, publish, delivered, startWorker } = await webhookWorld()
  const { url } = await startReceiver((response) => {
    response.writeHead(503, { 'retry-after': '7200' }).end()
  })
  const { id } = await create(url)
  await publish()
  startWorker({ waitsMs: [5_000] })
  const { next_attempt_at: next } = await eventually('it waits', async () => {
    const waiting = await delivered(id, 'pending')
    return Date.parse(waiting.next_attempt_at ?? '') > Date.now() + 1_000 && waiting
  })
  const waitMs = Date.parse(next ?? '') - Date.now()
  expect(waitMs).toBeGreaterThan(7_100_000)
  expect(waitMs).toBeLessThanOrEqual(7_200_000)
})

test('during the overlap both secrets sign, and then the new one alone', async () => {
  const { create, publish, startWorker, post, clock } = await webhookWorld()
  const { url, received } = await startReceiver()
  const { id, secret } = await create(url)
  const reply = await post(`/${id}/rotate`, { overlap_hours: 1 })
  const { secret: newer } = await bodyOf<{ secret: string }>(reply)
  startWorker()
  const nextRequest = async () => {
    const before = received.length
    await publish()
    return eventually('it came', async () => received[before])
  }
  const during = await nextRequest()
  expect(during.headers['webhook-signature']?.split(' ')).toEqual([
    expectedSignature(during, newer),
    expectedSignature(during, secret),
  ])
  clock.advance(3_600_001)
  const after = await nextRequest()
  expect(after.headers['webhook-signature']).toBe(expectedSignature(after, newer))
})

test('a URL that was stored while private addresses were allowed gets nothing when they are not', async () => {
  const { create, publish, delivered, startWorker } = await webhookWorld()
  const { url, port, received } = await startReceiver()
  const ids = [await create(url), await create(`https://localhost:${port}/`)].map(({ id }) => id)
  await publish()
  startWorker({ allowsPrivate: false, waitsMs: [3_600_000] })
  for (const id of ids) {
    const { attempts } = await delivered(id, 'pending')
    expect(attempts).toMatchObject([{ status_code: null, error: 'address_refused' }])
  }
  expect(received).toEqual([])
})

test('of several workers at once each event is delivered once', async () => {
  const { create, publish, deliveries, startWorker } = await webhookWorld()
  const { url, received } = await startReceiver()
  const { id } = await create(url)
  for (const worker of [startWorker, startWorker, startWorker]) worker()
  await Promise.all(Array.from({ length: 40 }, () => publish()))
  await eventually('all have come', async () => {
    const found = await deliveries(id)
    return found.length === 40 && found.every(({ state }) => state === 'delivered')
  })
  expect(received).toHaveLength(40)
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(40)
})

test('what a slow receiver holds up does not hold up the others', async () => {
  const { create, publish, delivered, startWorker } = await webhookWorld()
  const [slow, fast] = await Promise.all([startReceiver(() => {}), startReceiver()])
  await create(slow.url)
  const { id } = await create(fast.url)
  startWorker()
  await publish()
  await delivered(id, 'delivered')
  expect(slow.received.length).toBeLessThanOrEqual(1)
})

test('neither secrets nor signatures are in any log line or reply', async () => {
  const { create, publish, delivered, startWorker, get, logLines } = await webhookWorld()
  const { url, received } = await startReceiver(answering(500, 200))
  const { id, secret } = await create(url)
  await publish()
  startWorker()
  const { id: deliveryId } = await delivered(id, 'delivered', 2)
  const paths = ['/', `/${id}`, `/${id}/deliveries`, `/deliveries/${deliveryId}`]
  const replies = await Promise.all(paths.map(async (path) => (await get(path)).text()))
  const told = JSON.stringify(logLines) + replies.join('')
  const signature = received[0]?.headers['webhook-signature']?.slice('v1,'.length) ?? ''
  for (const hidden of [secret.slice('whsec_'.length), signature])
    expect(told).not.toContain(hidden)
})
