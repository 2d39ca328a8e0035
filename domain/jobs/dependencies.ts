import { sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Tx } from '../../db/client.ts'
import type { NewJob } from './queue.ts'

/** A job that cannot wait for what it names. */
export class DependencyUnmet extends Error {
  readonly jobIds: readonly string[]

  constructor(jobIds: readonly string[]) {
    super(`These jobs do not exist, or ended without completing: ${jobIds.join(', ')}.`)
    this.name = 'DependencyUnmet'
    this.jobIds = jobIds
  }
}

/**
 * Which of these jobs have not ended. They are marked in the caller's transaction, so that none can end without
 * a word to those that wait for it.
 * @throws {DependencyUnmet} one is not there, or ended without completing and the policy is `cancel`
 */
export async function holdOpenDependencies(
  tx: Tx,
  { tenantId, onDependencyFailure = 'cancel' }: NewJob,
  dependsOn: readonly string[],
): Promise<string[]> {
  const ids = [...new Set(dependsOn)]
  // In the order of ids, so that two that wait for the same jobs cannot wait for each other.
  const marked = await tx.execute<{ id: string }>(sql`
    with open as materialized (
      select id from jobs where tenant_id = ${tenantId} and id = any(${textArray(ids)}::uuid[])
      order by id for update
    )
    update jobs j set has_dependents = true from open
    where j.tenant_id = ${tenantId} and j.id = open.id returning j.id`)
  const open = new Set([...marked].map(({ id }) => id))
  const others = ids.filter((id) => !open.has(id))
  if (others.length > 0) await refuseUnmet(tx, { tenantId, onDependencyFailure }, others)
  return [...open]
}

async function refuseUnmet(
  tx: Tx,
  { tenantId, onDependencyFailure }: Pick<NewJob, 'tenantId' | 'onDependencyFailure'>,
  ids: readonly string[],
): Promise<void> {
  const rows = await tx.execute<{ id: string; status: string }>(sql`
    select id, status from job_history
    where tenant_id = ${tenantId} and id = any(${textArray(ids)}::uuid[])`)
  const met = new Set(
    [...rows]
      .filter(({ status }) => status === 'completed' || onDependencyFailure === 'run')
      .map(({ id }) => id),
  )
  const unmet = ids.filter((id) => !met.has(id))
  if (unmet.length > 0) throw new DependencyUnmet(unmet)
}

/** Notes what a job waits for. In the transaction that found those jobs open and inserted this one. */
export async function waitFor(
  tx: Tx,
  { tenantId, id, onDependencyFailure = 'cancel' }: NewJob,
  open: readonly string[],
): Promise<void> {
  await tx.execute(sql`
    insert into job_dependencies (tenant_id, job_id, depends_on_id, on_failure)
    select ${tenantId}::uuid, ${id}::uuid, d.id, ${onDependencyFailure}
    from unnest(${textArray(open)}::uuid[]) d(id)`)
}
