import * as z from 'zod'
import { findVisibleChannel, type SeenChannel } from '../../domain/channels/access.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { actOf, audit } from './acting.ts'
import { toChannel } from './contract.ts'
import { toMember } from './contract-members.ts'
import * as contract from './contract-talk.ts'
import { listMemberRows } from './member-queries.ts'
import { readVisible } from './members.ts'
import { findStanding } from './queries.ts'
import { missing } from './rules.ts'
import { listEventRows, listMessageLines } from './talk-queries.ts'

export const listEventsHandler =
  (deps: Deps): Handler<typeof contract.listEvents> =>
  async (c, { param, query: { cursor, limit, after } }) => {
    const channel = await readVisible(deps, c, param.id)
    const { url, cursors } = c
    const scope = JSON.stringify([c.tenantId, 'listEvents', channel.id])
    const [from] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [after]
    const rows = await listEventRows(deps.db, channel, { after: from, limit: limit + 1 })
    const position = ({ seq }: contract.EventRow) => [seq]
    const parts = { rows, limit, position, item: contract.toEvent }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }

const rowsPerRead = 500

export const exportHandler =
  (deps: Deps): Handler<typeof contract.exportChannel> =>
  async (c, { param: { id } }) => {
    const { db, now } = deps
    const standing = await findStanding(db, identityOf(c.identity), id)
    if (!standing) throw missing()
    const last = standing.messageSeq
    const headers = {
      'Content-Type': 'application/x-ndjson',
      'Content-Disposition': `attachment; filename="channel-${id}.ndjson"`,
    }
    const detail = { kind: standing.kind, messages: last }
    if (c.request.method !== 'HEAD')
      await db.transaction((tx) =>
        audit(actOf(tx, c, now()), { action: 'channel.exported', subjectId: id, detail }),
      )
    return streamed(c, headers, () => exportLines(deps, c, { channel: standing, last }))
  }

type Exported = { channel: SeenChannel; last: number }

async function* exportLines(deps: Deps, c: Call, { channel, last }: Exported) {
  yield lineOf({ type: 'channel', ...toChannel(channel) })
  for (let after: string | null = null; ; ) {
    await requireSight(deps, c, channel.id)
    const filter = { role: undefined, name: undefined, after, limit: rowsPerRead }
    const rows = await listMemberRows(deps.db, channel, filter)
    yield rows.map((row) => lineOf({ type: 'member', ...toMember(row) })).join('')
    after = rows.at(-1)?.userId ?? null
    if (rows.length < rowsPerRead) break
  }
  for (let after = 0; after < last; ) {
    await requireSight(deps, c, channel.id)
    const rows = await listMessageLines(deps.db, channel, { after, last, limit: rowsPerRead })
    const end = rows.at(-1)
    if (!end) return
    yield rows.map(({ line }) => `${line}\n`).join('')
    after = Number(end.seq)
  }
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`

/** A stream can last: whoever is put out of the channel, or loses their key, reads no further. */
async function requireSight({ db }: Deps, c: Call, id: string): Promise<void> {
  const isSeen = await findVisibleChannel(db, identityOf(c.identity), id)
  if (!isSeen || !(await c.stillAdmitted())) throw missing()
}
