import { defineCommand } from 'citty'
import { type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { holdClaims } from '../../db/limit-lock.ts'
import { countOpenJobs, type JobLimit, listJobLimits, listWorkers } from '../../db/system.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import { type JobsContext, jobsArgs, printJson, printLines, withJobs } from './jobs-context.ts'
import { printable } from './logs-follow.ts'

/** Stands for all kinds of one tenant. */
const everyKind = '*'

export const limit = defineCommand({
  meta: {
    name: 'limit',
    description: 'Limit how many jobs run at once, or pause them; alone, show the limits',
  },
  args: {
    kind: {
      type: 'positional',
      required: false,
      description: "Kind of jobs; with --tenant also '*': all its kinds together",
    },
    max: { type: 'string', valueHint: '1..100000', description: 'How many may run at once' },
    pause: { type: 'boolean', description: 'Begin none; what runs goes on' },
    resume: { type: 'boolean', description: 'End a pause' },
    clear: { type: 'boolean', description: 'No limit and no pause' },
    ...jobsArgs,
  },
  run: ({ args }) =>
    withJobs(args, async (context) => {
      const kind = args.kind ?? null
      const change = changeOf(args)
      const mistake = mistakeInLimit(context, kind, change)
      if (mistake !== null) throw new Error(mistake)
      if (kind !== null && change !== null) await changeLimit(context, kind, change)
      const { db, tenantId } = context
      const all = await listJobLimits(db, { tenantId })
      const shown = kind === null ? all : all.filter((row) => row.kind === kind)
      if (context.isJson) return printJson({ items: shown.map(limitJson) })
      printLines(limitLines(shown, kind))
      if (kind !== null && change !== null) await remarkOnUnknown(context, kind)
    }),
})

/** What is left out stays as it is. */
type LimitChange = { max?: number; isPaused?: boolean } | 'clear'

type LimitArgs = {
  max?: string | undefined
  pause?: boolean | undefined
  resume?: boolean | undefined
  clear?: boolean | undefined
}

function changeOf({ max, pause, resume, clear }: LimitArgs): LimitChange | null {
  if (clear === true) {
    if (max !== undefined || pause === true || resume === true)
      throw new Error('--clear removes the whole limit: it goes with nothing else.')
    return 'clear'
  }
  if (pause === true && resume === true) throw new Error('Either --pause or --resume.')
  if (max === undefined && pause !== true && resume !== true) return null
  const isPaused = pause === true ? { isPaused: true } : resume === true ? { isPaused: false } : {}
  return { ...(max === undefined ? {} : { max: Number(max) }), ...isPaused }
}

function mistakeInLimit(
  { tenantId }: Pick<JobsContext, 'tenantId'>,
  kind: string | null,
  change: LimitChange | null,
): string | null {
  if (kind === null && change !== null)
    return 'Say which kind of jobs. See them by: octavo jobs counts'
  if (kind === everyKind && tenantId === null)
    return "'*' stands for all kinds of one tenant: say --tenant."
  return null
}

/** Sets, changes or removes a limit of a kind, for all tenants together or for one. Workers heed it within a second. */
async function changeLimit(
  { db, tenantId }: Pick<JobsContext, 'db' | 'tenantId'>,
  kind: string,
  change: LimitChange,
): Promise<void> {
  await db.transaction(async (tx) => {
    if (change !== 'clear') {
      await holdClaims(tx)
      await setLimit(tx, { tenantId, kind, change })
    }
    const left = change === 'clear' ? sql`` : sql`and running_max is null and paused_at is null`
    if (tenantId === null) await tx.execute(sql`delete from job_kinds where kind = ${kind} ${left}`)
    else
      await tx.execute(sql`
        delete from job_tenant_limits where tenant_id = ${tenantId} and kind = ${kind} ${left}`)
  })
  await ringWorkers(db)
}

type Setting = { tenantId: string | null; kind: string; change: Exclude<LimitChange, 'clear'> }

async function setLimit(tx: Tx, { tenantId, kind, change }: Setting): Promise<void> {
  const max = sql`${change.max ?? null}::int`
  const isPaused = sql`${change.isPaused ?? null}::boolean`
  const values = sql`${kind}, ${max}, case when ${isPaused} then now() end`
  const merged = (table: SQL) => sql`running_max = coalesce(${max}, ${table}.running_max),
    paused_at = case when ${isPaused} is null then ${table}.paused_at
      when ${isPaused} then coalesce(${table}.paused_at, now()) end`
  if (tenantId === null)
    await tx.execute(sql`
      insert into job_kinds (kind, running_max, paused_at) values (${values})
      on conflict (kind) do update set ${merged(sql`job_kinds`)}`)
  else
    await tx.execute(sql`
      insert into job_tenant_limits (tenant_id, kind, running_max, paused_at) values (${tenantId}, ${values})
      on conflict (tenant_id, kind) do update set ${merged(sql`job_tenant_limits`)}`)
}

/** "documents.extract: at most 3 at once", a line a limit. */
function limitLines(limits: readonly JobLimit[], kind: string | null): string[] {
  if (limits.length > 0) return limits.map(limitLine)
  return [kind === null ? 'There are no limits.' : `${printable(kind)}: no limit`]
}

function limitLine({ tenantName, kind, runningMax, pausedAt }: JobLimit): string {
  const what = kind === everyKind ? 'all kinds' : printable(kind)
  const whose = tenantName === null ? what : `${what} of ${printable(tenantName)}`
  const words = [
    runningMax === null ? null : `at most ${runningMax} at once`,
    pausedAt === null ? null : `paused since ${pausedAt.toISOString()}`,
  ]
  return `${whose}: ${words.filter((word) => word !== null).join(', ')}`
}

const limitJson = ({ tenantId, tenantName, kind, runningMax, pausedAt }: JobLimit) => ({
  tenant_id: tenantId,
  tenant: tenantName,
  kind,
  running_max: runningMax,
  paused_at: pausedAt?.toISOString() ?? null,
})

/** A kind that is mistyped would be limited in silence. */
async function remarkOnUnknown({ db }: { db: Db }, kind: string): Promise<void> {
  if (kind === everyKind) return
  const [workers, { counts }] = await Promise.all([
    listWorkers(db, { tenantId: null }),
    countOpenJobs(db, { tenantId: null }),
  ])
  const isServed = workers.some(({ kinds }) => Object.hasOwn(kinds, kind))
  if (isServed || counts.some((row) => row.kind === kind)) return
  console.error(`At the moment no worker asks for ${printable(kind)}, and no job is of that kind.`)
}
