import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelEvents, jobs as jobTable } from '../../db/schema/index.ts'
import { stubProvider } from '../../local-runtime/ai/stub.ts'
import { textOf, type Version } from '../../test/fixtures/artifacts.ts'
import { addChannel } from '../../test/fixtures/channels.ts'
import { generatingWorld, saying, streamOf } from '../../test/fixtures/generating.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { AiFailure } from '../_shared/ports/ai.ts'

test('the offline stub answers with the same text each time, and says that it is no AI', async () => {
  const { generate, ended, content } = await generatingWorld({
    provider: stubProvider({ pieceMs: 0 }),
  })
  const ids = [await generate('What is Octavo?'), await generate('What is Octavo?')]
  const [first, second] = await Promise.all(ids.map((id) => ended(id)))
  expect(first).toMatchObject({ status: 'completed', provider: 'stub', model: 'offline-stub' })
  expect(first?.sha256).toBe(second?.sha256)
  const text = textOf(await content(ids[0] ?? ''))
  expect(text).toContain('> What is Octavo?')
  expect(text).toContain('Offline stub: no AI wrote this')
})

test('a generation is asked for with its prompt, model and parameters, and the text of its document', async () => {
  const { provider, asked } = saying(['a'])
  const { generate, ended, db, tenant } = await generatingWorld({ provider })
  const pages = ['Page one.', 'Page two.']
  const document = await addDocument(db, { tenantId: tenant.id, userId: tenant.admin.id, pages })
  const id = await generate('Sum up.', {
    fields: { document_id: document.id },
    generate: { model: 'm-1', parameters: { temperature: 0.5 }, include_document: true },
  })
  await ended(id)
  expect(asked).toEqual([
    {
      ...{ prompt: 'Sum up.', model: 'm-1', parameters: { temperature: 0.5 } },
      document: { title: 'A title', text: 'Page one.\n\nPage two.\n\n' },
    },
  ])
})

test('pieces are stored as they come, whole characters or not, and usage is kept', async () => {
  const { provider } = saying(['Grüße \ud83c', '\udf89 ', 'und mehr'])
  const { generate, ended, content } = await generatingWorld({ provider })
  const id = await generate('x')
  expect(await ended(id)).toMatchObject({
    status: 'completed',
    usage: { output_tokens: 3, finish_reason: 'stop' },
  })
  expect(textOf(await content(id))).toBe('Grüße 🎉 und mehr')
})

test.each([
  ['one that may pass is tried again', false, 'completed', 2],
  ['a final one is not', true, 'failed', 1],
])('of failures of a provider %s', async (_, isFinal, status, times) => {
  const failure = new AiFailure('ai_unavailable', 'It is away.', { isFinal })
  const { provider, asked } = saying(['never ', failure], ['second'])
  const { generate, ended, content } = await generatingWorld({ provider })
  const id = await generate('x')
  const version = await ended(id)
  expect(version.status).toBe(status)
  expect(asked).toHaveLength(times)
  if (isFinal) expect(version.failure).toEqual({ code: 'ai_unavailable', message: 'It is away.' })
  else expect(textOf(await content(id))).toBe('second')
})

test('a provider that cannot go on begins anew, and readers are told before its first word', async () => {
  const failure = new AiFailure('ai_unavailable', 'It is away.', { isFinal: false })
  const { provider, release } = saying(['old words ', 'wait', failure], ['new'])
  const { generate, get, version, sizeOf } = await generatingWorld({ provider })
  const id = await generate('x')
  await sizeOf(id, 10)
  const reader = streamOf(await get(`/${id}/versions/1/stream`))
  expect(await reader.until('piece')).toMatchObject({ data: { offset: 0, text: 'old words ' } })
  release()
  const events = await reader.all()
  expect(events.map(({ event }) => event)).toEqual(['reset', 'piece', 'completed'])
  expect(events[0]).toMatchObject({ id: '0@1', data: { epoch: 1 } })
  expect(events[1]).toMatchObject({ id: '3@1', data: { offset: 0, text: 'new' } })
  expect(await version(id)).toMatchObject({ epoch: 1, size_bytes: 3, status: 'completed' })
})

test('a reader who knows an earlier beginning is sent back to the new one', async () => {
  const failure = new AiFailure('ai_unavailable', 'It is away.', { isFinal: false })
  const { provider, release } = saying(['old words ', 'wait', failure], ['new'])
  const { generate, get, ended, sizeOf } = await generatingWorld({ provider })
  const id = await generate('x')
  await sizeOf(id, 10)
  release()
  await ended(id)
  const options = { headers: { 'last-event-id': '2' } }
  const events = await streamOf(await get(`/${id}/versions/1/stream`, options)).all()
  expect(events.map(({ event }) => event)).toEqual(['reset', 'piece', 'completed'])
})

test('a cancelled generation ends, and keeps what it had written', async () => {
  const { provider } = saying(['some words ', 'wait', 'never'])
  const { generate, post, ended, sizeOf, content } = await generatingWorld({ provider })
  const id = await generate('x')
  await sizeOf(id, 11)
  expect((await post(`/${id}/versions/1/cancel`)).status).toBe(202)
  expect((await ended(id)).status).toBe('cancelled')
  expect(textOf(await content(id))).toBe('some words ')
  expect((await post(`/${id}/versions/1/cancel`)).status).toBe(202)
})

test('a generation whose artifact is deleted ends, and leaves no job', async () => {
  const { provider } = saying(['some words ', 'wait', 'never'])
  const { generate, del, sizeOf, db, tenant, noJobs } = await generatingWorld({ provider })
  const id = await generate('x')
  await sizeOf(id, 11)
  expect((await del(`/${id}`)).status).toBe(204)
  await noJobs()
  const mine = and(eq(jobTable.tenantId, tenant.id), eq(jobTable.subjectId, id))
  expect(await db.$count(jobTable, mine)).toBe(0)
})

test('more than a version may have fails it', async () => {
  const { provider } = saying(['x'.repeat(600), 'y'.repeat(600)])
  const { generate, ended } = await generatingWorld({ provider, bytesMax: 1_000 })
  expect(await ended(await generate('x'))).toMatchObject({
    status: 'failed',
    failure: { code: 'too_long' },
  })
})

test('nobody appends to what a job writes, and guests generate nothing', async () => {
  const { provider } = saying(['some words ', 'wait'])
  const { generate, append, sizeOf, post } = await generatingWorld({ provider })
  const id = await generate('x')
  await sizeOf(id, 11)
  expect((await append(id, 'mine', { offset: 11 })).status).toBe(409)
  const asked = { title: 'A', generate: { prompt: 'x' } }
  expect((await post('/', asked, { as: 'guest' })).status).toBe(403)
  await post(`/${id}/versions/1/cancel`)
})

test('a channel is told of the beginning and of each end, in order', async () => {
  const failure = new AiFailure('ai_refused', 'No.', { isFinal: true })
  const { provider } = saying(['all'], [failure])
  const { generate, ended, post, db, tenant, noJobs } = await generatingWorld({ provider })
  const members = { [tenant.admin.id]: 'owner' } as const
  const { id: channelId } = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
  const id = await generate('x', { fields: { channel_id: channelId } })
  await ended(id)
  const reply = await post(`/${id}/versions`, { generate: { prompt: 'again' } })
  expect(reply.status).toBe(202)
  expect((await bodyOf<Version>(reply)).number).toBe(2)
  await ended(id, 2)
  await noJobs()
  const events = await db
    .select({ type: channelEvents.type, data: channelEvents.data })
    .from(channelEvents)
    .where(and(eq(channelEvents.tenantId, tenant.id), eq(channelEvents.channelId, channelId)))
    .orderBy(channelEvents.seq)
  expect(events).toMatchObject([
    { type: 'artifact.created', data: { number: 1, status: 'streaming' } },
    { type: 'artifact.completed', data: { number: 1, size_bytes: 3 } },
    { type: 'artifact.versioned', data: { number: 2 } },
    { type: 'artifact.ended', data: { number: 2, status: 'failed' } },
  ])
})
