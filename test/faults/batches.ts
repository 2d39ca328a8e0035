import type { Batch, Item } from '../fixtures/batches.ts'
import { makePdf } from '../fixtures/pdf.ts'
import { eventually } from '../harness/eventually.ts'
import type { Stack } from '../harness/stack.ts'

export type Run = { id: string; subject_id: string; status: string; attempts: number }
type Page<T> = { items: T[]; next_cursor: string | null }

const createdMs = 60_000

async function json<T>(response: Response): Promise<T> {
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as T
}

async function everything<T>(stack: Stack, path: string): Promise<T[]> {
  const all: T[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const next: string = cursor === '' ? '' : `&cursor=${cursor}`
    const page: Page<T> = await json(await stack.request(`${path}limit=100${next}`))
    all.push(...page.items)
    cursor = page.next_cursor
  }
  return all
}

/** Files of one page, of which those in these places are damaged, in one form. @returns the ids, in order */
export async function uploadFiles(
  stack: Stack,
  { count, damaged }: { count: number; damaged: readonly number[] },
): Promise<string[]> {
  const form = new FormData()
  for (let index = 0; index < count; index += 1) {
    const text = [{ x: 40, y: 700, size: 12, text: `the quick brown fox ${index}` }]
    const bytes = damaged.includes(index)
      ? Buffer.from(`%PDF-1.4\nnothing of file ${index}`)
      : makePdf([{ text }])
    form.append('file', new Blob([bytes]), `${index}.pdf`)
  }
  const sent = await stack.request('/v1/documents', { method: 'POST', body: form })
  return (await json<{ items: { id: string }[] }>(sent)).items.map(({ id }) => id)
}

export async function createBatch(stack: Stack, body: object): Promise<Batch> {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return json<Batch>(await stack.request('/v1/batches', init))
}

export const readBatch = async (stack: Stack, id: string) =>
  json<Batch>(await stack.request(`/v1/batches/${id}`))

export const itemsOf = (stack: Stack, id: string, status = '') =>
  everything<Item & { finished_at: string }>(
    stack,
    `/v1/batches/${id}/items?${status && `status=${status}&`}`,
  )

/** All runs that a batch has ever begun. */
export const runsOf = (stack: Stack, id: string) =>
  everything<Run>(stack, `/v1/jobs?batch_id=${id}&`)

export const batchBecomes = (
  stack: Stack,
  id: string,
  is: (batch: Batch) => boolean,
): Promise<Batch> =>
  eventually(
    `batch ${id} is so far`,
    async () => {
      const batch = await readBatch(stack, id)
      return is(batch) && batch
    },
    createdMs,
  )
