import { and, desc, eq, notInArray, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { conferenceFetches, conferenceSources } from '../../db/schema/conference-refreshes.ts'
import { conferenceHeads } from '../../db/schema/conferences.ts'
import type { Finding } from './checks.ts'
import type { SourceFacts } from './checks-facts.ts'
import type { ConferenceFile, ImportTotals } from './importing.ts'
import { holdConferences } from './writing.ts'

export type SourceRow = typeof conferenceSources.$inferSelect

const sourcesMax = 100 // of a tenant; those that were checked last stay

const ofSource = (tenantId: string, url: string) =>
  and(eq(conferenceSources.tenantId, tenantId), eq(conferenceSources.url, url))

export async function findSource(
  db: Db | Tx,
  tenantId: string,
  url: string,
): Promise<SourceRow | null> {
  const [row] = await db.select().from(conferenceSources).where(ofSource(tenantId, url))
  return row ?? null
}

/** What a tenant's conferences are like now. Nulls: there have never been any. */
export async function findHead(db: Db | Tx, tenantId: string) {
  const { version, importedAt } = conferenceHeads
  const [row] = await db
    .select({ version, importedAt })
    .from(conferenceHeads)
    .where(eq(conferenceHeads.tenantId, tenantId))
  return row ?? { version: null, importedAt: null }
}

type OfJob = { tenantId: string; jobId: string }

const ofJob = ({ tenantId, jobId }: OfJob) =>
  and(eq(conferenceFetches.tenantId, tenantId), eq(conferenceFetches.jobId, jobId))

/** Keeps what was fetched until it is imported, and forgets what no run will ask for any more. */
export async function storeFetch(
  tx: Tx,
  { tenantId, jobId }: OfJob,
  files: ConferenceFile[],
): Promise<void> {
  await tx.execute(sql`
    delete from conference_fetches f where f.tenant_id = ${tenantId}
      and not exists (select from jobs j where j.tenant_id = ${tenantId} and j.id = f.job_id)`)
  await tx.insert(conferenceFetches).values({ tenantId, jobId, files })
}

export async function findFetch(db: Db | Tx, of: OfJob) {
  const [row] = await db.select().from(conferenceFetches).where(ofJob(of))
  return row ?? null
}

/** What came of an import, in place of its files. */
export async function storeReport(tx: Tx, of: OfJob, report: RefreshReport): Promise<void> {
  await tx.update(conferenceFetches).set({ files: [], report }).where(ofJob(of))
}

export async function forgetFetch(tx: Tx, of: OfJob): Promise<void> {
  await tx.delete(conferenceFetches).where(ofJob(of))
}

export type RefreshReport = {
  totals: ImportTotals
  changes: string[] // the first ones, a sentence each
  changes_count: number
  is_superseded: boolean // something newer of the source was imported meanwhile, and this was not
}

type Checked = OfJob & { url: string; at: Date; verdict: Finding['verdict']; checks: Finding[] }

/** Writes down what was found, whether it is imported then or not. */
export async function noteChecks(tx: Tx, { tenantId, jobId, url, at, ...found }: Checked) {
  await holdConferences(tx, tenantId)
  const checked = { ...found, checkedAt: at, checkedJobId: jobId }
  await tx
    .insert(conferenceSources)
    .values({ tenantId, id: uuidv7(), url, ...checked })
    .onConflictDoUpdate({
      target: [conferenceSources.tenantId, conferenceSources.url],
      set: checked,
    })
  const { id, checkedAt } = conferenceSources
  const ofTenant = eq(conferenceSources.tenantId, tenantId)
  const kept = tx
    .select({ id })
    .from(conferenceSources)
    .where(ofTenant)
    .orderBy(desc(checkedAt), desc(id))
    .limit(sourcesMax)
  await tx.delete(conferenceSources).where(and(ofTenant, notInArray(id, kept)))
}

export type Imported = {
  importedAt: Date
  importedJobId: string
  totals: ImportTotals
  facts: SourceFacts
  fetchedAt: Date
  etag: string | null
  lastModified: string | null
  sha256: string
}

/** Writes down what a source held when it was imported: the next refresh is compared with it. */
export async function noteSourceImport(
  tx: Tx,
  { tenantId, url }: { tenantId: string; url: string },
  imported: Imported,
): Promise<void> {
  const { version } = await findHead(tx, tenantId)
  await tx
    .update(conferenceSources)
    .set({ ...imported, headVersion: version })
    .where(ofSource(tenantId, url))
}

/** A good import that found nothing new, unless something else of the source was imported meanwhile. */
export async function noteUnchanged(
  tx: Tx,
  { tenantId, url }: { tenantId: string; url: string },
  imported: Omit<Imported, 'facts' | 'fetchedAt'>,
): Promise<void> {
  await tx
    .update(conferenceSources)
    .set(imported)
    .where(and(ofSource(tenantId, url), eq(conferenceSources.sha256, imported.sha256)))
}

type ListSources = { tenantId: string; before: [Date, string] | null; limit: number }

/** Those that were checked last come first. */
export const listSources = (
  db: Db,
  { tenantId, before, limit }: ListSources,
): Promise<SourceRow[]> => {
  const { tenantId: ofTenant, checkedAt, id } = conferenceSources
  return db
    .select()
    .from(conferenceSources)
    .where(
      and(
        eq(ofTenant, tenantId),
        before
          ? sql`(${checkedAt}, ${id}) < (${before[0].toISOString()}::timestamptz, ${before[1]}::uuid)`
          : undefined,
      ),
    )
    .orderBy(desc(checkedAt), desc(id))
    .limit(limit)
}
