import type * as z from 'zod'
import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { deletePlaceRow, holdPlace, insertPlace, type PlaceContent, savePlace } from './queries.ts'
import { type PlaceRow, toPlace } from './representation.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** The place to change, locked, in a version that the caller expects. */
async function openPlace(tx: Tx, c: Call, id: string): Promise<PlaceRow & { tenantId: string }> {
  const row = await holdPlace(tx, c.tenantId, id)
  if (!row) throw missing()
  requireVersion(c, row.version)
  return { ...row, tenantId: c.tenantId }
}

export const createHandler =
  ({ now }: Deps): Handler<typeof contract.createPlace> =>
  (c, { json: { altitude_m: altitudeMetres, ...content } }) =>
    c.write(async (tx) => {
      const { tenantId, userId } = identityOf(c.identity)
      const by = { tenantId, userId, at: now() }
      const row = await insertPlace(tx, { ...content, ...by, altitudeMetres })
      const headers = { Location: `/v1/places/${row.id}` }
      return reply(201, toPlace(row), { headers, version: row.version })
    })

export const changeHandler =
  ({ now }: Deps): Handler<typeof contract.changePlace> =>
  (c, { param: { id }, json }) =>
    c.write(async (tx) => {
      const held = await openPlace(tx, c, id)
      const row = await savePlace(tx, held, { ...patchOf(json), at: now() })
      return reply(200, toPlace(row), { version: row.version })
    })

function patchOf(json: z.output<typeof contract.changePlace.input.json>): Partial<PlaceContent> {
  const { altitude_m: altitudeMetres, ...same } = json
  const given = Object.entries({ ...same, altitudeMetres })
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

export const deleteHandler =
  ({ now }: Deps): Handler<typeof contract.deletePlace> =>
  (c, { param: { id } }) =>
    c.write(async (tx) => {
      const { tenantId, userId, keyId } = identityOf(c.identity)
      const { name, collection } = await openPlace(tx, c, id)
      await deletePlaceRow(tx, tenantId, id)
      await appendAudit(tx, {
        ...{ tenantId, action: 'place.deleted', subjectType: 'place', subjectId: id },
        ...{ actor: { userId, keyId }, requestId: c.requestId, detail: { name, collection } },
        at: now(),
      })
      return reply(204, null)
    })
