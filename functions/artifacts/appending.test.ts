import { expect, test } from 'vitest'
import {
  artifactWorld,
  sha256Of,
  textOf,
  utf8,
  type Version,
} from '../../test/fixtures/artifacts.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const offsetOf = (reply: Response) => reply.headers.get('upload-offset')

/** A body that sends these and then waits, until it is told to end or to break. */
function heldBody(...chunks: string[]) {
  const told = Promise.withResolvers<Error | null>()
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const chunk of chunks) controller.enqueue(utf8(chunk))
      const err = await told.promise
      if (err) controller.error(err)
      else controller.close()
    },
  })
  return { body, end: () => told.resolve(null), cut: () => told.resolve(new Error('cut')) }
}

test('a version is appended to in requests that follow each other, and is complete with the last one', async () => {
  const { create, append, version, read, content } = await artifactWorld()
  const { id } = await create()
  const first = await append(id, 'Hello ', { offset: 0 })
  expect(first.status).toBe(200)
  expect([offsetOf(first), first.headers.get('upload-complete')]).toEqual(['6', '?0'])
  expect(await version(id)).toMatchObject({ status: 'streaming', size_bytes: 6, sha256: null })
  const last = await append(id, 'world', { offset: 6, complete: true })
  expect([offsetOf(last), last.headers.get('upload-complete')]).toEqual(['11', '?1'])
  const sha256 = await sha256Of(utf8('Hello world'))
  expect(await version(id)).toMatchObject({ status: 'completed', size_bytes: 11, sha256 })
  expect((await read(id)).status).toBe('completed')
  expect(textOf(await content(id))).toBe('Hello world')
})

test('offset and end may be said in the query, too', async () => {
  const { create, patch, version } = await artifactWorld()
  const { id } = await create()
  expect((await patch(`/${id}/versions/1/content?offset=0&complete=true`, 'all')).status).toBe(200)
  expect((await version(id)).status).toBe('completed')
  expect((await patch(`/${id}/versions/1/content`, 'more')).status).toBe(422)
})

test('an empty version can be completed', async () => {
  const { create, append, version } = await artifactWorld()
  const { id } = await create()
  expect((await append(id, '', { offset: 0, complete: true })).status).toBe(200)
  expect((await version(id)).sha256).toBe(await sha256Of(new Uint8Array()))
})

test('bytes for another place are a 409 that tells the place, and so does HEAD', async () => {
  const { create, append, content, request, tenant } = await artifactWorld()
  const { id } = await create()
  await append(id, 'Hello', { offset: 0 })
  const ahead = await append(id, 'x', { offset: 9 })
  expect([ahead.status, offsetOf(ahead)]).toEqual([409, '5'])
  const other = await append(id, 'Jello world', { offset: 0 })
  expect([other.status, offsetOf(other)]).toEqual([409, '5'])
  const headers = { authorization: `Bearer ${tenant.keys.admin}` }
  const head = await request(`/${id}/versions/1/content`, { method: 'HEAD', headers })
  expect([head.status, offsetOf(head), head.headers.get('upload-complete')]).toEqual([
    ...[200, '5', '?0'],
  ])
  expect(textOf(await content(id))).toBe('Hello')
})

test('what is sent again is answered as done, also beyond what is stored and after the end', async () => {
  const { create, append, version } = await artifactWorld()
  const { id } = await create()
  await append(id, 'Hello', { offset: 0 })
  expect(offsetOf(await append(id, 'Hello', { offset: 0 }))).toBe('5')
  expect(offsetOf(await append(id, 'lo wor', { offset: 3 }))).toBe('9')
  const end = () => append(id, 'world', { offset: 6, complete: true })
  const replies = [await end(), await end()]
  expect(replies.map(({ status }) => status)).toEqual([200, 200])
  expect(replies.map(offsetOf)).toEqual(['11', '11'])
  expect((await append(id, '!', { offset: 11 })).status).toBe(409)
  expect(await version(id)).toMatchObject({ sha256: await sha256Of(utf8('Hello world')) })
})

test('what came before a cut is stored, and nothing more', async () => {
  const { create, append, version } = await artifactWorld()
  const { id } = await create()
  const { body, cut } = heldBody('Hello ', 'wor')
  const reply = append(id, body, { offset: 0, complete: true })
  await expect.poll(async () => (await version(id)).size_bytes).toBe(9)
  cut()
  expect((await reply).status).toBe(400)
  expect(await version(id)).toMatchObject({ status: 'streaming', size_bytes: 9 })
  expect((await append(id, 'ld', { offset: 9, complete: true })).status).toBe(200)
  expect((await version(id)).sha256).toBe(await sha256Of(utf8('Hello world')))
})

test('of two who append different bytes at once one wins, and the other learns where it is', async () => {
  const { create, append, content } = await artifactWorld()
  const { id } = await create()
  const texts = ['aaaa', 'bbbb', 'cccc', 'dddd']
  const replies = await Promise.all(texts.map((text) => append(id, text, { offset: 0 })))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
  const lost = replies.find(({ status }) => status === 409)
  expect(lost && offsetOf(lost)).toBe('4')
  const winner = texts[replies.findIndex(({ status }) => status === 200)]
  expect(textOf(await content(id))).toBe(winner)
})

test('of two who send the same at once both are done, and it is stored once', async () => {
  const { create, append, content } = await artifactWorld()
  const { id } = await create()
  const send = () => append(id, 'all of it', { offset: 0, complete: true })
  const replies = await Promise.all([send(), send(), send()])
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(textOf(await content(id))).toBe('all of it')
})

test('text is UTF-8 as a whole, wherever it was cut; else it is a 422 and stays open', async () => {
  const { create, append, version, content } = await artifactWorld()
  const { id } = await create()
  const bytes = utf8('a🎉b')
  for (let at = 0; at < bytes.byteLength; at += 1)
    await append(id, bytes.subarray(at, at + 1), { offset: at })
  const broken = await append(id, new Uint8Array([0xf0, 0x9f]), { offset: 6, complete: true })
  expect(broken.status).toBe(422)
  expect(await version(id)).toMatchObject({ status: 'streaming', size_bytes: 8 })
  const rest = await append(id, new Uint8Array([0x8e, 0x89]), { offset: 8, complete: true })
  expect(rest.status).toBe(200)
  expect(textOf(await content(id))).toBe('a🎉b🎉')
})

test('bytes that are no text are kept as they are', async () => {
  const { create, append, content } = await artifactWorld()
  const { id } = await create({ media_type: 'application/octet-stream' })
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => (index * 7) % 256)
  expect((await append(id, bytes, { offset: 0, complete: true })).status).toBe(200)
  expect(await content(id)).toEqual(bytes)
})

test('a text with NUL is kept whole, and indexed without it', async () => {
  const { create, append, content } = await artifactWorld()
  const { id } = await create()
  expect((await append(id, 'a\u0000b', { offset: 0, complete: true })).status).toBe(200)
  expect(textOf(await content(id))).toBe('a\u0000b')
})

test('beyond the limit is a 413; what fits before it stays', async () => {
  const { create, append, version } = await artifactWorld({ config: { artifactBytesMax: 8 } })
  const { id } = await create()
  await append(id, '12345678', { offset: 0 })
  expect((await append(id, '9', { offset: 8 })).status).toBe(413)
  expect((await version(id)).size_bytes).toBe(8)
})

test('only who made a version appends to it; others end it when they may delete it', async () => {
  const { create, append, post, db, tenant } = await artifactWorld()
  const editor = await addMember(db, tenant.id, { role: 'editor' })
  const other = await addMember(db, tenant.id, { role: 'editor' })
  const { id } = await create({}, { headers: editor.auth })
  const options = (headers: { authorization: string }) => ({ offset: 0, options: { headers } })
  expect((await append(id, 'a', options(other.auth))).status).toBe(403)
  expect((await append(id, 'a', options(editor.auth))).status).toBe(200)
  const cancel = (headers: { authorization: string }) =>
    post(`/${id}/versions/1/cancel`, undefined, { headers })
  expect((await cancel(other.auth)).status).toBe(403)
  expect(await bodyOf<Version>(await cancel(editor.auth))).toMatchObject({ status: 'cancelled' })
  expect((await cancel(editor.auth)).status).toBe(202)
  expect((await append(id, 'b', { offset: 1, options: { headers: editor.auth } })).status).toBe(409)
})

test('a version that is complete is not cancelled', async () => {
  const { create, post } = await artifactWorld()
  const { id } = await create({ content: 'a' })
  expect((await post(`/${id}/versions/1/cancel`)).status).toBe(409)
})

test('content is read in ranges, by its digest, and never runs on this origin', async () => {
  const { create, get } = await artifactWorld()
  const { id, latest } = await create({ media_type: 'text/html', content: '<b>Hello</b>' })
  const path = `/${id}/versions/1/content`
  const whole = await get(path)
  expect(whole.headers.get('etag')).toBe(`"${latest.sha256}"`)
  expect(whole.headers.get('content-disposition')).toContain('attachment')
  expect(whole.headers.get('content-security-policy')).toContain('sandbox')
  expect(whole.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const part = await get(path, { headers: { range: 'bytes=3-7' } })
  expect([part.status, await part.text()]).toEqual([206, 'Hello'])
  expect(part.headers.get('content-range')).toBe('bytes 3-7/12')
  expect((await get(path, { headers: { range: 'bytes=50-' } })).status).toBe(416)
  const same = { headers: { 'if-none-match': `"${latest.sha256}"` } }
  expect((await get(path, same)).status).toBe(304)
})

test('what is stored of an open version can be read, and has no tag yet', async () => {
  const { create, append, get } = await artifactWorld()
  const { id } = await create()
  await append(id, 'Hello', { offset: 0 })
  const reply = await get(`/${id}/versions/1/content`, { headers: { range: 'bytes=1-' } })
  expect([reply.status, await reply.text(), reply.headers.get('etag')]).toEqual([
    ...[206, 'ello', null],
  ])
})
