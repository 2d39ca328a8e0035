import { and, desc, eq, lt } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db } from '../../db/client.ts'
import { annotationExports } from '../../db/schema/index.ts'
import { appendAudit } from '../audit/append.ts'
import { type ExportFormat, exportBytes } from './exporting.ts'

/** Who takes annotations out, by which request. */
export type Exporter = { userId: string; keyId: string; requestId: string }

export type RecordedExport = {
  tenantId: string
  documentIds: readonly string[]
  format: ExportFormat
  by: Exporter
}

/**
 * Begins an export: a row of the history and one of the audit log are written before it resolves.
 * @returns the bytes; when they end, or are given up, the history says so
 */
export async function beginExport(
  db: Db,
  order: RecordedExport,
  now: () => Date,
): Promise<() => AsyncGenerator<Uint8Array>> {
  const { tenantId, documentIds, format, by } = order
  const [id, at] = [uuidv7(), now()]
  const { userId, keyId, requestId } = by
  await db.transaction(async (tx) => {
    const what = { format, documentIds: [...documentIds] }
    await tx.insert(annotationExports).values({ tenantId, id, userId, ...what, startedAt: at })
    await appendAudit(tx, {
      ...{ tenantId, at, requestId, actor: { userId, keyId }, action: 'annotations.exported' },
      ...{ subjectType: 'annotation_export', subjectId: id },
      detail: { format, documents: documentIds.length },
    })
  })
  return () => recorded(db, { ...order, id, at }, now)
}

async function* recorded(
  db: Db,
  { tenantId, id, at, documentIds, format }: RecordedExport & { id: string; at: Date },
  now: () => Date,
): AsyncGenerator<Uint8Array> {
  let annotationCount = 0
  let isWhole = false
  const onAnnotation = () => {
    annotationCount += 1
  }
  try {
    yield* exportBytes(db, { tenantId, documentIds, format, at, onAnnotation })
    isWhole = true
  } finally {
    const end = isWhole ? { completedAt: now() } : { brokenAt: now() }
    await db
      .update(annotationExports)
      .set({ annotationCount, ...end })
      .where(and(eq(annotationExports.tenantId, tenantId), eq(annotationExports.id, id)))
  }
}

export type ExportRow = typeof annotationExports.$inferSelect

/** Newest first. */
export const listExports = (
  db: Db,
  { tenantId, before, limit }: { tenantId: string; before: string | null; limit: number },
): Promise<ExportRow[]> =>
  db
    .select()
    .from(annotationExports)
    .where(
      and(
        eq(annotationExports.tenantId, tenantId),
        before === null ? undefined : lt(annotationExports.id, before),
      ),
    )
    .orderBy(desc(annotationExports.id))
    .limit(limit)

// Nobody reads an export for longer: its process died before it could say so.
const runningMsMax = 60 * 60 * 1000

/** How an export ended, if it has. */
export function exportStatus(
  { startedAt, completedAt, brokenAt }: ExportRow,
  at: Date,
): 'running' | 'completed' | 'broken' {
  if (completedAt !== null) return 'completed'
  const isOver = brokenAt !== null || at.getTime() - startedAt.getTime() > runningMsMax
  return isOver ? 'broken' : 'running'
}
