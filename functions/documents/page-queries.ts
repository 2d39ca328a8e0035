import { and, asc, eq, gt } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { documentPages } from '../../db/schema/documents.ts'

const withoutWords = {
  number: documentPages.number,
  widthPoints: documentPages.widthPoints,
  heightPoints: documentPages.heightPoints,
  rotation: documentPages.rotation,
  text: documentPages.text,
  textChoice: documentPages.textChoice,
  textReason: documentPages.textReason,
  pending: documentPages.pending,
  failureCode: documentPages.failureCode,
}

const { text, words, confidences } = documentPages
const wordColumns = { text, words, confidences }

type OnePage = { tenantId: string; documentId: string; number: number }
type SomePages = { tenantId: string; documentId: string; after: number; limit: number }

const ofDocument = (tenantId: string, documentId: string) =>
  and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, documentId))

export type PageRow = NonNullable<Awaited<ReturnType<typeof findPage>>>

export async function findPage(db: Db, { tenantId, documentId, number }: OnePage) {
  const [row] = await db
    .select(withoutWords)
    .from(documentPages)
    .where(and(ofDocument(tenantId, documentId), eq(documentPages.number, number)))
  return row ?? null
}

export async function findWords(db: Db, { tenantId, documentId, number }: OnePage) {
  const [row] = await db
    .select(wordColumns)
    .from(documentPages)
    .where(and(ofDocument(tenantId, documentId), eq(documentPages.number, number)))
  return row ?? null
}

/** Pages in order, from the one after `after`. */
export function listPages(db: Db, { tenantId, documentId, after, limit }: SomePages) {
  return db
    .select(withoutWords)
    .from(documentPages)
    .where(and(ofDocument(tenantId, documentId), gt(documentPages.number, after)))
    .orderBy(asc(documentPages.number))
    .limit(limit)
}

export function listPagesWithWords(db: Db, { tenantId, documentId, after, limit }: SomePages) {
  return db
    .select({ ...withoutWords, ...wordColumns })
    .from(documentPages)
    .where(and(ofDocument(tenantId, documentId), gt(documentPages.number, after)))
    .orderBy(asc(documentPages.number))
    .limit(limit)
}
