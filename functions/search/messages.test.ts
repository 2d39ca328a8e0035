import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelMembers, messageAttachments, messages } from '../../db/schema/index.ts'
import { addChannel, addMessage, joinChannel } from '../../test/fixtures/channels.ts'
import { idOf, marked, searching } from '../../test/fixtures/searching.ts'
import { blockRowsMax } from './blocks.ts'
import { loadHits } from './queries.ts'

async function talking() {
  const bundle = await searching()
  const { db, tenant } = bundle
  const channel = await addChannel(db, { tenantId: tenant.id, name: 'harbour' })
  const say = (text: string, more = {}, where = channel) =>
    addMessage(db, where, { userId: tenant.admin.id, text, ...more })
  return { ...bundle, channel, say }
}

test('a message is found with its channel, number, author, time and highlights', async () => {
  const { say, find, channel, tenant } = await talking()
  const at = new Date('2026-05-06T07:08:09.010Z')
  await say('good morning')
  const { id } = await say('The invoices of\nthe harbour are late', { at })
  const { items, next_cursor } = await find('invoice')
  expect(items).toEqual([
    {
      type: 'message',
      message_id: id,
      channel_id: channel.id,
      channel_name: 'harbour',
      seq: 2,
      author: { user_id: tenant.admin.id, name: 'Admin' },
      created_at: at.toISOString(),
      snippet: 'The invoices of the harbour are late',
      highlights: [[4, 12]],
    },
  ])
  expect(next_cursor).toBeNull()
})

test('an edited message is found by its new text alone, a deleted one by nothing', async () => {
  const { db, tenant, say, ids } = await talking()
  const { id } = await say('an anchor')
  const itself = and(eq(messages.tenantId, tenant.id), eq(messages.id, id))
  await db.update(messages).set({ text: 'a rope', version: 2 }).where(itself)
  expect([await ids('anchor'), await ids('rope')]).toEqual([[], [id]])
  await db.update(messages).set({ text: '', deletedAt: new Date() }).where(itself)
  expect(await ids('rope')).toEqual([])
})

test.each(['private', 'direct'] as const)(
  'what is said in a %s channel is found by its members alone, also not by admins',
  async (kind) => {
    const { db, tenant, say, ids, find, person } = await talking()
    const [member, stranger] = [await person('viewer'), await person('viewer')]
    const members = { [member.id]: 'member' as const }
    const hidden = await addChannel(db, { tenantId: tenant.id, kind, members })
    const { id } = await say('a secret treasure', {}, hidden)
    expect(await ids('treasure', '', member)).toEqual([id])
    for (const other of [stranger, undefined]) {
      const found = await find('treasure', '', other)
      expect(found.items).toEqual([])
      expect(found.next_cursor).toBeNull()
      expect(await ids('treasure', `&channel_id=${hidden.id}`, other)).toEqual([])
    }
    const { tenantId, channelId } = channelMembers
    await db.delete(channelMembers).where(and(eq(tenantId, tenant.id), eq(channelId, hidden.id)))
    expect(await ids('treasure', '', member)).toEqual([])
  },
)

test('hidden matches take no place on a page, in a block or in a cursor', async () => {
  const { db, tenant, say, find, person } = await talking()
  const stranger = await person('viewer')
  const hidden = await addChannel(db, { tenantId: tenant.id, kind: 'private' })
  const open = [await say('tide'), await say('tide')]
  // More of them than a block ranks, newer than what the stranger sees.
  const row = { tenantId: tenant.id, channelId: hidden.id, authorUserId: tenant.admin.id }
  const rows = Array.from({ length: blockRowsMax + 5 }, (_, seq) => ({
    ...row,
    ...{ id: crypto.randomUUID().replace(/^./, 'f'), seq: seq + 1, authorName: 'A' },
    ...{ text: 'tide tide', createdAt: new Date() },
  }))
  await db.insert(messages).values(rows)
  const first = await find('tide', '&limit=1', stranger)
  expect(first.items.map(idOf)).toEqual([open[1]?.id])
  const second = await find('tide', `&limit=1&cursor=${first.next_cursor}`, stranger)
  expect(second.items.map(idOf)).toEqual([open[0]?.id])
  expect(second.next_cursor).toBeNull()
})

test('guests find what is said in their channels, and no pages', async () => {
  const { db, tenant, channel, say, ids, addPages, person } = await talking()
  const guest = await person('guest')
  const own = await addChannel(db, { tenantId: tenant.id, kind: 'private' })
  await joinChannel(db, own, { userId: guest.id })
  await addPages('a lantern')
  await say('a lantern')
  const { id } = await say('a lantern', {}, own)
  expect(await ids('lantern', '', guest)).toEqual([id])
  expect(await ids('lantern', '&type=page', guest)).toEqual([])
  expect(await ids('lantern', `&channel_id=${channel.id}`, guest)).toEqual([])
})

test('a hit that its finder may not see any more, or that was deleted, is not shown', async () => {
  const { db, tenant, say, person } = await talking()
  const stranger = await person('viewer')
  const hidden = await addChannel(db, { tenantId: tenant.id, kind: 'private' })
  const ids = [(await say('tide')).id, (await say('tide', { isDeleted: true })).id]
  const { id: hiddenId } = await say('tide', {}, hidden)
  const found = await loadHits(db, {
    reader: { tenantId: tenant.id, userId: stranger.id, role: 'viewer' },
    hits: [...ids, hiddenId].map((id) => ({ type: 'message', ranked: [1, id, 0] })),
    words: { lexemes: ['tide'], prefixes: [] },
    now: new Date(),
  })
  expect(found.map(({ id }) => id)).toEqual([ids[0]])
})

test("another tenant's messages are never found", async () => {
  const { db, otherTenant, find } = await talking()
  const theirs = await addChannel(db, { tenantId: otherTenant.id })
  await addMessage(db, theirs, { userId: otherTenant.admin.id, text: 'a compass' })
  expect((await find('compass')).items).toEqual([])
  expect((await find('compass', `&channel_id=${theirs.id}`)).items).toEqual([])
})

test('messages are filtered by channel, author, time and document', async () => {
  const { db, tenant, say, ids, addPages, person } = await talking()
  const author = await person('viewer')
  const [old, new_] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-02-01T00:00:00Z')]
  const first = await say('sail', { at: old })
  const second = await say('sail', { userId: author.id, at: new_ })
  const document = await addPages('nothing')
  const documentId = document.id
  const about = { tenantId: tenant.id, kind: 'document' as const, documentId }
  const third = await say('sail', { at: new_ }, await addChannel(db, about))
  expect(await ids('sail', `&user_id=${author.id}`)).toEqual([second.id])
  expect(await ids('sail', '&to=2026-02-01T01:00:00%2B01:00')).toEqual([first.id])
  expect(await ids('sail', '&from=2026-02-01T00:00:00Z')).toEqual([second.id, third.id].sort())
  expect(await ids('sail', `&document_id=${documentId}`)).toEqual([third.id])
  await db
    .insert(messageAttachments)
    .values({ tenantId: tenant.id, messageId: first.id, documentId, position: 0 })
  expect(await ids('sail', `&document_id=${documentId}`)).toEqual([first.id, third.id].sort())
})

test('types are chosen by name, and a filter leaves out what it does not fit', async () => {
  const { say, ids, ask, addPages, channel } = await talking()
  const page = `${(await addPages('a buoy')).id} 1`
  const { id } = await say('a buoy')
  expect(await ids('buoy')).toEqual([page, id].sort())
  expect(await ids('buoy', '&type=page')).toEqual([page])
  expect(await ids('buoy', '&type=message,page')).toEqual([page, id].sort())
  expect(await ids('buoy', '&type=message&type=artifact')).toEqual([id])
  expect(await ids('buoy', `&channel_id=${channel.id}`)).toEqual([id])
  expect(await ids('buoy', '&status=completed')).toEqual([page])
  expect((await ask('buoy', '&type=annotation')).status).toBe(422)
})

test('highlights of a phrase, a prefix and an exclusion are those of what was wanted', async () => {
  const { say, find } = await talking()
  await say('Net 30 days, and then 30 net invoices; invoicing costs')
  const of = async (q: string) => (await find(q)).items.map(marked)
  expect(await of('"net 30"')).toEqual([['Net 30']])
  expect(await of('invoi*')).toEqual([['invoices', 'invoicing']])
  expect(await of('"net inv*"')).toEqual([['net invoices']])
  expect(await of('days -"30 invoices"')).toEqual([['days']])
  expect(await of('days -"net inv*"')).toEqual([])
})
