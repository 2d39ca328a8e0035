import type * as z from 'zod'
import type { Db, Tx } from '../../db/client.ts'
import type { Agreement as Figures } from '../../domain/annotations/agreement.ts'
import {
  type AgreementReport,
  agreementReport,
  annotatorsMax,
  type Effort,
  planAgreement,
} from '../../domain/annotations/review-agreement.ts'
import {
  type Annotator,
  type ReviewedAnnotation,
  type Statement,
  statementsOf,
} from '../../domain/annotations/review-statements.ts'
import { AppError } from '../_shared/http/problems.ts'
import {
  countReviewed,
  findBatchDocuments,
  findDocuments,
  listSeenMarks,
  readReviewed,
} from './agreement-queries.ts'
import type { Agreement } from './contract-agreement.ts'

type Reply = z.input<typeof Agreement>
const pagesShownMax = 200

export const agreementJobKind = 'review.agreement'

type Choice = { documentIds: readonly string[] | undefined; batchId: string | undefined }

/**
 * The documents that were asked for.
 * @throws {AppError} `invalid` unless it is one choice; `not_found`: one of the documents, or the batch, does not exist
 */
export async function chosenDocuments(
  db: Db | Tx,
  tenantId: string,
  { documentIds, batchId }: Choice,
): Promise<string[]> {
  if ((documentIds === undefined) === (batchId === undefined))
    throw new AppError('invalid', 'Name either documents or a batch.')
  const asked = new Set(documentIds)
  const found = batchId
    ? await findBatchDocuments(db, tenantId, batchId)
    : await findDocuments(db, tenantId, [...asked])
  if (found === null || found.length < asked.size)
    throw new AppError('not_found', 'There is nothing here.')
  return found
}

export type AgreementRequest = {
  tenantId: string
  documentIds: readonly string[]
  withPages: boolean
  annotationsMax: number
  effortMax: Effort
  /** Lets other work run; throws what is to end this one. */
  pause: () => Promise<void>
}

/** @throws {AppError} `invalid`: more than the bounds that are given, or too many annotators */
export async function computeAgreement(db: Db, request: AgreementRequest): Promise<Reply> {
  const { annotationsMax, effortMax, documentIds, pause } = request
  const annotations = await countReviewed(db, request, annotationsMax + 1)
  if (annotations > annotationsMax) throw tooMany(`More than ${annotationsMax} annotations`)
  const rows: ReviewedAnnotation[] = []
  for await (const part of readReviewed(db, request)) {
    for (const row of part) rows.push(row)
    await pause()
  }
  const statements = statementsOf(rows, await listSeenMarks(db, request)).sort(byAnnotator)
  if (statements.length > annotatorsMax)
    throw new AppError('invalid', `More than ${annotatorsMax} annotators are not compared.`)
  const plan = planAgreement(statements)
  const isTooMuch =
    plan.comparisons > effortMax.comparisons || plan.comparisonsAtOnce > effortMax.comparisonsAtOnce
  if (isTooMuch) throw tooMany('So many regions on the same pages')
  const report = await agreementReport(plan, pause)
  const counts = { documents: documentIds.length, annotations }
  return { ...counts, ...toReply(report, request.withPages), is_shortened: false }
}

const tooMany = (what: string): AppError =>
  new AppError('invalid', `${what} are not compared at once.`, {
    hint: 'POST /v1/review/agreement has a job compare them; or name fewer documents.',
  })

const byAnnotator = (one: Statement, other: Statement): number =>
  keyOf(one) < keyOf(other) ? -1 : 1
const keyOf = ({ annotator: { userId, source } }: Statement): string => `${source} ${userId}`

const toAnnotator = ({ userId, source }: Annotator) => ({ user_id: userId, source })

const figuresOf = ({ regions, matched, agreed, meanIou, kappa }: Figures) => ({
  ...{ regions, matched, agreed, kappa },
  mean_iou: meanIou,
})

const labelsOf = ({ labels }: Figures) =>
  labels.map(({ labelName, ...figures }) => ({ label_name: labelName, ...figures }))

function toReply(report: AgreementReport, withPages: boolean) {
  const { overall, pageAgreements, fullPages } = report
  return {
    pages_compared: report.pages,
    annotators: report.annotators.map(({ annotator, pages, regions }) => ({
      ...{ ...toAnnotator(annotator), regions },
      pages_seen: pages,
    })),
    overall: {
      annotator_pairs: overall.annotatorPairs,
      ...figuresOf(overall),
      labels: labelsOf(overall),
    },
    pairs: report.pairs.map(({ first, second, pages, agreement }) => ({
      ...{ first: toAnnotator(first), second: toAnnotator(second), pages },
      ...{ ...figuresOf(agreement), labels: labelsOf(agreement) },
    })),
    pages: withPages
      ? pageAgreements.slice(0, pagesShownMax).map(({ documentId, page, agreement }) => ({
          ...{ document_id: documentId, page },
          ...figuresOf(agreement),
        }))
      : null,
    full_pages: fullPages.slice(0, pagesShownMax).map(({ documentId, page, regions }) => ({
      ...{ document_id: documentId, page, regions },
    })),
  }
}

const jobResultBytesMax = 250 * 1_024
const labelsShownMax = 100
// An escape of JSON has six bytes for a character.
const bytesOf = (reply: Reply): number => new TextEncoder().encode(JSON.stringify(reply)).length

/** As much of a reply as a job's result may hold. */
export function shortened(reply: Reply): Reply {
  const steps: ((reply: Reply) => Reply)[] = [
    (whole) => whole,
    (long) => ({ ...long, pairs: long.pairs.map((pair) => ({ ...pair, labels: [] })) }),
    (long) => ({ ...long, pages: null, full_pages: [] }),
    (long) => ({ ...long, overall: { ...long.overall, labels: mostOf(long.overall.labels) } }),
    (long) => ({ ...long, pairs: [] }),
  ]
  let short = reply
  for (const step of steps) {
    short = step(short)
    if (bytesOf(short) <= jobResultBytesMax) break
  }
  return { ...short, is_shortened: short !== reply }
}

const mostOf = (labels: Reply['overall']['labels']) =>
  labels.toSorted((one, other) => other.regions - one.regions).slice(0, labelsShownMax)
