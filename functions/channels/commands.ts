import { postMessages } from '../../domain/channels/posting.ts'
import type { PostRefusal } from '../../domain/channels/posting-rules.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { didYouMean } from '../_shared/http/suggestion.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { type Act, actOf, openChannel } from './acting.ts'
import { change, setArchived } from './changes.ts'
import { nickname } from './contract-members.ts'
import type * as contract from './contract-talk.ts'
import { readVisible } from './members.ts'
import { add, changeMember, join, leave, readMember } from './membership.ts'
import { invalid, missing, requireManager } from './rules.ts'
import { findPeople, findPublicByName, listPublicNames } from './talk-queries.ts'

type Given = { act: Act; id: string; rest: string }
type Done = { done: string; channelId?: string; message?: { id: string; seq: number } }
type Command = { usage: string; help: string; run(given: Given): Promise<Done> }

const wrong = (code: string, detail: string, hint?: string) => invalid('/text', code, detail, hint)
const topicCharactersMax = 500

async function joinNamed({ act, rest }: Given): Promise<Done> {
  const { tx, caller } = act
  const name = rest.replace(/^#/, '').replace(/^"(.*)"$/, '$1')
  if (name === '') throw wrong('incomplete', 'Say which channel.', 'Usage: /join <channel>')
  if (caller.role === 'guest') throw new AppError('forbidden', 'A guest comes by an invite alone.')
  const id = await findPublicByName(tx, caller.tenantId, name)
  if (id) {
    const { isNew } = await join(act, await openChannel(act, id))
    const done = isNew ? `You are in #${name} now.` : `You are in #${name} already.`
    return { done, channelId: id }
  }
  const near = didYouMean(name, await listPublicNames(tx, caller.tenantId))
  const detail = 'There is no public channel of this name.'
  throw wrong('unknown_channel', detail, near ? `Did you mean "/join ${near}"?` : undefined)
}

async function leaveHere({ act, id }: Given): Promise<Done> {
  const { left, isDeleted } = await leave(act, await openChannel(act, id))
  if (!left) return { done: 'You were not in this channel.', channelId: id }
  const done = isDeleted ? 'You left, and the channel went with you.' : 'You left the channel.'
  return { done, channelId: id }
}

async function nick({ act, id, rest }: Given): Promise<Done> {
  const read = nickname.safeParse(rest)
  if (!read.success)
    throw wrong(
      'nickname',
      read.error.issues[0]?.message ?? 'Is no nickname.',
      'Usage: /nick <name>',
    )
  const channel = await openChannel(act, id)
  if (channel.memberRole === null)
    throw new AppError('forbidden', 'Only members of this channel have a nickname in it.', {
      hint: `Join it first: POST /v1/channels/${id}/join.`,
    })
  const member = await readMember(act, channel, act.caller.userId)
  await changeMember(act, channel, { member, change: { nickname: read.data } })
  return { done: `You are ${read.data} here now.` }
}

async function me({ act, id, rest }: Given): Promise<Done> {
  if (rest === '') throw wrong('incomplete', 'Say what you do.', 'Usage: /me <does something>')
  const { tx, caller, at } = act
  const { tenantId, userId, role } = caller
  const post = {
    userId,
    role,
    kind: 'action',
    text: rest,
    replyToSeq: null,
    documentIds: [],
  } as const
  const [outcome] = await postMessages(tx, { tenantId, channelId: id, at }, [post])
  if (!outcome?.message) throw refused(outcome?.refusal ?? { reason: 'not_found' })
  return { done: `${outcome.message.authorName} ${rest}`, message: outcome.message }
}

function refused({ reason }: PostRefusal): AppError {
  if (reason === 'archived') return new AppError('conflict', 'The channel is archived.')
  if (reason === 'document_trashed')
    return new AppError('conflict', 'The document is in the trash.')
  if (reason === 'not_found') return missing()
  return new AppError('forbidden', 'You read this channel and do not write in it.')
}

async function topic({ act, id, rest }: Given): Promise<Done> {
  const channel = await openChannel(act, id)
  if (rest === '')
    return { done: channel.topic ? `The topic is: ${channel.topic}` : 'There is no topic.' }
  if (rest.length > topicCharactersMax)
    throw wrong('too_big', `A topic has at most ${topicCharactersMax} characters.`)
  requireManager(channel, act.caller.role)
  await change(act, channel, { topic: rest })
  return { done: `The topic is: ${rest}` }
}

async function invite({ act, id, rest }: Given): Promise<Done> {
  const channel = await openChannel(act, id)
  requireManager(channel, act.caller.role)
  const name = rest.replace(/^@/, '').replace(/^"(.*)"$/, '$1')
  const userId = /^<@([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})>$/i.exec(rest)?.[1] ?? null
  if (name === '') throw wrong('incomplete', 'Say whom.', 'Usage: /invite @somebody')
  const people = await findPeople(act.tx, channel.tenantId, { id: userId, name })
  const [person] = people
  if (!person) throw wrong('unknown_user', 'There is nobody of this name.')
  if (people.length > 1)
    throw wrong('ambiguous', 'Several people have this name.', 'Name them by email or as <@id>.')
  await add(act, channel, { userId: person.id, role: 'member' })
  return { done: `${person.name} is in the channel now.` }
}

async function archive({ act, id }: Given): Promise<Done> {
  await setArchived(act, { id, isArchived: true })
  return { done: 'The channel is archived.' }
}

const commands: Readonly<Record<string, Command>> = {
  join: { usage: '/join <channel>', help: 'go into a public channel', run: joinNamed },
  leave: { usage: '/leave', help: 'go out of this one', run: leaveHere },
  nick: { usage: '/nick <name>', help: 'be called so here', run: nick },
  me: { usage: '/me <does something>', help: 'say what you do', run: me },
  topic: { usage: '/topic [text]', help: 'read or change the topic', run: topic },
  invite: { usage: '/invite @somebody', help: 'add somebody to this channel', run: invite },
  archive: { usage: '/archive', help: 'let this channel be read alone', run: archive },
  help: { usage: '/help', help: 'this list', run: async () => ({ done: helpText() }) },
}

const helpText = (): string =>
  Object.values(commands)
    .map(({ usage, help }) => `${usage}: ${help}`)
    .join('\n')

/** @throws {AppError} `invalid` with what was meant, perhaps */
function parse(text: string): { name: string; command: Command; rest: string } {
  const [, given, rest = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(text) ?? []
  if (given === undefined)
    throw wrong('no_command', 'A command begins with a slash.', 'Say it by POST /v1/messages.')
  const name = given.toLowerCase()
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command) return { name, command, rest }
  const near = didYouMean(name, Object.keys(commands))
  const hint = near ? `Did you mean "/${near}"?` : 'See /help.'
  throw wrong('unknown_command', 'There is no such command.', hint)
}

export const commandHandler =
  (deps: Deps): Handler<typeof contract.runCommand> =>
  async (c, { param: { id }, json: { text } }) => {
    await readVisible(deps, c, id)
    const { name, command, rest } = parse(text)
    return c.write(async (tx) => {
      const act = actOf(tx, c, deps.now())
      const { done, channelId, message } = await command.run({ act, id, rest })
      const of = { channel_id: channelId ?? null, message_id: message?.id ?? null }
      return reply(200, { command: name, done, ...of, message_seq: message?.seq ?? null })
    })
  }
