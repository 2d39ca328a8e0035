import { uuidv7 } from 'uuidv7'
import { DependencyUnmet } from '../../domain/jobs/dependencies.ts'
import { enqueueJob, enqueueJobs, type NewJob } from '../../domain/jobs/queue.ts'
import type { Call } from '../_shared/http/call.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { toJob } from './contract.ts'
import type * as contract from './contract-enqueue.ts'
import type { Doorbell } from './doorbell.ts'
import { findJob } from './queries.ts'
import { refuseReservedKinds } from './rules.ts'

function newJob(c: Call, json: contract.BulkJob): NewJob {
  const { kind, payload, priority, attempts_max: attemptsMax, on_duplicate: onDuplicate } = json
  return {
    ...{ tenantId: c.tenantId, id: uuidv7(), userId: c.userId, requestId: c.requestId },
    ...{ kind, payload, priority, attemptsMax, onDuplicate },
    ...(json.run_at !== undefined && { runAt: new Date(json.run_at) }),
    ...(json.delay_ms !== undefined && { delayMs: json.delay_ms }),
    ...(json.run_ms_max !== undefined && { runMsMax: json.run_ms_max }),
    ...(json.dedupe_key !== undefined && { dedupeKey: json.dedupe_key }),
    ...(json.batch_id !== undefined && { batchId: json.batch_id }),
  }
}

export const enqueueHandler =
  ({ config }: Deps, bell: Doorbell): Handler<typeof contract.enqueueJob> =>
  async (c, { json }) => {
    refuseReservedKinds([{ kind: json.kind, pointer: '/kind' }], config.functionNames)
    const answer = await c.write(async (tx) => {
      const { depends_on: dependsOn, on_dependency_failure: onDependencyFailure } = json
      const job = { ...newJob(c, json), dependsOn, onDependencyFailure }
      const id = await enqueueJob(tx, job).catch((err: unknown) => {
        throw err instanceof DependencyUnmet ? unmet(err, dependsOn) : err
      })
      const row = await findJob(tx, c.tenantId, id)
      if (!row) throw new Error('a job that was just queued is not there')
      const headers = { Location: `/v1/jobs/${id}` }
      const shown = { headers, version: row.version }
      return id === job.id ? reply(201, toJob(row), shown) : reply(200, toJob(row), shown)
    })
    if (answer.body.status === 'queued') bell.ring(c.tenantId, json.kind)
    return answer
  }

function unmet({ jobIds }: DependencyUnmet, dependsOn: readonly string[]): AppError {
  const errors = jobIds.slice(0, 100).map((id): InputFault => {
    const pointer = `/depends_on/${dependsOn.indexOf(id)}`
    const detail = 'There is no such job, or it ended without completing.'
    return { in: 'body', pointer, code: 'dependency_unmet', detail }
  })
  return new AppError('invalid', `body ${errors[0]?.pointer}: ${errors[0]?.detail}`, {
    errors,
    hint: 'A job that has ended may be waited for when on_dependency_failure is "run".',
  })
}

export const bulkHandler =
  ({ config }: Deps, bell: Doorbell): Handler<typeof contract.enqueueJobs> =>
  async (c, { json }) => {
    const named = json.jobs.map(({ kind }, index) => ({ kind, pointer: `/jobs/${index}/kind` }))
    refuseReservedKinds(named, config.functionNames)
    const answer = await c.write(async (tx) => {
      const jobs = json.jobs.map((job) => newJob(c, job))
      const ids = await enqueueJobs(tx, jobs)
      return reply(201, {
        items: ids.map((id, index) => ({ id, created: id === jobs[index]?.id })),
      })
    })
    for (const [kind, { length }] of Map.groupBy(json.jobs, (job) => job.kind))
      bell.ring(c.tenantId, kind, length)
    return answer
  }
