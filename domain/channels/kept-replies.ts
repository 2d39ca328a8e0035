import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'

/** A message by whose author a reply may be kept. */
export type Said = { id: string; authorUserId: string }

/**
 * Takes what was said out of the replies that are kept for a repeated `Idempotency-Key`, in the transaction of its
 * deletion. The replies stay: a late repetition would say it again.
 */
export async function blankKeptReplies(
  tx: Tx,
  tenantId: string,
  said: readonly Said[],
): Promise<void> {
  if (said.length === 0) return
  const listOf = (ids: readonly string[]) => `{${[...new Set(ids)].join(',')}}`
  await tx.execute(sql`
    update idempotency_keys set reply_body = (reply_body::jsonb || case operation_id
      when 'postMessage' then jsonb_build_object('text', '', 'mentions', '[]'::jsonb, 'mentions_all', false,
        'attachments', '[]'::jsonb, 'deleted', true,
        'deleted_at', to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
      else '{"done":"The message is deleted."}' end)::text
    where tenant_id = ${tenantId} and user_id = any(${listOf(said.map((one) => one.authorUserId))}::uuid[])
      and case operation_id
        when 'postMessage' then reply_body::jsonb ->> 'id'
        when 'runChannelCommand' then reply_body::jsonb ->> 'message_id'
      end = any(${listOf(said.map(({ id }) => id))}::text[])`)
}
