import * as z from 'zod'
import {
  type ChainPlace,
  chainBeginning,
  compareHead,
  readHead,
  verifyPart,
} from '../../domain/audit/verify.ts'
import { toHex } from '../_shared/access/keys.ts'
import type { Call } from '../_shared/http/call.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { toFault } from './representation.ts'

export const verifyHandler =
  ({ db }: Deps): Handler<typeof contract.verifyAudit> =>
  async (c, { query: { cursor, rows: rowsMax, expect } }) => {
    const { tenantId } = c
    const from = cursor === undefined ? chainBeginning : await placeOf(c, cursor)
    const noted = expect && { ...expect, hash: fromHex(expect.hash) }
    const expected = noted ? await compareHead(db, tenantId, noted) : null
    const { rows, faults, place, isEnd } = await verifyPart(db, { tenantId, from, rowsMax })
    const head = await readHead(db, tenantId)
    return reply(200, {
      is_intact: faults.length === 0 && (expected ?? 'same') === 'same',
      rows,
      faults: faults.map(toFault),
      expected,
      head: head && { seq: head.seq, hash: toHex(head.hash) },
      next_cursor: isEnd ? null : await cursorOf(c, place),
    })
  }

const Position = z.tuple([
  z.int().nullable(),
  z.array(z.string()),
  z.object({ seq: z.int(), id: z.string(), action: z.string(), createdAt: z.string() }).nullable(),
])

const scope = ({ tenantId }: Call): string => `${tenantId}|verifyAudit`

function cursorOf(c: Call, { seq, hashes, last }: ChainPlace): Promise<string> {
  // Of an action that somebody altered to a long text the beginning will do.
  const named = last && { ...last, action: last.action.slice(0, 100) }
  return c.cursors.write(scope(c), [seq, hashes.map(toHex), named])
}

async function placeOf(c: Call, cursor: string): Promise<ChainPlace> {
  const [seq, hashes, last] = await c.cursors.read(scope(c), cursor, Position)
  return { seq, hashes: hashes.map(fromHex), last }
}

const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
