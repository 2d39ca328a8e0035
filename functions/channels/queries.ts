import { and, asc, eq, gt, inArray, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import {
  type ChannelKind,
  channelHeads,
  channelMembers,
  channels,
  documents,
  type MemberRole,
  users,
} from '../../db/schema/index.ts'
import { type ChannelRow, isVisibleTo, type Reader } from '../../domain/channels/access.ts'
import { mentionCount, unreadCount } from '../../domain/channels/unread.ts'
import type { StandingRow } from './contract.ts'

const owned = (tenantId: string, id: string): SQL | undefined =>
  and(eq(channels.tenantId, tenantId), eq(channels.id, id))

type NewChannel = {
  tenantId: string
  kind: ChannelKind
  name: string | null
  topic: string
  documentId: string | null
  directKey: string | null
  createdByUserId: string
  members: readonly { userId: string; role: MemberRole }[]
  at: Date
}

/**
 * Writes a channel with its head and its members.
 * @returns `null`: the document, or these people, have one already
 */
export async function insertChannel(
  tx: Tx,
  { members, at, ...channel }: NewChannel,
): Promise<ChannelRow | null> {
  const id = uuidv7()
  const inserting = tx.insert(channels).values({ ...channel, id, createdAt: at, updatedAt: at })
  const unique = uniqueColumnsOf(channel.kind)
  const [row] = await (unique
    ? inserting.onConflictDoNothing({ target: unique })
    : inserting
  ).returning()
  if (!row) return null
  const of = { tenantId: channel.tenantId, channelId: id }
  await tx.insert(channelHeads).values(of)
  await tx
    .insert(channelMembers)
    .values(members.map((member) => ({ ...of, ...member, joinedAt: at })))
  return row
}

function uniqueColumnsOf(kind: ChannelKind) {
  if (kind === 'direct') return [channels.tenantId, channels.directKey]
  if (kind === 'document') return [channels.tenantId, channels.documentId]
  return null
}

export async function findDirect(tx: Tx, tenantId: string, directKey: string) {
  const [row] = await tx
    .select()
    .from(channels)
    .where(and(eq(channels.tenantId, tenantId), eq(channels.directKey, directKey)))
  return row ?? null
}

export async function findOfDocument(tx: Tx, tenantId: string, documentId: string) {
  const [row] = await tx
    .select()
    .from(channels)
    .where(and(eq(channels.tenantId, tenantId), eq(channels.documentId, documentId)))
  return row ?? null
}

export async function findDocument(tx: Tx, tenantId: string, id: string) {
  const [row] = await tx
    .select({ filename: documents.filename, trashedAt: documents.trashedAt })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
  return row ?? null
}

/** Those of the users who are there and not disabled. */
export async function findActiveUsers(tx: Tx, tenantId: string, ids: readonly string[]) {
  if (ids.length === 0) return []
  return tx
    .select({ id: users.id, role: users.role })
    .from(users)
    .where(and(eq(users.tenantId, tenantId), inArray(users.id, [...ids]), isNull(users.disabledAt)))
}

export type ChannelChange = {
  name?: string
  topic?: string
  kind?: ChannelKind
  archivedAt?: Date | null
}

/** Changes a channel that the caller holds. @throws the constraint `channels_public_name_is_unique` */
export async function updateChannel(
  tx: Tx,
  { tenantId, id }: ChannelRow,
  change: ChannelChange & { updatedAt: Date },
): Promise<ChannelRow> {
  const [row] = await tx
    .update(channels)
    .set({ ...change, version: sql`${channels.version} + 1` })
    .where(owned(tenantId, id))
    .returning()
  if (!row) throw new Error('a held channel is gone')
  return row
}

const standings = (db: Db | Tx, { tenantId, userId }: Reader) =>
  db
    .select({
      channel: channels,
      memberRole: channelMembers.role,
      nickname: channelMembers.nickname,
      readSeq: channelMembers.readSeq,
      unread: unreadCount,
      mentions: mentionCount,
      messageSeq: channelHeads.messageSeq,
      eventSeq: channelHeads.eventSeq,
    })
    .from(channels)
    .innerJoin(
      channelHeads,
      and(eq(channelHeads.tenantId, tenantId), eq(channelHeads.channelId, channels.id)),
    )
    .leftJoin(
      channelMembers,
      and(
        eq(channelMembers.tenantId, tenantId),
        eq(channelMembers.userId, userId),
        eq(channelMembers.channelId, channels.id),
      ),
    )

type Found = Awaited<ReturnType<typeof standings>>[number]
const flat = ({ channel, ...standing }: Found): StandingRow => ({ ...channel, ...standing })

export async function findStanding(db: Db, reader: Reader, id: string) {
  const [row] = await standings(db, reader).where(
    and(owned(reader.tenantId, id), isVisibleTo(reader)),
  )
  return row ? flat(row) : null
}

type ListChannels = {
  kind: ChannelKind | undefined
  isArchived: boolean | undefined
  isMine: boolean
  documentId: string | undefined
  name: string | undefined // a part of it
  after: string | null
  limit: number
}

/** What the reader sees, oldest first: ids are UUIDv7, so their order is that of creation. */
export async function listStandings(
  db: Db,
  reader: Reader,
  { kind, isArchived, isMine, documentId, name, after, limit }: ListChannels,
): Promise<StandingRow[]> {
  const { archivedAt } = channels
  const rows = await standings(db, reader)
    .where(
      and(
        eq(channels.tenantId, reader.tenantId),
        // A guest sees no others anyway; so the list starts at the reader's own memberships.
        isMine || reader.role === 'guest' ? isNotNull(channelMembers.userId) : isVisibleTo(reader),
        kind === undefined ? undefined : eq(channels.kind, kind),
        isArchived === undefined
          ? undefined
          : isArchived
            ? isNotNull(archivedAt)
            : isNull(archivedAt),
        documentId === undefined ? undefined : eq(channels.documentId, documentId),
        name === undefined
          ? undefined
          : sql`position(lower(${name}) in lower(${channels.name})) > 0`,
        after === null ? undefined : gt(channels.id, after),
      ),
    )
    .orderBy(asc(channels.id))
    .limit(limit)
  return rows.map(flat)
}
