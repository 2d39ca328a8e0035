import { expect, test } from 'vitest'
import { importLimits } from '../../domain/conferences/importing.ts'
import { conferenceYaml } from '../../test/fixtures/conferences.ts'
import { checksOf, outputOf, refreshing, startSource } from '../../test/fixtures/refreshing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const dueOn = (day: string) =>
  conferenceYaml([{ year: 2027, rounds: [{ paper: `2027-06-${day} 23:59:59` }] }])

test('a refresh brings in what a source has, with its checks and what came of it', async () => {
  const { startWorker, run, source, deadlines } = await refreshing()
  const { url, received } = await startSource(dueOn('11'))
  startWorker()
  const ended = await run(url)
  expect(ended).toMatchObject({ status: 'completed', attempts: 1, errors: [] })
  expect(ended.steps.map(({ name }) => name).filter((name) => !name.includes(':'))).toEqual([
    ...['fetch', 'read', 'check', 'import', 'report'],
  ])
  expect(checksOf(ended)).toEqual({
    ...{
      volume: 'passed',
      losses: 'passed',
      readable: 'passed',
      freshness: 'passed',
      duplicates: 'passed',
    },
    ...{ lookalikes: 'passed', last_import: 'passed' },
  })
  expect(ended.result?.checks).toHaveLength(7)
  const totals = { files: 1, created: 1, changed: 0, refused: 0, editions: 1, deadlines: 1 }
  expect(outputOf(ended, 'report')).toMatchObject({ totals, changes_count: 1 })
  expect(await deadlines()).toEqual(['2027-06-12T11:59:59.000Z'])
  expect(await source()).toMatchObject({ url, verdict: 'passed', totals })
  expect(received.map(({ method }) => method)).toEqual(['GET'])
})

test('a second refresh changes nothing, and a deadline that was extended is told once', async () => {
  const { startWorker, run, changes, get, sql, tenant } = await refreshing()
  const { url, serve } = await startSource(dueOn('11'))
  startWorker()
  await run(url)
  const before = await bodyOf(await get('/'))
  const [{ version } = {}] =
    await sql`select version from conference_heads where tenant_id = ${tenant.id}`
  expect(outputOf(await run(url), 'report')).toMatchObject({
    ...{ totals: { created: 0, changed: 0, unchanged: 1 }, changes: [] },
  })
  expect(await bodyOf(await get('/'))).toEqual(before)
  const [now] = await sql`select version from conference_heads where tenant_id = ${tenant.id}`
  expect(now).toEqual({ version })
  serve(dueOn('18'))
  const sentence =
    'CONF 2027: paper deadline extended from 2027-06-11 23:59:59 AoE to 2027-06-18 23:59:59 AoE.'
  const told = outputOf(await run(url), 'report')
  expect(told).toMatchObject({ totals: { changed: 1 }, changes: [sentence], changes_count: 1 })
  await run(url)
  const [series] = (await bodyOf<{ items: { id: string }[] }>(await get('/'))).items
  const sentences = (await changes(series?.id)).map((change) => change.sentence)
  expect(sentences.filter((one) => one === sentence)).toHaveLength(1)
})

test('what the source calls unchanged is not read again, unless somebody changed the conferences', async () => {
  const { startWorker, run, get, del, deadlines } = await refreshing()
  const { url, received } = await startSource((response, { headers }) => {
    response.setHeader('etag', '"one"').setHeader('content-type', 'text/yaml')
    if (headers['if-none-match'] === '"one"') response.writeHead(304).end()
    else response.end(dueOn('11'))
  })
  startWorker()
  await run(url)
  const second = await run(url)
  expect(outputOf<{ unchanged: boolean }>(second, 'fetch').unchanged).toBe(true)
  expect(outputOf(second, 'report')).toMatchObject({ totals: { unchanged: 1, deadlines: 1 } })
  const [series] = (await bodyOf<{ items: { id: string }[] }>(await get('/'))).items
  expect((await del(`/${series?.id}`)).status).toBe(204)
  expect(outputOf(await run(url), 'report')).toMatchObject({ totals: { created: 1 } })
  expect(await deadlines()).toHaveLength(1)
  expect(received.map(({ headers }) => headers['if-none-match'])).toEqual([
    ...[undefined, '"one"', undefined],
  ])
})

test('a source that is written anew with the same content is unchanged, and asked by its new mark', async () => {
  const { startWorker, run } = await refreshing()
  let mark = 0
  const { url, received } = await startSource((response, { headers }) => {
    mark += 1
    response.setHeader('etag', `"${mark}"`).setHeader('content-type', 'text/yaml')
    if (headers['if-none-match'] === '"2"') response.writeHead(304).end()
    else response.end(dueOn('11'))
  })
  startWorker()
  await run(url)
  for (const asked of ['"1"', '"2"']) {
    expect(outputOf<{ unchanged: boolean }>(await run(url), 'fetch').unchanged).toBe(true)
    expect(received.at(-1)?.headers['if-none-match']).toBe(asked)
  }
})

test('a list of hundreds of conferences in one file, which no request may hold, comes in', async () => {
  const { startWorker, run, source } = await refreshing()
  const years = [2026, 2027].map((year) => ({
    ...{ year, rounds: [{ paper: `${year}-12-11 23:59:59` }], place: 'Oslo '.repeat(50) },
  }))
  const all = Array.from({ length: 450 }, (_, n) =>
    JSON.parse(conferenceYaml(years, { title: `CONF ${n}`, dblp: `conf${n}x` })),
  )
  const text = JSON.stringify(all.flat())
  expect(text.length).toBeGreaterThan(importLimits.fileBytes)
  const { url } = await startSource(text)
  startWorker()
  expect(await run(url)).toMatchObject({ status: 'completed', errors: [] })
  expect((await source()).totals).toMatchObject({ created: 450, refused: 0 })
})
