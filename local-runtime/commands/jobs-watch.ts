import { setTimeout as pause } from 'node:timers/promises'
import { defineCommand } from 'citty'
import { isUnavailable } from '../../db/errors.ts'
import { type JobsContext, jobsArgs, printJson, withJobs } from './jobs-context.ts'
import { frameLines, lookJson, plainLine } from './jobs-frame.ts'
import { type QueueLook, type QueueRates, RateMeter, readLook } from './jobs-look.ts'
import { Screen } from './jobs-screen.ts'
import { isColouredOutput, painter, stateWords } from './jobs-words.ts'
import { printable } from './logs-follow.ts'

/** Of its time, a look at a large queue takes at most a tenth from the database. */
const restPerLook = 9
const away = 'The database does not answer; waiting for it.'

export const watch = defineCommand({
  meta: {
    name: 'watch',
    description: 'Show the queue as it is, again each second; in a terminal until q or Ctrl-C',
  },
  args: {
    every: { type: 'string', default: '1', valueHint: '1..3600', description: 'Seconds' },
    ...jobsArgs,
  },
  run: ({ args }) =>
    withJobs(args, async (context) => {
      const stopping = new AbortController()
      const stop = () => stopping.abort()
      for (const signal of endSignals) process.on(signal, stop)
      const view = openView(context, stop)
      try {
        await watchQueue(context, {
          view,
          everyMs: Number(args.every) * 1_000,
          signal: stopping.signal,
        })
      } finally {
        view.close()
        for (const signal of endSignals) process.off(signal, stop)
      }
    }),
})

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What a look shows; `null`: the database did not answer. */
export type Shown = { look: QueueLook; rates: QueueRates } | null
export type View = { show(shown: Shown): void; close(): void }

type Watching = { view: View; everyMs: number; signal: AbortSignal }

/** Looks until the signal aborts, also through an outage of the database. */
export async function watchQueue(
  { db, tenantId }: Pick<JobsContext, 'db' | 'tenantId'>,
  { view, everyMs, signal }: Watching,
): Promise<void> {
  const meter = new RateMeter()
  const aborted = new Promise<'aborted'>((settle) => {
    if (signal.aborted) settle('aborted')
    signal.addEventListener('abort', () => settle('aborted'), { once: true })
  })
  while (!signal.aborted) {
    const startedAt = performance.now()
    // Whoever ends the view does not wait for a database that hangs.
    const look = await Promise.race([lookOrNull(db, tenantId), aborted])
    if (look === 'aborted') return
    view.show(look === null ? null : { look, rates: meter.add(look) })
    const tookMs = performance.now() - startedAt
    const waitMs = Math.max(everyMs - tookMs, tookMs * restPerLook)
    await pause(waitMs, undefined, { signal }).catch(() => {})
  }
}

async function lookOrNull(db: JobsContext['db'], tenantId: string | null) {
  try {
    return await readLook(db, { tenantId, at: new Date() })
  } catch (err) {
    if (!isUnavailable(err)) throw err
    return null
  }
}

function openView({ isJson }: JobsContext, stop: () => void): View {
  if (process.stdout.isTTY === true && !isJson) return liveView(stop)
  const print = isJson
    ? (shown: NonNullable<Shown>) => printJson(lookJson(shown))
    : (shown: NonNullable<Shown>) => console.log(plainLine(shown))
  return plainView({ print, line: (line) => !isJson && console.log(line), remark: console.error })
}

function liveView(stop: () => void): View {
  const screen = new Screen({ input: process.stdin, output: process.stdout }, stop)
  const paint = painter(isColouredOutput())
  let latest: NonNullable<Shown> | null = null
  return {
    show: (shown) => {
      latest = shown ?? latest
      const remark = shown === null ? [paint('red', away)] : []
      const rows = screen.rows - remark.length
      screen.show([...remark, ...(latest === null ? [] : frameLines(latest, { rows, paint }))])
    },
    close: () => screen.close(),
  }
}

type Plain = {
  print: (shown: NonNullable<Shown>) => void
  line: (line: string) => void
  remark: (line: string) => void
}

/** A line a look, a line for each job that has failed since the look before, and when the database goes and returns. */
export function plainView({ print, line, remark }: Plain): View {
  let told: ReadonlySet<string> | null = null
  let isAway = false
  return {
    show: (shown) => {
      if ((shown === null) !== isAway) remark(shown === null ? away : 'The database answers again.')
      isAway = shown === null
      if (shown === null) return
      print(shown)
      const { failures, at } = shown.look
      const fresh = failures.filter(({ id }) => told?.has(id) === false)
      for (const job of fresh.toReversed())
        line(
          `${at.toISOString()} ${job.status} ${job.id} ${printable(job.kind)} ` +
            `${printable(job.errorCode ?? '')} (${stateWords(job, at)})`,
        )
      told = new Set(failures.map(({ id }) => id))
    },
    close: () => {},
  }
}
