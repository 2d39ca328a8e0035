import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import type { MessageKind, Role } from '../../db/schema/index.ts'
import { appendChannelEvents, type ChannelEvent } from './events.ts'
import { mentionsIn } from './message-mention-syntax.ts'
import { lookUpMentions, type MentionedUser, type MentionLookup } from './message-mentions.ts'
import {
  type Attachment,
  findAttachable,
  holdForPosting,
  type PostingContext,
  type PostingPlace,
} from './posting-context.ts'
import { type PostRefusal, writingRefusal } from './posting-rules.ts'

export type NewPost = {
  userId: string
  role: Role // the effective one of the key
  kind: MessageKind
  text: string
  replyToSeq: number | null
  documentIds: readonly string[] // each once; shown in this order
}

export type PostedMessage = Omit<NewPost, 'role' | 'documentIds'> & {
  id: string
  channelId: string
  seq: number
  authorName: string
  mentionsAll: boolean
  mentions: MentionedUser[]
  attachments: Attachment[]
  createdAt: Date
}

/** What became of one post. */
export type PostOutcome =
  | { message: PostedMessage; refusal: null }
  | { message: null; refusal: PostRefusal }

/**
 * Posts messages of any number of authors to one channel, in the order given: each has its own outcome, and those that are
 * posted have gapless `seq`s, their mentions, attachments and events, all in `tx`. Each author has then read as far as
 * they wrote; who may write without being a member becomes one. It must be the first thing that the transaction locks.
 */
export async function postMessages(
  tx: Tx,
  { at, ...place }: PostingPlace & { at: Date },
  posts: readonly NewPost[],
): Promise<PostOutcome[]> {
  const context = await holdForPosting(
    tx,
    place,
    posts.map(({ userId }) => userId),
  )
  if (!context) return posts.map(() => ({ message: null, refusal: { reason: 'not_found' } }))
  const known = { ...place, kind: context.kind }
  const tokens = posts.map(({ text }) => mentionsIn(text))
  const named = await lookUpMentions(tx, known, tokens)
  const documentIds = posts.flatMap((post) => post.documentIds)
  const documents = await findAttachable(tx, place.tenantId, documentIds)
  let { messageSeq: seq } = context
  const outcomes = posts.map((post, index): PostOutcome => {
    const refusal = refusalOf(post, context, documents)
    if (refusal) return { message: null, refusal }
    seq += 1
    const mentioned = {
      mentionsAll: tokens[index]?.all ?? false,
      mentions: mentionsOf(named, tokens[index]),
    }
    const { documentIds: shown, role: _, ...said } = post
    return {
      refusal: null,
      message: {
        ...{ id: uuidv7(), channelId: place.channelId, seq, createdAt: at, ...said, ...mentioned },
        authorName: context.authors.get(post.userId)?.name ?? '',
        attachments: shown.flatMap((id) => documents.get(id) ?? []),
      },
    }
  })
  const posted = outcomes.flatMap(({ message }) => message ?? [])
  if (posted.length > 0) await writePosted(tx, { ...place, at, context }, posted)
  return outcomes
}

const mentionsOf = (named: MentionLookup, tokens: Parameters<MentionLookup>[0] | undefined) =>
  tokens ? named(tokens) : []

function refusalOf(
  post: NewPost,
  context: PostingContext,
  documents: ReadonlyMap<string, Attachment>,
): PostRefusal | null {
  const author = context.authors.get(post.userId)
  if (!author) return { reason: 'not_found' }
  const refusal = writingRefusal(context, { ...author, role: post.role })
  if (refusal) return refusal
  // Whoever answers has seen it: one that is posted together with this one cannot be meant.
  if (post.replyToSeq !== null && post.replyToSeq > context.messageSeq)
    return { reason: 'unknown_reply' }
  const position = post.documentIds.findIndex((id) => post.role === 'guest' || !documents.has(id))
  return position < 0 ? null : { reason: 'unknown_document', position }
}

type Writing = PostingPlace & { at: Date; context: PostingContext }

/** Everything in one statement, and the events in another. */
async function writePosted(
  tx: Tx,
  { tenantId, channelId, at, context }: Writing,
  posted: readonly PostedMessage[],
): Promise<void> {
  const readSeqs = new Map(posted.map(({ userId, seq }) => [userId, seq]))
  const [joined, marked] = [new Map<string, number>(), new Map<string, number>()]
  for (const [userId, seq] of readSeqs)
    (context.authors.get(userId)?.memberRole ? marked : joined).set(userId, seq)
  const readers = (of: ReadonlyMap<string, number>) =>
    rowsOf([...of].map(([user_id, seq]) => ({ user_id, seq })))
  const time = sql`${at.toISOString()}::timestamptz`
  await tx.execute(sql`
    with said as (
      insert into messages (tenant_id, id, channel_id, seq, kind, author_user_id, author_name, text,
        reply_to_seq, mentions_all, has_attachments, created_at)
      select ${tenantId}, m.id, ${channelId}, m.seq, m.kind, m.author, m.name, m.text, m.reply, m.everyone,
        m.shows, ${time}
      from jsonb_to_recordset(${rowsOf(posted.map(toRow))}::jsonb) as m(id uuid, seq bigint, kind text,
        author uuid, name text, text text, reply bigint, everyone boolean, shows boolean)
    ), named as (
      insert into message_mentions (tenant_id, user_id, channel_id, seq)
      select ${tenantId}, n.user_id, ${channelId}, n.seq
      from jsonb_to_recordset(${rowsOf(posted.flatMap(toMentionRows))}::jsonb) as n(user_id uuid, seq bigint)
    ), shown as (
      insert into message_attachments (tenant_id, message_id, document_id, position)
      select ${tenantId}, s.message_id, s.document_id, s.position
      from jsonb_to_recordset(${rowsOf(posted.flatMap(toAttachmentRows))}::jsonb)
        as s(message_id uuid, document_id uuid, position int)
    ), joined as (
      insert into channel_members (tenant_id, channel_id, user_id, role, read_seq, joined_at)
      select ${tenantId}, ${channelId}, j.user_id, 'member', j.seq, ${time}
      from jsonb_to_recordset(${readers(joined)}::jsonb) as j(user_id uuid, seq bigint)
    ), marked as (
      update channel_members r set read_seq = a.seq
      from jsonb_to_recordset(${readers(marked)}::jsonb) as a(user_id uuid, seq bigint)
      where r.tenant_id = ${tenantId} and r.channel_id = ${channelId} and r.user_id = a.user_id
        and r.user_id = any(${`{${[...marked.keys()].join(',')}}`}::uuid[])
    )
    update channel_heads set message_seq = message_seq + ${posted.length}::int
    where tenant_id = ${tenantId} and channel_id = ${channelId}`)
  const events = [...[...joined.keys()].map(joinedEvent), ...posted.map(createdEvent)]
  await appendChannelEvents(tx, { tenantId, channelId, events, at })
}

const rowsOf = (rows: readonly object[]): string => JSON.stringify(rows)

const toRow = ({ id, seq, kind, userId, authorName, text, ...message }: PostedMessage) => ({
  ...{ id, seq, kind, text, author: userId, name: authorName, reply: message.replyToSeq },
  everyone: message.mentionsAll,
  shows: message.attachments.length > 0,
})

const toMentionRows = ({ seq, mentions }: PostedMessage) =>
  mentions.map(({ userId }) => ({ user_id: userId, seq }))

const toAttachmentRows = ({ id, attachments }: PostedMessage) =>
  attachments.map(({ documentId }, position) => ({
    ...{ message_id: id, document_id: documentId, position },
  }))

const joinedEvent = (userId: string): ChannelEvent => ({
  ...{ type: 'member.joined', subjectId: userId, actorUserId: userId, data: { role: 'member' } },
})

const createdEvent = ({ id, seq, userId, ...message }: PostedMessage): ChannelEvent => ({
  ...{ type: 'message.created', subjectId: id, actorUserId: userId },
  data: {
    ...{ message_seq: seq, version: 1, reply_to_seq: message.replyToSeq },
    mentions: message.mentions.map((user) => user.userId),
    mentions_all: message.mentionsAll,
  },
})
