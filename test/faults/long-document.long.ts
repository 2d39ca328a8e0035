import { beforeAll, expect, test } from 'vitest'
import { longPdf } from '../fixtures/pdf.ts'
import { eventually } from '../harness/eventually.ts'
import { kill, type Stack, startStack } from '../harness/stack.ts'

const pageCount = 300
const linesPerPage = 60
const takenOverMs = 6_000 // a lease of 4 s, a look every quarter of a second, and a busy machine

type Shown = { id: string; status: string; page_count: number; progress: { done: number } }

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})

/** Uploads a file that no earlier one equals. */
async function upload(): Promise<string> {
  const body = Buffer.concat([longPdf(pageCount, linesPerPage), Buffer.from(crypto.randomUUID())])
  const reply = await stack.request('/v1/documents?filename=long.pdf', { method: 'POST', body })
  return ((await reply.json()) as Shown).id
}

const read = async (id: string): Promise<Shown> =>
  (await (await stack.request(`/v1/documents/${id}`)).json()) as Shown

/** Every state that the document's event stream tells, until it closes. */
async function watch(id: string, seen: (shown: Shown) => void): Promise<void> {
  const signal = AbortSignal.timeout(120_000)
  const response = await stack.request(`/v1/documents/${id}/events`, { signal })
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: ?(.*)$/m.exec(event)?.[1]
      if (data) seen(JSON.parse(data) as Shown)
    }
  }
}

async function textOf(id: string): Promise<string> {
  return (await stack.request(`/v1/documents/${id}/text`)).text()
}

test('kill -9 of the worker within 300 pages: another goes on, progress never falls, the end is the same', async () => {
  const id = await upload()
  const states: Shown[] = []
  const watched = watch(id, (shown) => states.push(shown))
  const kills: number[] = []
  let restartedAfterMs = 0
  for (const pages of [40, 150]) {
    await eventually(
      'so many pages are read',
      async () => (await read(id)).progress.done > pages,
      60_000,
    )
    kill(await stack.pidOf('worker'), 'SIGKILL')
    const killedAt = performance.now()
    const { done } = (await read(id)).progress
    kills.push(done)
    await eventually('it goes on', async () => (await read(id)).progress.done > done + 16, 60_000)
    restartedAfterMs = Math.max(restartedAfterMs, Math.round(performance.now() - killedAt))
  }
  await watched
  const done = states.map(({ progress }) => progress.done)
  expect(done).toEqual(done.toSorted((a, b) => a - b))
  expect(states.at(-1)).toMatchObject({ status: 'completed', page_count: pageCount })
  const undisturbed = await upload()
  await watch(undisturbed, () => {})
  expect(await textOf(id)).toBe(await textOf(undisturbed))
  console.log(
    `fault=worker-in-document pages=${pageCount} killed_at_pages=${kills.join(',')} ` +
      `events=${states.length} went_on_ms=${restartedAfterMs}`,
  )
  expect(restartedAfterMs).toBeLessThan(takenOverMs + 4_000)
})
