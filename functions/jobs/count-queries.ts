import { sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import type { JobStatus } from '../../db/schema/jobs.ts'

const jobsMax = 1_000_000 // of the open ones, and of the ended ones
const groupsMax = 6_000

type Count = { kind: string; status: JobStatus; count: number }

/** Counts open jobs and ended ones that did not complete. Beyond its bounds it stops, and says so. */
export async function countJobs(
  db: Db,
  tenantId: string,
): Promise<{ rows: Count[]; isExact: boolean }> {
  const rows = await db.execute<Count & { isCut: boolean }>(sql`
    with open as materialized (
      select kind, status, count(*) as count from (
        select kind, status from jobs where tenant_id = ${tenantId} limit ${jobsMax + 1}) o
      group by kind, status
    ), ended as materialized (
      select kind, status, count(*) as count from (
        select kind, status from job_history
        where tenant_id = ${tenantId} and status <> 'completed' limit ${jobsMax + 1}) e
      group by kind, status
    )
    select kind, status, count::int as count,
      greatest((select sum(count) from open), (select sum(count) from ended)) > ${jobsMax} as "isCut"
    from (select * from open union all select * from ended) counted
    order by kind, status limit ${groupsMax + 1}`)
  const isCut = rows.length > groupsMax || rows[0]?.isCut === true
  return { rows: rows.slice(0, groupsMax), isExact: !isCut }
}
