import type { Db } from '../../db/client.ts'
import { findJobAnywhere, type JobOverview } from '../../db/system.ts'
import { findTenantByName } from '../../domain/identity/tenants.ts'
import { printable } from './logs-follow.ts'
import { withDatabase } from './with-database.ts'

/** Flags that every command on jobs has. */
export const jobsArgs = {
  tenant: { type: 'string', description: 'Only jobs of this tenant, by its name' },
  json: { type: 'boolean', description: 'For programs' },
} as const

type GivenArgs = { tenant?: string | undefined; json?: boolean | undefined }
/** `tenantId` is `null` for all tenants. */
export type JobsContext = { db: Db; tenantId: string | null; isJson: boolean }

/** Runs a command on the jobs of all tenants, or of the one that was named. */
export function withJobs(
  { tenant, json }: GivenArgs,
  work: (context: JobsContext) => Promise<void>,
): Promise<void> {
  return withDatabase(async ({ deps: { db } }) => {
    const tenantId = tenant === undefined ? null : await tenantIdOf(db, tenant)
    await work({ db, tenantId, isJson: json === true })
  })
}

async function tenantIdOf(db: Db, name: string): Promise<string> {
  const tenant = await findTenantByName(db, name)
  if (tenant === null) throw new Error(`There is no tenant ${name}.`)
  return tenant.id
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The job with this id, or a sentence for a person: there is none, or tenants chose the same id. */
export async function findJob(
  { db, tenantId }: Pick<JobsContext, 'db' | 'tenantId'>,
  id: string,
): Promise<JobOverview | string> {
  if (!uuid.test(id)) return `"${printable(id)}" is no id of a job. See them by: octavo jobs`
  const [job, other] = await findJobAnywhere(db, { tenantId, id })
  if (job === undefined) return `There is no job ${id}.`
  if (other === undefined) return job
  return `The tenants ${job.tenantName} and ${other.tenantName} both have a job ${id}: say --tenant.`
}

export const printLines = (lines: readonly string[]): void => {
  for (const line of lines) console.log(line)
}

export const printJson = (value: unknown): void => console.log(JSON.stringify(value))
