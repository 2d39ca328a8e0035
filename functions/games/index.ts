import { type ClientApp, newApp } from '../_shared/http/app.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import * as play from './contract-play.ts'
import { createHandler } from './creating.ts'
import * as ending from './ending.ts'
import { playHandler } from './playing.ts'
import * as reading from './reading.ts'
import { joinHandler, leaveHandler, startHandler } from './seats.ts'

/** Games in channels: the server owns rules and turns, and a state is what its moves give. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'games', summary: 'Games in channels, by rules that the server owns.' })
    .on(contract.listRules, reading.rulesHandler())
    .on(contract.createGame, createHandler(deps))
    .on(contract.listGames, reading.listHandler(deps))
    .on(contract.getGame, reading.getHandler(deps))
    .on(play.joinGame, joinHandler(deps))
    .on(play.leaveGame, leaveHandler(deps))
    .on(play.startGame, startHandler(deps))
    .on(play.playMove, playHandler(deps))
    .on(play.listMoves, reading.movesHandler(deps))
    .on(play.readSnapshot, reading.snapshotHandler(deps))
    .on(play.resignGame, ending.resignHandler(deps))
    .on(play.offerDraw, ending.offerHandler(deps))
    .on(play.acceptDraw, ending.acceptHandler(deps))
    .on(play.declineDraw, ending.declineHandler(deps))
    .on(play.claimTimeout, ending.claimHandler(deps))
    .on(play.cancelGame, ending.cancelHandler(deps))

export type GamesApp = ClientApp<ReturnType<typeof createApp>>
