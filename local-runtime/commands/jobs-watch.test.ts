import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { DatabaseUnavailable } from '../../db/errors.ts'
import type { JobOverview, WorkerReport } from '../../db/system.ts'
import { setupJobs } from '../../test/fixtures/jobs-command.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { frameLines, plainLine } from './jobs-frame.ts'
import { type QueueLook, RateMeter } from './jobs-look.ts'
import { Screen, type Terminal } from './jobs-screen.ts'
import { plainView, type Shown, watchQueue } from './jobs-watch.ts'
import { painter } from './jobs-words.ts'

const program = fileURLToPath(new URL('../main.ts', import.meta.url))
const start = Date.parse('2026-11-20T08:00:00.000Z')
const at = (seconds: number) => new Date(start + seconds * 1_000)

const look = (seconds: number, fields: Partial<QueueLook> = {}): QueueLook => ({
  at: at(seconds),
  kinds: [],
  isCapped: false,
  workers: [],
  running: [],
  failures: [],
  counters: { enqueued: 0, ended: 0 },
  ...fields,
})

const worker = (id: string, finished: number, startedAt = at(-60)): WorkerReport => ({
  id,
  name: id,
  kinds: { any: { places: 2, free: 1, running: 1, finished, mean_ms: 5 } },
  startedAt,
  seenAt: startedAt,
})

const job = (fields: Partial<JobOverview> = {}): JobOverview => ({
  tenantId: uuidv7(),
  tenantName: 'alpha',
  id: '01a1f75f-40af-70f2-afdf-23f6e1e98db6',
  kind: 'any',
  status: 'dead',
  attempts: 3,
  attemptsMax: 3,
  createdAt: at(-90),
  runAt: at(-90),
  leasedAt: at(-5),
  leasedBy: 'host 7',
  finishedAt: at(-3),
  dependenciesOpen: 0,
  progressDone: 0,
  progressTotal: null,
  errorCode: 'boom',
  isPaused: false,
  ...fields,
})

const noRates = { enqueued: null, ended: null, byKind: new Map<string, number>() }
const paint = painter(false)

test('rates are the growth of the counts over the last five seconds, never below nothing', () => {
  const meter = new RateMeter()
  const after = (seconds: number, enqueued: number, ended: number) =>
    meter.add(look(seconds, { counters: { enqueued, ended } }))
  expect(after(0, 100, 50)).toMatchObject({ enqueued: null, ended: null })
  expect(after(2, 120, 54)).toMatchObject({ enqueued: 10, ended: 2 })
  expect(after(7, 120, 64)).toMatchObject({ enqueued: 0, ended: 2 })
  expect(after(8, 0, 0)).toMatchObject({ enqueued: 0, ended: 0 })
})

test('the rate of a kind counts new workers from their start, and not those that were only silent', () => {
  const meter = new RateMeter()
  meter.add(look(0, { workers: [worker('one', 10)] }))
  const workers = [worker('one', 30), worker('new', 10, at(1)), worker('silent', 5_000)]
  expect(meter.add(look(2, { workers })).byKind.get('any')).toBe(15)
})

test('a picture tells of kinds, of what runs and of what failed, and never has more lines than the terminal', () => {
  const kinds = ['big', 'small'].map((kind, index) => ({
    kind,
    byStatus: { queued: 20 - index, running: 1 },
    oldestAt: at(-65),
  }))
  const running = Array.from({ length: 30 }, () =>
    job({
      status: 'running',
      finishedAt: null,
      errorCode: null,
      progressDone: 2,
      progressTotal: 9,
    }),
  )
  const rates = { enqueued: 1.25, ended: 2, byKind: new Map([['big', 0.5]]) }
  const shown = { look: look(0, { kinds, running, failures: [job(), job()] }), rates }
  const lines = frameLines(shown, { rows: 24, paint })
  expect(lines).toHaveLength(24)
  expect(lines[0]).toBe(
    'octavo jobs   2026-11-20T08:00:00.000Z   39 queued   0 waiting   2 running   1.3 in/s   2.0 ended/s   0 workers   q ends',
  )
  expect(lines.slice(2, 5)).toEqual([
    'KIND   QUEUED  WAITING  RUNNING  ENDED/S  OLDEST',
    'big        20        .        1      0.5      1m',
    'small      19        .        1               1m',
  ])
  expect(lines.join('\n')).toMatch(/Running, the longest first\n.*\n.* in host 7 for 5s, 2 of 9\n/)
  expect(lines.join('\n')).toMatch(/Latest failures\n.*\n.* dead +3\/3 +1m +ended 3s ago +boom$/m)
  for (const rows of [5, 10, 50])
    expect(frameLines(shown, { rows, paint }).length).toBeLessThanOrEqual(rows)
})

test('of more kinds than there is room for, those with the most jobs are shown and the others counted', () => {
  const kinds = Array.from({ length: 40 }, (_, index) => ({
    kind: `kind-${index}`,
    byStatus: { queued: index + 1 },
    oldestAt: null,
  }))
  const lines = frameLines({ look: look(0, { kinds }), rates: noRates }, { rows: 24, paint })
  expect(lines.filter((line) => line.startsWith('kind-'))[0]).toMatch(/^kind-32 +33/)
  expect(lines.at(-1)).toBe('and 32 kinds with fewer jobs')
  const empty = frameLines({ look: look(0), rates: noRates }, { rows: 24, paint })
  expect(empty.at(-1)).toBe('Nothing is queued, waiting or running.')
})

test('without a terminal a look is a line, each failure is told once, and an outage and its end once each', () => {
  const lines: string[] = []
  const view = plainView({
    print: (shown) => lines.push(plainLine(shown)),
    line: (line) => lines.push(line),
    remark: (line) => lines.push(line),
  })
  const show = (seconds: number, failures: JobOverview[]) =>
    view.show({ look: look(seconds, { failures }), rates: noRates })
  show(0, [job({ id: 'old' })])
  show(1, [job({ id: 'new' }), job({ id: 'old' })])
  for (const shown of [null, null] satisfies Shown[]) view.show(shown)
  show(4, [job({ id: 'new' })])
  const counts = 'queued=0 waiting=0 running=0 workers=0'
  expect(lines).toEqual([
    `2026-11-20T08:00:00.000Z ${counts}`,
    `2026-11-20T08:00:01.000Z ${counts}`,
    '2026-11-20T08:00:01.000Z dead new any boom (ended 4s ago)',
    'The database does not answer; waiting for it.',
    'The database answers again.',
    `2026-11-20T08:00:04.000Z ${counts}`,
  ])
})

function setupTerminal() {
  const written: string[] = []
  const modes: boolean[] = []
  const input = Object.assign(new EventEmitter(), {
    isTTY: true as const,
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
    resume: () => {},
    pause: () => {},
  })
  const output = { rows: 3, write: (text: string) => written.push(text) > 0 }
  const terminal = { input, output } as unknown as Terminal
  return { written, modes, input, terminal }
}

test.each(['q', 'Q', '\u0003'])('in a terminal the key %j ends the view', (key) => {
  const { input, terminal } = setupTerminal()
  let isEnded = false
  const screen = new Screen(terminal, () => {
    isEnded = true
  })
  input.emit('data', Buffer.from('x'))
  expect(isEnded).toBe(false)
  input.emit('data', Buffer.from(key))
  expect(isEnded).toBe(true)
  screen.close()
})

test('a terminal gets back its page, its cursor and its lines, once, and nothing is drawn behind its end', () => {
  const { written, modes, input, terminal } = setupTerminal()
  const screen = new Screen(terminal, () => {})
  screen.show(['one', 'two', 'three', 'four'])
  expect(written[0]).toBe('\u001b[?1049h\u001b[?25l\u001b[?7l')
  expect(written[1]).toContain('three')
  expect(written[1]).not.toContain('four')
  for (let round = 0; round < 2; round += 1) screen.close()
  screen.show(['late'])
  expect(written.slice(2)).toEqual(['\u001b[?7h\u001b[?25h\u001b[?1049l'])
  expect(modes).toEqual([true, false])
  expect(input.listenerCount('data')).toBe(0)
})

test('the view outlasts an outage of the database and shows the queue again after it', async () => {
  const { db, kind, queue } = await setupJobs()
  await queue()
  let failing = 4
  const execute = (...args: Parameters<Db['execute']>) => {
    failing -= 1
    if (failing >= 0) return Promise.reject(new DatabaseUnavailable('POOL_WAIT', 'away'))
    return db.execute(...args)
  }
  const shown: Shown[] = []
  const stop = new AbortController()
  const view = { show: (one: Shown) => shown.push(one), close: () => {} }
  const through = { db: { execute } as unknown as Db, tenantId: null }
  const watching = watchQueue(through, { view, everyMs: 1, signal: stop.signal })
  const last = await eventually('the queue is shown again', async () => shown.find(Boolean))
  stop.abort()
  await watching
  expect(shown[0]).toBeNull()
  expect(last?.look.kinds).toMatchObject([{ kind, byStatus: { queued: 1 } }])
})

test('octavo jobs watch without a terminal prints lines until a signal ends it with 0', async () => {
  const { env, queue } = await setupJobs()
  await queue()
  const child = spawn(process.execPath, [program, 'jobs', 'watch'], { env, stdio: 'pipe' })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  await eventually('two lines', async () => stdout.split('\n').length > 2)
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
  for (const line of stdout.trim().split('\n'))
    expect(line).toMatch(
      /^20\S+Z queued=\d+ waiting=0 running=0 (in\/s=\S+ ended\/s=\S+ )?oldest=\d+s workers=0$/,
    )
})
