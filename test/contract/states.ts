import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import {
  artifactVersions,
  jobKinds,
  jobs,
  jobTenantLimits,
  placeDocuments,
  placeSuggestions,
  templateApplications,
} from '../../db/schema/index.ts'
import { cancelBatch } from '../../domain/batches/control.ts'
import { completeDocument, failDocument, keepPageImage } from '../harness/documents.ts'
import type { Operation } from './functions.ts'
import { prepareGame } from './game-states.ts'
import type { Resources } from './resources.ts'

const endedBatchOperations = new Set(['retryBatch', 'exportBatch', 'deleteBatch'])

type Rows = { tenantId: string; resources: Resources }

/** Brings the rows of a tenant into the state in which the example of an operation succeeds. */
export async function prepare(db: Db, { route, path }: Operation, rows: Rows): Promise<void> {
  const document = {
    id: rows.resources.documents?.id ?? '',
    job_id: rows.resources.jobs?.id ?? '',
    status: 'pending',
    version: 1,
  }
  const { tenantId } = rows
  if (/\/(pages|text|apply)\b/.test(path))
    await completeDocument(db, { tenantId, document, pages: ['One page.', 'Another.'] })
  if (route.operationId === 'getPageImage') await keepPageImage(db, { tenantId, id: document.id })
  if (path.endsWith('/:id/redrive')) await failDocument(db, { tenantId, document, code: 'damaged' })
  if (endedBatchOperations.has(route.operationId)) {
    const id = rows.resources.batches?.id ?? ''
    await db.transaction((tx) => cancelBatch(tx, { tenantId, id }))
  }
  if (route.operationId === 'cancelArtifactVersion')
    await reopened(db, { tenantId, artifactId: rows.resources.artifacts?.id ?? '' })
  const { games, users } = rows.resources
  await prepareGame(db, route.operationId, {
    ...{ tenantId, id: games?.id ?? '', opponentId: users?.id ?? '' },
  })
  if (route.operationId === 'withdrawTemplate')
    await applied(db, { tenantId, documentId: document.id, ...rows.resources.templates })
  if (route.operationId === 'unlinkPlace')
    await linked(db, { tenantId, documentId: document.id, ...rows.resources.places })
  if (path.includes(':suggestion'))
    await suggested(db, { tenantId, documentId: document.id, ...rows.resources.places })
  const token = leaseTokenOf(route.example?.json)
  if (token !== null) await lease(db, { tenantId, id: document.job_id, token })
  const kind = route.example?.param?.kind
  if (kind !== undefined) await limit(db, { tenantId, kind })
}

async function reopened(
  db: Db,
  { tenantId, artifactId }: { tenantId: string; artifactId: string },
) {
  await db
    .update(artifactVersions)
    .set({ status: 'streaming', sha256: null, endedAt: null })
    .where(
      and(eq(artifactVersions.tenantId, tenantId), eq(artifactVersions.artifactId, artifactId)),
    )
}

async function applied(db: Db, of: { tenantId: string; documentId: string; id?: string }) {
  const { tenantId, documentId, id: templateId = '' } = of
  const version = { templateVersion: 1, userId: tenantId }
  await db.insert(templateApplications).values({ tenantId, documentId, templateId, ...version })
}

type Suggested = { tenantId: string; documentId: string; id?: string; suggestion?: string }

/** A job finds the suggested places. */
type PlaceOf = { tenantId: string; documentId: string; id?: string }

async function linked(db: Db, { tenantId, documentId, id: placeId = '' }: PlaceOf) {
  const by = { createdByUserId: tenantId, createdAt: new Date() }
  await db.insert(placeDocuments).values({ tenantId, placeId, documentId, source: 'user', ...by })
}

async function suggested(db: Db, of: Suggested): Promise<void> {
  const { tenantId, documentId, id: placeId = '', suggestion: id = '' } = of
  const [mentions, pages, at] = [[], [1], new Date()]
  const times = { createdAt: at, updatedAt: at }
  const row = { tenantId, documentId, placeId, id, mentionCount: 1, mentions, pages, ...times }
  await db.insert(placeSuggestions).values(row)
}

function leaseTokenOf(json: unknown): string | null {
  const token: unknown = Reflect.get(Object(json), 'lease_token')
  return typeof token === 'string' ? token : null
}

type Leased = { tenantId: string; id: string; token: string }

async function lease(db: Db, { tenantId, id, token }: Leased): Promise<void> {
  const now = new Date()
  const leased = { leaseToken: token, leasedAt: now, heartbeatAt: now, leaseExpiresAt: now }
  await db
    .update(jobs)
    .set({ status: 'running', attempts: 1, ...leased })
    .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))
}

async function limit(db: Db, { tenantId, kind }: { tenantId: string; kind: string }) {
  await db.insert(jobTenantLimits).values({ tenantId, kind, runningMax: 1 }).onConflictDoNothing()
  await db.insert(jobKinds).values({ kind, runningMax: 1 }).onConflictDoNothing()
}
