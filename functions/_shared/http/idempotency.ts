import { and, eq, lte, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db } from '../../../db/client.ts'
import { idempotencyKeys } from '../../../db/schema/idempotency.ts'
import { equalBytes } from '../access/keys.ts'
import type { Identity } from './call.ts'
import { AppError } from './problems.ts'
import type { Reply } from './route.ts'

export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]
export type WriteWork<R extends Reply> = (tx: Tx) => Promise<R>
/** `fingerprint`: SHA-256 of what a streamed body held; other bodies are fingerprinted by the kit. */
export type WriteOptions = { fingerprint?: Uint8Array }

// A request that runs longer than this has lost its mark: another may take the key over.
const inFlightMs = 30_000
const replayMs = 24 * 60 * 60 * 1000

export type StoredReply = { status: number; headers: Record<string, string>; body: string | null }

/** Thrown out of `write` when the key turns out to be used: the kit answers with the first reply. */
export class Replay extends Error {
  readonly reply: StoredReply
  constructor(reply: StoredReply) {
    super('replay of an earlier reply')
    this.reply = reply
  }
}

type MarkScope = { identity: Identity; key: string; operationId: string; now: () => Date }
type Fingerprint = Uint8Array | null
type MarkRow = typeof idempotencyKeys.$inferSelect

/** The claim of one request on its `Idempotency-Key`. */
export type Mark = {
  /** False when an earlier request has used the key: `decide` then throws, and nothing is to be stored. */
  isMine: boolean
  /** @throws {Replay} or {AppError} when an earlier request has used the key */
  decide(fingerprint: Fingerprint): void
  /** Stores the reply in the transaction of the effect. @throws {AppError} `in_flight` when the mark was lost */
  complete(db: Db | Tx, reply: StoredReply, fingerprint: Fingerprint): Promise<void>
  release(): Promise<void>
}

const keyPattern = /^[\x21-\x7e]{1,255}$/

/** @throws {AppError} `malformed` */
export function parseIdempotencyKey(header: string | null): string | null {
  if (header === null) return null
  if (keyPattern.test(header)) return header
  throw new AppError('malformed', 'Idempotency-Key must be 1 to 255 printable ASCII characters.')
}

const inFlight = (): AppError =>
  new AppError('in_flight', 'The first request with this Idempotency-Key has not finished.', {
    headers: { 'Retry-After': '1' },
  })

/**
 * Claims a key, or finds the row of whoever claimed it first.
 * @throws {AppError} `in_flight` while the first request runs
 */
export async function claimMark(db: Db, scope: MarkScope, fingerprint: Fingerprint): Promise<Mark> {
  const token = uuidv7()
  const claimed = await insertMark(db, scope, { token, fingerprint })
  const earlier = claimed ? null : await findMark(db, scope)
  // Neither claimed nor found: the row was released between the two statements.
  if (!claimed && !earlier) throw inFlight()
  if (earlier?.status === 'in_flight') throw inFlight()
  const whereMine = ownMark(scope, token)
  return {
    isMine: claimed,
    decide(given) {
      if (earlier) throw replayOf(earlier, scope.operationId, given)
    },
    async complete(target, reply, given) {
      const completed = await target
        .update(idempotencyKeys)
        .set({
          status: 'done',
          replyStatus: reply.status,
          replyHeaders: reply.headers,
          replyBody: reply.body,
          expiresAt: new Date(scope.now().getTime() + replayMs),
          ...(given ? { fingerprint: given } : {}),
        })
        .where(whereMine)
        .returning({ key: idempotencyKeys.key })
      if (completed.length === 0) throw inFlight()
    },
    async release() {
      await db.delete(idempotencyKeys).where(whereMine)
    },
  }
}

const ownMark = ({ identity, key }: MarkScope, token: string) =>
  and(
    eq(idempotencyKeys.tenantId, identity.tenantId),
    eq(idempotencyKeys.userId, identity.userId),
    eq(idempotencyKeys.key, key),
    eq(idempotencyKeys.token, token),
    eq(idempotencyKeys.status, 'in_flight'),
  )

type Claim = { token: string; fingerprint: Fingerprint }

async function insertMark(db: Db, scope: MarkScope, { token, fingerprint }: Claim) {
  const startedAt = scope.now()
  const values = {
    tenantId: scope.identity.tenantId,
    userId: scope.identity.userId,
    key: scope.key,
    token,
    operationId: scope.operationId,
    fingerprint,
    status: 'in_flight' as const,
    replyStatus: null,
    replyHeaders: null,
    replyBody: null,
    startedAt,
    expiresAt: new Date(startedAt.getTime() + inFlightMs),
  }
  const rows = await db
    .insert(idempotencyKeys)
    .values(values)
    .onConflictDoUpdate({
      target: [idempotencyKeys.tenantId, idempotencyKeys.userId, idempotencyKeys.key],
      set: values,
      setWhere: lte(idempotencyKeys.expiresAt, sql`excluded.started_at`),
    })
    .returning({ key: idempotencyKeys.key })
  return rows.length > 0
}

async function findMark(db: Db, { identity, key }: MarkScope): Promise<MarkRow | undefined> {
  const [row] = await db
    .select()
    .from(idempotencyKeys)
    .where(
      and(
        eq(idempotencyKeys.tenantId, identity.tenantId),
        eq(idempotencyKeys.userId, identity.userId),
        eq(idempotencyKeys.key, key),
      ),
    )
  return row
}

function replayOf(row: MarkRow, operationId: string, given: Fingerprint): Replay | AppError {
  const isSame =
    row.operationId === operationId &&
    equalBytes(row.fingerprint ?? new Uint8Array(), given ?? new Uint8Array())
  if (!isSame || row.replyStatus === null)
    return new AppError(
      'idempotency_mismatch',
      'This Idempotency-Key was used with another request.',
      { hint: 'Use a new key for every new request.' },
    )
  return new Replay({
    status: row.replyStatus,
    headers: row.replyHeaders ?? {},
    body: row.replyBody,
  })
}
