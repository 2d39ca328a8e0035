import * as z from 'zod'
import type { KeyRow } from '../../domain/identity/keys.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { createKeyFor, type Issued, revoke, rotate } from './changes.ts'
import * as contract from './contract.ts'
import { findKeyRow, listKeyRows } from './queries.ts'
import { visibleKeys } from './rules.ts'

const toKey = (row: KeyRow) => ({
  id: row.id,
  user_id: row.userId,
  name: row.name,
  role: row.role,
  created_by_user_id: row.createdByUserId,
  replaced_by_key_id: row.replacedByKeyId,
  expires_at: row.expiresAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
  version: row.version,
  created_at: row.createdAt.toISOString(),
})

const issuedReply = ({ row, text }: Issued) =>
  reply(
    201,
    { ...toKey(row), key: text },
    { headers: { Location: `/v1/keys/${row.id}` }, version: row.version },
  )

/** API keys: create, list, rotate with an overlap, revoke. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'keys', summary: 'API keys.' })
    .on(contract.createKey, (c, { json }) =>
      c.write(async (tx) => issuedReply(await createKeyFor(tx, c, json, deps.now()))),
    )
    .on(contract.listKeys, async (c, { query }) => {
      const { cursor, limit, ...filter } = query
      const keys = visibleKeys(identityOf(c.identity))
      const scope = [c.tenantId, 'listKeys', keys.userId, filter.user_id, filter.active].join('|')
      const after = cursor ? await c.cursors.read(scope, cursor, z.tuple([z.uuid()])) : null
      const rows = await listKeyRows(deps.db, {
        ...filter,
        scope: keys,
        after: after?.[0] ?? null,
        limit: limit + 1,
        now: deps.now(),
      })
      const parts = { rows, limit, position: (row: KeyRow) => [row.id], item: toKey }
      const page = await toPage({ cursors: c.cursors, scope, url: c.url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.getKey, async (c, { param }) => {
      const row = await findKeyRow(deps.db, visibleKeys(identityOf(c.identity)), param.id)
      if (!row) throw new AppError('not_found', 'There is nothing here.')
      return reply(200, toKey(row), { version: row.version })
    })
    .on(contract.rotateKey, (c, { param, json }) =>
      c.write(async (tx) =>
        issuedReply(await rotate(tx, c, { ...param, ...json, at: deps.now() })),
      ),
    )
    .on(contract.revokeKey, (c, { param }) =>
      c.write(async (tx) => {
        await revoke(tx, c, param.id, deps.now())
        return reply(204, null)
      }),
    )

export type KeysApp = ClientApp<ReturnType<typeof createApp>>
