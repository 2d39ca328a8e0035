import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pieceBytesMax } from '../../db/schema/artifacts.ts'
import { artifactWorld, sha256Of, utf8 } from '../../test/fixtures/artifacts.ts'
import { type StreamEvent, streamOf } from '../../test/fixtures/generating.ts'

type World = Awaited<ReturnType<typeof artifactWorld>>

/** A body that breaks after these bytes. */
function cutBody(bytes: Uint8Array, chunkBytes: number): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.error(new Error('cut'))
      controller.enqueue(bytes.slice(at, at + chunkBytes))
      at += chunkBytes
    },
  })
}

const offsetNow = async ({ version }: World, id: string): Promise<number> =>
  (await version(id)).size_bytes

type Cut = { bytes: number; chunkBytes: number; back: number }

/** Sends content with these cuts, each time from what is stored, or from before it. */
async function sendCut(
  world: World,
  id: string,
  { content, cuts }: { content: Uint8Array; cuts: Cut[] },
) {
  for (const { bytes, chunkBytes, back } of cuts) {
    const offset = Math.max(0, (await offsetNow(world, id)) - back)
    const part = content.slice(offset, offset + bytes)
    const reply = await world.append(id, cutBody(part, chunkBytes), { offset })
    expect(reply.status).toBe(400)
  }
  const offset = await offsetNow(world, id)
  const reply = await world.append(id, content.slice(offset), { offset, complete: true })
  expect(reply.status).toBe(200)
}

const bytesOf = ({ data }: StreamEvent): Uint8Array =>
  data.text === undefined ? Buffer.from(data.base64 ?? '', 'base64') : utf8(data.text)

type Following = { rounds: number[]; isText?: boolean }

/** Follows a version, going away after some events each time and coming back with the last id. */
async function followCut(
  { get }: World,
  id: string,
  { rounds, isText = true }: Following,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let [last, at] = ['', 0]
  for (let round = 0; ; round += 1) {
    const headers = last === '' ? {} : { 'last-event-id': last }
    const reader = streamOf(await get(`/${id}/versions/1/stream`, { headers }))
    for (let left = rounds[round] ?? 1_000_000; left > 0; left -= 1) {
      const event = await reader.next()
      if (event === null || event.event === 'completed') return Buffer.concat(parts)
      expect([event.event, event.data.offset]).toEqual(['piece', at])
      // No character is ever cut in two.
      if (isText) expect(event.data.base64).toBeUndefined()
      parts.push(bytesOf(event))
      at += bytesOf(event).byteLength
      last = event.id
    }
    await reader.cancel()
  }
}

const text = fc.array(fc.constantFrom('a', 'ß', '字', '🎉', '\r\n', '\u0000', '\ufeff', ' '), {
  maxLength: 400,
})
const cut = fc.record({
  bytes: fc.nat({ max: 300 }),
  chunkBytes: fc.integer({ min: 1, max: 90 }),
  back: fc.nat({ max: 40 }),
})

test('whatever is cut, on the writer’s side or the reader’s, the same bytes arrive', async () => {
  const world = await artifactWorld()
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.array(cut, { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }),
      async (characters, cuts, rounds) => {
        const content = utf8(characters.join(''))
        const { id } = await world.create()
        const followed = followCut(world, id, { rounds })
        await sendCut(world, id, { content, cuts })
        expect(Buffer.from(await followed)).toEqual(Buffer.from(content))
        expect(Buffer.from(await world.content(id))).toEqual(Buffer.from(content))
        expect((await world.version(id)).sha256).toBe(await sha256Of(content))
      },
    ),
    { numRuns: 12 },
  )
})

test('bytes that are no UTF-8 are followed as they are', async () => {
  const world = await artifactWorld()
  const content = crypto.getRandomValues(new Uint8Array(2_000))
  const { id } = await world.create({ media_type: 'application/octet-stream' })
  const broken = await world.create()
  for (const one of [id, broken.id]) await world.append(one, content, { offset: 0 })
  const invalid = await world.append(broken.id, '', { offset: 2_000, complete: true })
  expect(invalid.status).toBe(422)
  await world.append(id, '', { offset: 2_000, complete: true })
  await world.post(`/${broken.id}/versions/1/cancel`)
  expect(Buffer.from(await followCut(world, id, { rounds: [1], isText: false }))).toEqual(
    Buffer.from(content),
  )
  const events = await streamOf(await world.get(`/${broken.id}/versions/1/stream`)).all()
  expect(events.at(-1)?.event).toBe('cancelled')
  const parts = events.slice(0, -1).map(bytesOf)
  expect(Buffer.concat(parts)).toEqual(Buffer.from(content))
})

test('a content of several stored pieces is read whole and in every range around their borders', async () => {
  const world = await artifactWorld({ config: { artifactBytesMax: 4 * pieceBytesMax } })
  const content = utf8('字🎉a'.repeat(90_000))
  const { id } = await world.create()
  await world.append(id, content, { offset: 0, complete: true })
  expect(Buffer.from(await world.content(id)).equals(Buffer.from(content))).toBe(true)
  for (const start of [pieceBytesMax - 1, pieceBytesMax, 2 * pieceBytesMax - 2]) {
    const headers = { range: `bytes=${start}-${start + 3}` }
    const reply = await world.get(`/${id}/versions/1/content`, { headers })
    expect(new Uint8Array(await reply.arrayBuffer())).toEqual(content.slice(start, start + 4))
  }
  const followed = await followCut(world, id, { rounds: [1, 2, 1] })
  expect(Buffer.from(followed).equals(Buffer.from(content))).toBe(true)
})

test('an id that no event of the stream had sends the reader back to the beginning', async () => {
  const { create, get } = await artifactWorld()
  const { id } = await create({ content: 'all' })
  const path = `/${id}/versions/1/stream`
  const events = await streamOf(await get(path, { headers: { 'last-event-id': '77' } })).all()
  expect(events.map(({ event }) => event)).toEqual(['reset', 'piece', 'completed'])
  expect((await get(path, { headers: { 'last-event-id': 'seven' } })).status).toBe(422)
})
