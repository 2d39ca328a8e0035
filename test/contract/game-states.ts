import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { gamePlayers, games } from '../../db/schema/index.ts'
import { rulesOf } from '../../domain/games/catalogue.ts'

type Row = { tenantId: string; id: string; opponentId: string }

const open = new Set(['startGame'])
const running = new Set(['playMove', 'readGameSnapshot', 'resignGame', 'offerDraw'])
const drawn = new Set(['acceptDraw', 'declineDraw'])

/** Brings a game that its maker has opened into the state in which the example of an operation succeeds. */
export async function prepareGame(db: Db, operationId: string, row: Row): Promise<void> {
  const isLate = operationId === 'claimTimeout'
  const isBegun = isLate || running.has(operationId) || drawn.has(operationId)
  if (!isBegun && !open.has(operationId)) return
  const { tenantId, id, opponentId } = row
  const at = new Date('2026-11-20T07:00:00.000Z')
  const seated = { tenantId, gameId: id, seat: 2, userId: opponentId, name: 'An opponent' }
  await db.insert(gamePlayers).values({ ...seated, joinedAt: at })
  if (!isBegun) return
  const late = isLate ? { turnSeat: 2, turnSeconds: 60, turnDueAt: at } : {}
  const state = rulesOf({ rules: 'reversi', rulesVersion: 1 }).initial({ size: 8 }, 2)
  await db
    .update(games)
    .set({
      ...{ status: 'running', state, startedAt: at, turnSeat: 1, version: 2, ...late },
      drawSeats: drawn.has(operationId) ? [2] : [],
    })
    .where(and(eq(games.tenantId, tenantId), eq(games.id, id)))
}
