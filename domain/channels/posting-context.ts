import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import {
  blobs,
  type ChannelKind,
  channelHeads,
  channelMembers,
  channels,
  documents,
  type MemberRole,
  users,
} from '../../db/schema/index.ts'

export type PostingPlace = { tenantId: string; channelId: string }

/** An author as the channel knows them now. */
export type Author = { name: string; memberRole: MemberRole | null }
export type Attachment = { documentId: string; filename: string; mediaType: string; bytes: number }

export type PostingContext = {
  messageSeq: number // of the last message
  kind: ChannelKind
  isArchived: boolean
  isDocumentTrashed: boolean
  authors: ReadonlyMap<string, Author>
}

/**
 * Holds the channel, and reads what decides about posts of these authors, behind the lock: who was taken out of the
 * channel meanwhile is out.
 * @returns `null`: there is no such channel
 */
export async function holdForPosting(
  tx: Tx,
  { tenantId, channelId }: PostingPlace,
  userIds: readonly string[],
): Promise<PostingContext | null> {
  const [head] = await tx
    .select({ messageSeq: channelHeads.messageSeq })
    .from(channelHeads)
    .where(and(eq(channelHeads.tenantId, tenantId), eq(channelHeads.channelId, channelId)))
    .for('update')
  if (!head) return null
  const rows = await tx
    .select({
      kind: channels.kind,
      archivedAt: channels.archivedAt,
      trashedAt: documents.trashedAt,
      userId: users.id,
      displayName: users.displayName,
      memberRole: channelMembers.role,
      nickname: channelMembers.nickname,
    })
    .from(channels)
    .innerJoin(users, and(eq(users.tenantId, tenantId), anyOf(users.id, userIds)))
    .leftJoin(
      channelMembers,
      and(
        eq(channelMembers.tenantId, tenantId),
        eq(channelMembers.channelId, channelId),
        eq(channelMembers.userId, users.id),
      ),
    )
    .leftJoin(
      documents,
      and(eq(documents.tenantId, tenantId), eq(documents.id, channels.documentId)),
    )
    .where(and(eq(channels.tenantId, tenantId), eq(channels.id, channelId)))
  const [first] = rows
  if (!first) return null
  const authors = rows.map(({ userId, displayName, memberRole, nickname }) => {
    return [userId, { name: nickname ?? displayName, memberRole }] as const
  })
  return {
    messageSeq: head.messageSeq,
    kind: first.kind,
    isArchived: first.archivedAt !== null,
    isDocumentTrashed: first.trashedAt !== null,
    authors: new Map(authors),
  }
}

/** Those of the documents that can be shown: not in the trash. */
export async function findAttachable(
  tx: Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Attachment>> {
  if (ids.length === 0) return new Map()
  const { id: documentId, filename, mediaType } = documents
  const rows = await tx
    .select({ documentId, filename, mediaType, bytes: blobs.bytes })
    .from(documents)
    .innerJoin(blobs, and(eq(blobs.tenantId, tenantId), eq(blobs.sha256, documents.sha256)))
    .where(
      and(eq(documents.tenantId, tenantId), anyOf(documentId, ids), isNull(documents.trashedAt)),
    )
  return new Map(rows.map((row) => [row.documentId, row]))
}

const anyOf = (column: typeof users.id | typeof documents.id, ids: readonly string[]) =>
  sql`${column} = any(${`{${[...new Set(ids)].join(',')}}`}::uuid[])`
