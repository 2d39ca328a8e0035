import type { SourceFacts } from '../../domain/conferences/checks-facts.ts'
import {
  type ImportTotals,
  importConferences,
  importTotals,
  type ReadFile,
  rehearseImport,
  type SeriesVerdict,
} from '../../domain/conferences/importing.ts'
import {
  findFetch,
  findSource,
  forgetFetch,
  noteSourceImport,
  noteUnchanged,
  type RefreshReport,
  storeReport,
} from '../../domain/conferences/refresh-store.ts'
import { holdConferences, noteImport } from '../../domain/conferences/writing.ts'
import type { RunCheck, StepResult } from '../../domain/runs/definition.ts'
import { defineRun } from '../../domain/runs/run.ts'
import type { JobContext } from '../_shared/ports/jobs.ts'
import {
  checkSource,
  fetchedBy,
  fetchSource,
  findingOf,
  idsOf,
  orderOf,
  readFetched,
  readSource,
  type Step,
  urlOf,
} from './refresh-steps.ts'

const sentencesMax = 100
const sentenceCharactersMax = 400

const checkNames = [
  'volume',
  'losses',
  'readable',
  'freshness',
  'duplicates',
  'lookalikes',
  'last_import',
]

/** Stand behind the step `check`, which has all of them at once: the first that fails ends the run. */
const checks: RunCheck[] = checkNames.map((name) => ({
  name,
  after: 'check',
  check: (context) => {
    const { verdict, observed, limit, message } = findingOf(context, name)
    const limits = Object.entries(limit).map(([key, value]) => [`${key}_limit`, value])
    const values = { ...observed, ...Object.fromEntries(limits) }
    const severity = verdict === 'warned' ? 'warn' : 'error'
    return { passed: verdict === 'passed', values, message, severity }
  },
}))

async function importSource(step: Step): Promise<StepResult> {
  const { deps } = step.host
  const { dry_run: isDryRun } = orderOf(step)
  const { tenantId } = idsOf(step)
  const at = deps.now()
  if (fetchedBy(step).unchanged) {
    const totals = unchangedTotals(step.outputs.read as SourceFacts)
    return { output: { totals, changes: [], changes_count: 0 }, effect: (tx) => keep(tx, step, at) }
  }
  const files = await readFetched(step)
  if (!isDryRun) return { effect: (tx) => bringIn(tx, step, { at, files }) }
  const verdicts = await rehearseImport(deps.db, { tenantId, at, files })
  const report = reportOf(files, verdicts)
  return { output: { dry_run: true, ...report }, effect: (tx) => forgetFetch(tx, idsOf(step)) }
}

type Tx = Parameters<NonNullable<StepResult['effect']>>[0]

const unchangedTotals = ({ series, ...facts }: SourceFacts): ImportTotals => ({
  ...{ files: facts.files, broken_files: facts.broken_files, refused: facts.refused },
  ...{ created: 0, changed: 0, unchanged: series },
  ...{ editions: facts.editions, deadlines: facts.deadlines },
})

async function keep(tx: Tx, step: Step, at: Date): Promise<void> {
  const { tenantId, jobId } = idsOf(step)
  const totals = unchangedTotals(step.outputs.read as SourceFacts)
  await holdConferences(tx, tenantId)
  await noteImport(tx, tenantId, at)
  const { sha256, etag, last_modified: lastModified } = fetchedBy(step)
  const imported = { importedAt: at, importedJobId: jobId, totals, sha256, etag, lastModified }
  await noteUnchanged(tx, { tenantId, url: urlOf(step) }, imported)
}

type Bringing = { at: Date; files: readonly ReadFile[] }

async function bringIn(tx: Tx, step: Step, { at, files }: Bringing): Promise<void> {
  const { tenantId, jobId } = idsOf(step)
  const url = urlOf(step)
  await holdConferences(tx, tenantId)
  const fetched = await findFetch(tx, { tenantId, jobId })
  const known = await findSource(tx, tenantId, url)
  if (!fetched) throw new Error('what was fetched is gone within an attempt')
  // Another refresh has imported what it fetched after this one did: going back to the older is no refresh.
  if (known?.fetchedAt && known.fetchedAt > fetched.fetchedAt) {
    const report = { ...reportOf(files, []), is_superseded: true }
    return storeReport(tx, { tenantId, jobId }, report)
  }
  const verdicts = await importConferences(tx, { tenantId, at, files })
  const report = reportOf(files, verdicts)
  await storeReport(tx, { tenantId, jobId }, report)
  const { sha256, etag, last_modified: lastModified } = fetchedBy(step)
  await noteSourceImport(
    tx,
    { tenantId, url },
    {
      ...{ importedAt: at, importedJobId: jobId, totals: report.totals },
      ...{ facts: step.outputs.read as SourceFacts, fetchedAt: fetched.fetchedAt },
      ...{ etag, lastModified, sha256 },
    },
  )
}

function reportOf(files: readonly ReadFile[], verdicts: readonly SeriesVerdict[]): RefreshReport {
  const changes = verdicts.flatMap((verdict) => verdict.changes)
  return {
    totals: importTotals(files, verdicts),
    changes: changes.slice(0, sentencesMax).map((text) => text.slice(0, sentenceCharactersMax)),
    changes_count: changes.length,
    is_superseded: false,
  }
}

/** Only after the import is it known what came of it: its effect may have run several times. */
async function tellReport(step: Step): Promise<StepResult> {
  const early = step.outputs.import
  if (early) return { output: early }
  const found = await findFetch(step.host.deps.db, idsOf(step))
  const report = found?.report as RefreshReport | null | undefined
  if (!report) return { output: null }
  if (report.is_superseded)
    step.log('Something newer of the source was imported meanwhile.', 'warn')
  for (const sentence of report.changes) step.log(sentence)
  return { output: report, effect: (tx) => forgetFetch(tx, idsOf(step)) }
}

/** Brings a tenant's conferences up to date from a source, if all checks of it pass. */
export const refresh = defineRun<JobContext>({
  steps: [
    { name: 'fetch', run: fetchSource },
    { name: 'read', run: readSource },
    { name: 'check', run: checkSource },
    { name: 'import', run: importSource },
    { name: 'report', run: tellReport },
  ],
  checks,
})
