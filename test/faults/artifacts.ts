import { setTimeout as pause } from 'node:timers/promises'
import type { Artifact, Version } from '../fixtures/artifacts.ts'
import { type StreamEvent, streamOf } from '../fixtures/generating.ts'
import { eventually } from '../harness/eventually.ts'
import type { Stack } from '../harness/stack.ts'

const chunkBytes = 1_001 // odd, so that characters lie across the borders
const chunkPauseMs = 10
const restoredMs = 60_000

/** Of some bytes, in which characters of one to four bytes take turns. */
export const contentOf = (bytes: number): Buffer =>
  Buffer.from('aß字🎉'.repeat(Math.ceil(bytes / 10)))

async function json<T>(response: Response): Promise<T> {
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}

export async function createArtifact(stack: Stack, fields: object): Promise<Artifact> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ title: 'A', ...fields })
  return json(await stack.request('/v1/artifacts', { method: 'POST', headers, body }))
}

const pathOf = (id: string) => `/v1/artifacts/${id}/versions/1`

/** The version, whatever is being restarted. */
export const versionOf = (stack: Stack, id: string): Promise<Version> =>
  eventually(
    'the version can be read',
    () =>
      stack
        .request(pathOf(id))
        .then(json<Version>, () => null)
        .catch(() => null),
    restoredMs,
  )

export const versionBecomes = (
  stack: Stack,
  id: string,
  is: (version: Version) => boolean,
): Promise<Version> =>
  eventually(
    'the version is so far',
    async () => {
      const version = await versionOf(stack, id)
      return is(version) && version
    },
    restoredMs,
  )

async function* slowly(content: Buffer) {
  for (let at = 0; at < content.byteLength; at += chunkBytes) {
    yield content.subarray(at, at + chunkBytes)
    await pause(chunkPauseMs)
  }
}

/** One request that sends the rest, slowly. @returns whether it was answered as done */
export async function appendRest(stack: Stack, id: string, content: Buffer): Promise<boolean> {
  const { size_bytes: offset } = await versionOf(stack, id)
  const headers = { 'upload-offset': String(offset), 'upload-complete': '?1' }
  const body = ReadableStream.from(slowly(content.subarray(offset)))
  const init = { method: 'PATCH', headers, body, duplex: 'half' } as RequestInit
  return stack.request(`${pathOf(id)}/content`, init).then(
    (reply) => reply.ok,
    () => false,
  )
}

export async function contentNow(stack: Stack, id: string): Promise<Buffer> {
  const reply = await stack.request(`${pathOf(id)}/content`)
  return Buffer.from(await reply.arrayBuffer())
}

/** Follows a version as a browser does: it comes back with the last id when the connection breaks. */
export async function follow(stack: Stack, id: string) {
  const parts: Buffer[] = []
  const resets: StreamEvent[] = []
  let [last, connections] = ['', 0]
  const deadline = performance.now() + 1.5 * restoredMs
  while (performance.now() < deadline) {
    connections += 1
    const headers = last === '' ? {} : { 'last-event-id': last }
    const reply = await stack.request(`${pathOf(id)}/stream`, { headers }).catch(() => null)
    const reader = reply?.ok ? streamOf(reply) : null
    for (let event = await reader?.next().catch(() => null); event; ) {
      last = event.id
      if (event.event === 'reset') resets.push(event)
      if (event.event === 'piece') parts.push(Buffer.from(event.data.text ?? '', 'utf8'))
      if (event.event === 'completed') return { bytes: Buffer.concat(parts), resets, connections }
      event = await reader?.next().catch(() => null)
    }
    await pause(50)
  }
  throw new Error('the stream did not come to its end')
}
