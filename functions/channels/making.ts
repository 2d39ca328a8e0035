import type { ChannelRow } from '../../domain/channels/access.ts'
import { appendChannelEvents } from '../../domain/channels/events.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { type Act, actOf } from './acting.ts'
import * as contract from './contract.ts'
import {
  findActiveUsers,
  findDirect,
  findDocument,
  findOfDocument,
  insertChannel,
} from './queries.ts'
import { directPeopleMax, invalid } from './rules.ts'

type Wanted = {
  kind: ChannelRow['kind']
  name?: string | undefined
  topic: string
  document_id?: string | undefined
  user_ids?: string[] | undefined
}
type Made = { channel: ChannelRow; isNew: boolean }

export const createHandler =
  ({ now }: Deps): Handler<typeof contract.createChannel> =>
  (c, { json }) =>
    c.write(async (tx) => {
      const { channel, isNew } = await make(actOf(tx, c, now()), json)
      const { version } = channel
      if (!isNew) return reply(200, contract.toChannel(channel), { version })
      const headers = { Location: `/v1/channels/${channel.id}` }
      return reply(201, contract.toChannel(channel), { headers, version })
    })

const make = (act: Act, wanted: Wanted): Promise<Made> => {
  if (wanted.kind === 'direct') return makeDirect(act, wanted)
  if (wanted.kind === 'document') return makeForDocument(act, wanted)
  return makeNamed(act, wanted)
}

async function makeNamed(act: Act, { kind, name = '', topic, user_ids = [] }: Wanted) {
  const { userId } = act.caller
  const others = [...new Set(user_ids)].filter((id) => id !== userId)
  await requireUsers(act, others, user_ids)
  const channel = await write(act, { kind, name, topic, others })
  if (!channel) throw new Error('a channel that hangs on nothing was not written')
  return { channel, isNew: true }
}

async function makeDirect(act: Act, { kind, topic, user_ids = [] }: Wanted): Promise<Made> {
  const { tenantId, userId } = act.caller
  const people = [...new Set([userId, ...user_ids])].sort()
  if (people.length < 2 || people.length > directPeopleMax)
    throw invalid(
      '/user_ids',
      'out_of_bounds',
      `Must name 1 to ${directPeopleMax - 1} others than yourself.`,
    )
  const directKey = people.join(',')
  const find = () => findDirect(act.tx, tenantId, directKey)
  const others = people.filter((id) => id !== userId)
  return getOrMake(find, async () => {
    await requireUsers(act, others, user_ids)
    return write(act, { kind, topic, directKey, others })
  })
}

async function makeForDocument(act: Act, wanted: Wanted): Promise<Made> {
  const { kind, topic, document_id: documentId = '' } = wanted
  const { tenantId } = act.caller
  const find = () => findOfDocument(act.tx, tenantId, documentId)
  return getOrMake(find, async () => {
    const document = await findDocument(act.tx, tenantId, documentId)
    if (!document) throw invalid('/document_id', 'unknown_document', 'There is no such document.')
    if (document.trashedAt !== null)
      throw new AppError('conflict', 'The document is in the trash.', {
        hint: 'Restore it first: POST /v1/documents/{id}/restore.',
      })
    const name = wanted.name ?? nameOfFile(document.filename)
    return write(act, { kind, name, topic, documentId, others: [] })
  })
}

const nameCharactersMax = 80
const nameOfFile = (filename: string): string =>
  [...filename].slice(0, nameCharactersMax).join('').trim() || 'document'

/** Of two who ask at once the second waits for the first in `make`, and finds what they made. */
async function getOrMake(
  find: () => Promise<ChannelRow | null>,
  make: () => Promise<ChannelRow | null>,
): Promise<Made> {
  const known = await find()
  if (known) return { channel: known, isNew: false }
  const made = await make()
  if (made) return { channel: made, isNew: true }
  const theirs = await find()
  if (theirs) return { channel: theirs, isNew: false }
  throw new AppError('conflict', 'The channel was made and deleted meanwhile. Try again.')
}

async function requireUsers({ tx, caller }: Act, ids: readonly string[], given: readonly string[]) {
  const found = new Set((await findActiveUsers(tx, caller.tenantId, ids)).map(({ id }) => id))
  const unknown = ids.find((id) => !found.has(id))
  if (unknown !== undefined)
    throw invalid(
      `/user_ids/${given.indexOf(unknown)}`,
      'unknown_user',
      'Must be an active user of the tenant.',
    )
}

type Writing = {
  kind: ChannelRow['kind']
  name?: string
  topic: string
  documentId?: string
  directKey?: string
  others: readonly string[]
}

async function write({ tx, caller, at }: Act, { others, ...channel }: Writing) {
  const { tenantId, userId } = caller
  const mine = { userId, role: channel.kind === 'direct' ? 'member' : 'owner' } as const
  const members = [mine, ...others.map((id) => ({ userId: id, role: 'member' as const }))]
  const { name = null, documentId = null, directKey = null } = channel
  const row = { ...channel, name, documentId, directKey, createdByUserId: userId }
  const made = await insertChannel(tx, { tenantId, ...row, members, at })
  if (!made) return null
  const by = { actorUserId: userId }
  const joined = members.map(
    (member) =>
      ({
        ...by,
        type: 'member.joined',
        subjectId: member.userId,
        data: { role: member.role },
      }) as const,
  )
  const created = { ...by, type: 'channel.created', subjectId: made.id } as const
  const events = [created, ...joined]
  await appendChannelEvents(tx, { tenantId, channelId: made.id, events, at })
  return made
}
