import { type PostOutcome, postMessages } from '../../domain/channels/posting.ts'
import { batchPosts } from '../../domain/channels/posting-batch.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { readerOf, toError } from './refusals.ts'
import { toNewMessage } from './representation.ts'

/** Says what a message without a word must have. */
export function requireSomething(text: string, hasAttachments: boolean): void {
  if (hasAttachments || text.trim() !== '') return
  const detail = 'A message that shows no document has a text.'
  throw new AppError('invalid', detail, {
    errors: [{ in: 'body', pointer: '/text', code: 'empty', detail }],
  })
}

export const postHandler = ({ db, now }: Deps): Handler<typeof contract.postMessage> => {
  const postInBatch = batchPosts(db, { now })
  return async (c, { json }) => {
    const { channel_id: channelId, kind, text, document_ids: documentIds } = json
    requireSomething(text, documentIds.length > 0)
    const { tenantId, userId, role } = readerOf(c)
    const said = { kind, text, replyToSeq: json.reply_to_seq, documentIds }
    const post = { ...said, userId, role }
    const answer = (outcome: PostOutcome | undefined) => {
      if (!outcome?.message) throw toError(outcome?.refusal ?? { reason: 'not_found' }, channelId)
      const message = toNewMessage(outcome.message)
      const headers = { Location: `/v1/messages/${message.id}` }
      return reply(201, message, { headers, version: message.version })
    }
    // A key's mark commits with its own post alone.
    if (!c.request.headers.has('idempotency-key'))
      return answer(await postInBatch({ tenantId, channelId }, post))
    return c.write(async (tx) => {
      const [outcome] = await postMessages(tx, { tenantId, channelId, at: now() }, [post])
      return answer(outcome)
    })
  }
}
