import { holdChannel } from '../../domain/channels/access.ts'
import { catalogue, newestRules } from '../../domain/games/catalogue.ts'
import { type GameEvent, tellOf } from '../../domain/games/keeping.ts'
import type { Plain } from '../../domain/games/rules.ts'
import { identityOf } from '../_shared/http/call.ts'
import { parseStrictly } from '../_shared/http/input.ts'
import type { InputFault } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { didYouMean } from '../_shared/http/suggestion.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { createGame } from './contract.ts'
import { bodyFault, invalid, within } from './faults.ts'
import { missing, requireWriter } from './opening.ts'
import { insertGame } from './queries.ts'
import { toGame } from './representation.ts'
import { beginWhenFull, enter, sitDown } from './seating.ts'

export const createHandler =
  ({ now }: Deps): Handler<typeof createGame> =>
  (c, { json }) => {
    const { rules, options, seats } = checkedRules(json)
    const { tenantId, userId } = identityOf(c.identity)
    const { turn_seconds: turnSeconds, seat } = json
    const rulesVersion = rules.version
    return c.write(async (tx) => {
      const channel = await holdChannel(tx, identityOf(c.identity), json.channel_id)
      if (!channel) throw missing()
      await requireWriter(tx, c, channel)
      const at = now()
      const by = { tenantId, channelId: channel.id, createdByUserId: userId }
      const begun = { rules: rules.name, rulesVersion, options, seats, turnSeconds }
      const made = await insertGame(tx, { ...by, ...begun }, at)
      await enter(tx, channel, { userId, at })
      const events: GameEvent[] = [{ type: 'game.created', actorUserId: userId }]
      const game = seat === null ? made : await sitDown(tx, made, { channel, userId, seat, at })
      if (seat !== null) events.push({ type: 'game.joined', actorUserId: userId, data: { seat } })
      await tellOf(tx, game, { events, at })
      const saved = await beginWhenFull(tx, game, { actorUserId: userId, at })
      const headers = { Location: `/v1/games/${saved.id}` }
      return reply(201, toGame(saved, userId), { headers, version: saved.version })
    })
  }

/** @throws {AppError} `invalid`: there are no such rules, or they do not allow this */
function checkedRules(wanted: {
  rules: string
  options: Plain
  seats?: number | undefined
  seat: number | null
}) {
  const rules = newestRules(wanted.rules)
  if (!rules) throw invalid([unknownRules(wanted.rules)])
  const { min, max } = rules.seats
  const { seats = min, seat } = wanted
  const { data: options, faults } = parseStrictly('body', rules.options, wanted.options)
  if (!options) throw invalid(faults.map((fault) => within('/options', fault)))
  if (seats < min || seats > max)
    throw invalid([
      bodyFault('/seats', 'out_of_range', `${rules.title} has ${min} to ${max} seats.`),
    ])
  if (seat !== null && seat > seats)
    throw invalid([bodyFault('/seat', 'out_of_range', `The game has ${seats} seats.`)])
  return { rules, options, seats }
}

function unknownRules(name: string): InputFault {
  const near = didYouMean(
    name,
    catalogue.map((rules) => rules.name),
  )
  const fault = bodyFault('/rules', 'unknown_rules', 'There are no such rules.')
  return { ...fault, hint: near ? `Did you mean "${near}"?` : 'GET /v1/games/rules lists them.' }
}
