import * as z from 'zod'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as accepting from './accepting.ts'
import * as changes from './changes.ts'
import { commandHandler } from './commands.ts'
import * as contract from './contract.ts'
import * as inviteContract from './contract-invites.ts'
import * as memberContract from './contract-members.ts'
import * as talkContract from './contract-talk.ts'
import * as invites from './invites.ts'
import { createHandler } from './making.ts'
import * as members from './members.ts'
import { findStanding, listStandings } from './queries.ts'
import { missing } from './rules.ts'
import * as talk from './talk.ts'

const listHandler =
  ({ db }: Deps): Handler<typeof contract.listChannels> =>
  async (c, { query: { cursor, limit, ...filter } }) => {
    const { url, cursors } = c
    const reader = identityOf(c.identity)
    const { kind, archived, member, document_id: documentId, name } = filter
    const mine = [reader.tenantId, reader.userId, reader.role]
    const filters = [kind, archived, member, documentId, name]
    const scope = JSON.stringify(['listChannels', ...mine, ...filters.map((each) => each ?? null)])
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const isArchived = archived === undefined ? undefined : archived === 'true'
    const of = { kind, isArchived, isMine: member === 'me', documentId, name, after }
    const rows = await listStandings(db, reader, { ...of, limit: limit + 1 })
    const position = ({ id }: { id: string }) => [id]
    const parts = { rows, limit, position, item: contract.toListed }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }

/** Places to talk, who is in them, and what happens there. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'channels', summary: 'Places to talk, and who is in them.' })
    .on(contract.createChannel, createHandler(deps))
    .on(contract.listChannels, listHandler(deps))
    .on(contract.getChannel, async (c, { param }) => {
      const row = await members.readVisible(deps, c, param.id)
      return reply(200, contract.toChannel(row), { version: row.version })
    })
    .on(contract.getStanding, async (c, { param }) => {
      const row = await findStanding(deps.db, identityOf(c.identity), param.id)
      if (!row) throw missing()
      return reply(200, contract.toStanding(row))
    })
    .on(contract.changeChannel, changes.changeHandler(deps))
    .on(contract.archiveChannel, changes.archiveHandler(deps, true))
    .on(contract.unarchiveChannel, changes.archiveHandler(deps, false))
    .on(contract.deleteChannel, changes.deleteHandler(deps))
    .on(memberContract.listMembers, members.listHandler(deps))
    .on(memberContract.getMember, members.getHandler(deps))
    .on(memberContract.addMember, members.addHandler(deps))
    .on(memberContract.changeMember, members.changeHandler(deps))
    .on(memberContract.removeMember, members.removeHandler(deps))
    .on(memberContract.joinChannel, members.joinHandler(deps))
    .on(memberContract.leaveChannel, members.leaveHandler(deps))
    .on(inviteContract.createInvite, invites.createHandler(deps))
    .on(inviteContract.listInvites, invites.listHandler(deps))
    .on(inviteContract.getInvite, invites.getHandler(deps))
    .on(inviteContract.revokeInvite, invites.revokeHandler(deps))
    .on(inviteContract.acceptInvite, accepting.acceptHandler(deps))
    .on(inviteContract.acceptAsGuest, accepting.acceptAsGuestHandler(deps))
    .on(talkContract.runCommand, commandHandler(deps))
    .on(talkContract.listEvents, talk.listEventsHandler(deps))
    .on(talkContract.exportChannel, talk.exportHandler(deps))

export type ChannelsApp = ClientApp<ReturnType<typeof createApp>>
