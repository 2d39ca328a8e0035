import { type Finding, judgeSource, worstOf } from '../../domain/conferences/checks.ts'
import { factsOf, type SourceFacts } from '../../domain/conferences/checks-facts.ts'
import { lossesOf, noLosses } from '../../domain/conferences/checks-losses.ts'
import { type ReadFile, readFiles } from '../../domain/conferences/importing.ts'
import { type RefreshOrder, RefreshPayload } from '../../domain/conferences/refresh-order.ts'
import {
  findFetch,
  findHead,
  findSource,
  noteChecks,
  type SourceRow,
  storeFetch,
} from '../../domain/conferences/refresh-store.ts'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import type { StepContext, StepResult } from '../../domain/runs/definition.ts'
import type { JobContext } from '../_shared/ports/jobs.ts'
import { fingerprintOf, sourceFiles, sourceLimits, unreadable } from './refresh-content.ts'
import { askSource, shownUrl } from './refresh-request.ts'

export type Step = StepContext<JobContext>

/** What the step `fetch` has found. */
export type Fetched = {
  unchanged: boolean // since the last import from this source, and so are the tenant's conferences
  sha256: string
  etag: string | null
  last_modified: string | null
}

/** @throws {JobFailure} `invalid`: a schedule's payload is whatever somebody wrote */
export function orderOf({ job }: Pick<Step, 'job'>): RefreshOrder {
  const parsed = RefreshPayload.safeParse(job.payload)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = (issue?.path ?? []).map((part) => `/${String(part)}`).join('')
  const detail = `The payload cannot be followed: ${place} ${issue?.message}`
  throw new JobFailure('invalid', detail.slice(0, 500), true)
}

export const idsOf = ({ job }: Pick<Step, 'job'>) => ({ tenantId: job.tenantId, jobId: job.id })

export async function fetchSource(step: Step): Promise<StepResult> {
  const order = orderOf(step)
  const { db } = step.host.deps
  const { tenantId } = idsOf(step)
  const { url } = order.source
  const known = await findSource(db, tenantId, url)
  const { version } = await findHead(db, tenantId)
  // What somebody has deleted or changed meanwhile comes back only by a whole import.
  const same = known?.headVersion === version && !order.dry_run ? known : null
  const { etag = null, lastModified = null } = same ?? {}
  const answer = await askSource(step.host, { url, etag, lastModified })
  const validators = { etag: answer.etag, last_modified: answer.lastModified }
  if (answer.bytes === null && same?.sha256) return unchanged(step, same, validators)
  const files = sourceFiles(answer.bytes ?? new Uint8Array())
  const sha256 = await fingerprintOf(files)
  step.log(
    `${answer.url} has ${answer.bytes?.byteLength} bytes, in which are ${files.length} files.`,
  )
  if (same?.sha256 === sha256) return unchanged(step, same, validators)
  const fetched: Fetched = { unchanged: false, sha256, ...validators }
  return { output: fetched, effect: (tx) => storeFetch(tx, idsOf(step), files) }
}

function unchanged(
  step: Step,
  { url, sha256 }: SourceRow,
  validators: Pick<Fetched, 'etag' | 'last_modified'>,
): StepResult {
  step.log(`${shownUrl(url)} has not changed since it was imported.`)
  const fetched: Fetched = { unchanged: true, sha256: sha256 ?? '', ...validators }
  return { output: fetched }
}

/** Of earlier steps, perhaps of an earlier attempt. They are ours, and small. */
export const fetchedBy = ({ outputs }: Pick<Step, 'outputs'>) => outputs.fetch as Fetched
const factsBy = ({ outputs }: Pick<Step, 'outputs'>) => outputs.read as SourceFacts

// One attempt reads its files once, for two steps.
const readBefore = new WeakMap<JobContext, ReadFile[]>()

/** The files as they were fetched, read. @throws {JobFailure} `source_gone` */
export async function readFetched(step: Step): Promise<ReadFile[]> {
  const before = readBefore.get(step.host)
  if (before) return before
  const found = await findFetch(step.host.deps.db, idsOf(step))
  if (!found || found.files.length === 0)
    throw new JobFailure('source_gone', 'What was fetched is kept no more: refresh again.', true)
  const count = found.files.length
  const read = await readFiles(found.files, {
    fileBytesMax: sourceLimits.fileBytes,
    onRead: (done) => step.progress(done, count),
  })
  readBefore.set(step.host, read)
  return read
}

export async function readSource(step: Step): Promise<StepResult> {
  if (fetchedBy(step).unchanged) {
    const known = await findSource(step.host.deps.db, idsOf(step).tenantId, urlOf(step))
    if (known?.facts) return { output: known.facts }
    throw new JobFailure('source_gone', 'The source was forgotten meanwhile: refresh again.', true)
  }
  const files = await readFetched(step)
  const [only] = files
  if (files.length === 1 && only?.path === null && only.fault)
    throw unreadable(`The source cannot be read: line ${only.fault.line}: ${only.fault.detail}`)
  const facts = factsOf(files)
  step.log(`${facts.series} conferences, ${facts.editions} editions, ${facts.deadlines} deadlines.`)
  for (const problem of facts.problems) step.log(problem, 'warn')
  return { output: facts }
}

export const urlOf = (step: Pick<Step, 'job'>): string => orderOf(step).source.url

export async function checkSource(step: Step): Promise<StepResult> {
  const { db, now } = step.host.deps
  const order = orderOf(step)
  const { tenantId, jobId } = idsOf(step)
  const { url } = order.source
  const known = await findSource(db, tenantId, url)
  const { importedAt } = await findHead(db, tenantId)
  const earlier = { facts: known?.facts ? (known.facts as SourceFacts) : null, importedAt }
  const at = now()
  const losses = fetchedBy(step).unchanged
    ? noLosses
    : await lossesOf(db, { tenantId, files: await readFetched(step), now: at })
  const checks = judgeSource({ facts: factsBy(step), losses, order, earlier, now: at })
  for (const { name, verdict, message } of checks)
    step.log(`${name}: ${verdict}. ${message}`, verdict === 'passed' ? 'info' : 'warn')
  const verdict = worstOf(checks)
  const output = { verdict, checks }
  if (order.dry_run) return { output }
  const checked = { tenantId, jobId, url, at, verdict, checks }
  return { output, effect: (tx) => noteChecks(tx, checked) }
}

/** What the step `check` found, by the name of a check. */
export function findingOf({ outputs }: Pick<Step, 'outputs'>, name: string): Finding {
  const { checks } = outputs.check as { checks: Finding[] }
  const found = checks.find((check) => check.name === name)
  if (!found) throw new Error(`there is no check "${name}"`)
  return found
}
