import { expect, test } from 'vitest'
import {
  conferenceFiles,
  conferencesFolder,
  conferenceYaml,
} from '../../test/fixtures/conferences.ts'
import {
  type Check,
  checksOf,
  outputOf,
  refreshing,
  startSource,
} from '../../test/fixtures/refreshing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const due = (day: string) => ({ paper: `2027-06-${day} 23:59:59` })
/** A list of so many conferences, JSON and so YAML. */
const list = (count: number, day = '11', rounds = [due(day)]) =>
  `[${Array.from({ length: count }, (_, n) =>
    conferenceYaml([{ year: 2027, rounds }], { title: `C${n}`, dblp: `c${n}` }).slice(1, -1),
  ).join(',')}]`

/** A tenant whose ten conferences come from a source. */
async function ten() {
  const world = await refreshing()
  const source = await startSource(list(10))
  world.startWorker()
  await world.run(source.url)
  const changes = async () => {
    const reply = await world.get('/changes?limit=100')
    return (await bodyOf<{ items: { sentence: string }[] }>(reply)).items
  }
  const before = { deadlines: await world.deadlines(), changes: await changes() }
  expect(before.deadlines).toHaveLength(10)
  return { ...world, ...source, all: changes, before }
}

test('a list that is cut off withdraws nothing, and says what it lacks', async () => {
  const { run, url, serve, deadlines, all, before, source } = await ten()
  serve(list(7, '18'))
  const ended = await run(url)
  expect(ended).toMatchObject({ status: 'failed', attempts: 1 })
  expect(ended.errors).toMatchObject([
    {
      ...{ code: 'check_failed', step: 'check:volume' },
      message: expect.stringContaining('7 series (at least 8)'),
    },
  ])
  expect([await deadlines(), await all()]).toEqual([before.deadlines, before.changes])
  const { verdict, checks, imported_at, job_id } = await source()
  expect(verdict).toBe('failed')
  expect(checks.find(({ name }) => name === 'volume')).toMatchObject({
    observed: { series: 7, editions: 7, deadlines: 7 },
    limit: { series: 8, editions: 8, deadlines: 8 },
  })
  serve(list(8, '18'))
  expect((await run(url)).status).toBe('completed')
  expect(await source()).toMatchObject({ verdict: 'passed', totals: { changed: 8 } })
  expect([imported_at !== null, job_id === (await source()).job_id]).toEqual([true, false])
})

test('a list whose rounds are gone withdraws none of them', async () => {
  const { run, url, serve, deadlines, before } = await ten()
  serve(list(10, '11', []))
  const ended = await run(url)
  expect(ended.errors[0]?.message).toContain('0 deadlines (at least 8)')
  expect(await deadlines()).toEqual(before.deadlines)
})

test('what fails is measured by the last good import, not by the one that failed', async () => {
  const { run, url, serve } = await ten()
  serve(list(7))
  await run(url)
  serve(list(6))
  expect((await run(url)).errors[0]?.message).toContain('6 series (at least 8)')
})

test('all checks are told, whichever failed first, with the events of the run', async () => {
  const { run, url, serve, ask, ended, sql, tenant } = await ten()
  const twice = conferenceYaml([{ year: 2019, rounds: [{ paper: '2019-06-11 23:59:59' }] }], {
    title: 'OLD',
    dblp: 'old',
  }).slice(1, -1)
  serve(`[${twice},${twice}]`)
  const id = await ask(url)
  expect(checksOf(await ended(id))).toEqual({
    ...{
      volume: 'failed',
      losses: 'passed',
      readable: 'passed',
      freshness: 'failed',
      duplicates: 'failed',
    },
    ...{ lookalikes: 'warned', last_import: 'passed' },
  })
  const events = await sql`select type, data from run_events
    where tenant_id = ${tenant.id} and job_id = ${id} and type in ('check', 'log') order by id`
  expect(events.filter(({ type }) => type === 'check').map(({ data }) => data)).toMatchObject([
    { check: 'volume', passed: false, severity: 'error', values: { series: 2, series_limit: 8 } },
  ])
  const lines = events.filter(({ type }) => type === 'log').map(({ data }) => data.message)
  expect(lines).toContainEqual(expect.stringMatching(/^duplicates: failed\. .*: OLD\.$/))
  const lenient = { floor: { share: 0 }, on_stale: 'warn', duplicates_max: 1 }
  const passed = await run(url, lenient)
  expect(passed.status).toBe('completed')
  expect(passed.result?.checks.filter((check) => !check.passed)).toMatchObject([
    { name: 'freshness', severity: 'warn' },
    { name: 'lookalikes', severity: 'warn' },
  ])
})

test('conferences with mistakes stay as they were, and too many of them end the refresh', async () => {
  const { run, url, serve, deadlines, before } = await ten()
  const mistaken = (count: number) =>
    list(10, '18').replace(/2027-06-18 23:59:59/g, (time, at, text) =>
      text.slice(0, at).split('2027-06-18').length <= count ? 'soon' : time,
    )
  serve(mistaken(2))
  const failed = await run(url)
  expect(failed.errors[0]).toMatchObject({ step: 'check:readable' })
  expect(failed.errors[0]?.message).toContain('"soon" is no time')
  expect(await deadlines()).toEqual(before.deadlines)
  serve(mistaken(1))
  const { totals } = outputOf(await run(url), 'report')
  expect(totals).toMatchObject({ refused: 1, changed: 9 })
  expect((await deadlines()).filter((at) => at === '2027-06-12T11:59:59.000Z')).toHaveLength(1)
})

test('a source that has not changed is still checked for its age', async () => {
  const { run, url, clock } = await ten()
  clock.advance(400 * 86_400_000)
  const ended = await run(url)
  expect(outputOf<{ unchanged: boolean }>(ended, 'fetch').unchanged).toBe(true)
  expect(ended.errors[0]).toMatchObject({ step: 'check:freshness' })
  const { checks } = outputOf<{ checks: Check[] }>(ended, 'check')
  expect(checks.find(({ name }) => name === 'last_import')?.verdict).toBe('warned')
})

test('a dry run says what would change, and leaves no trace', async () => {
  const { run, url, serve, deadlines, all, before, source } = await ten()
  const known = await source()
  serve(list(10, '18'))
  const told = outputOf(await run(url, { dry_run: true }), 'report')
  expect(told).toMatchObject({ dry_run: true, totals: { changed: 10 }, changes_count: 10 })
  expect([await deadlines(), await all()]).toEqual([before.deadlines, before.changes])
  expect(await source()).toEqual(known)
})

test('the real files in one come in with exactly what they have', async ({ skip }) => {
  if (!conferencesFolder) return skip('no sample files: set CORPUS_DIR to their folder')
  const text = Object.values(conferenceFiles()).join('\n')
  const count = (pattern: RegExp) => [...text.matchAll(pattern)].length
  const { startWorker, run, source } = await refreshing()
  const { url } = await startSource(text)
  startWorker()
  const expected = {
    series: count(/^- title:/gm),
    editions: count(/^ {4}- year:/gm),
    deadlines: count(/^ +(?:- )?(?:abstract_)?deadline:/gm),
  }
  expect(expected).toMatchObject({ series: 20, editions: 114 })
  const ended = await run(url)
  expect(ended.status).toBe('completed')
  expect(outputOf(ended, 'read')).toMatchObject({ ...expected, refused: 0, problems: [] })
  const { series, ...parts } = expected
  expect((await source()).totals).toMatchObject({ created: series, refused: 0, ...parts })
  expect(Object.values(checksOf(ended))).not.toContain('failed')
})
