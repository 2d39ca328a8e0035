import { expect, test } from 'vitest'
import { removeDocument } from '../../domain/documents/removal.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import { addChannel } from '../../test/fixtures/channels.ts'
import { type Message, type ReadState, talking } from '../../test/fixtures/talking.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('a marker counts what is behind it, and moved back it makes messages unread again', async () => {
  const { say, put, by, ada, bob, channel, unread } = await talking()
  for (const text of ['one', '@all two', `<@${bob.id}> three`, 'four']) await say(ada, text)
  expect(await unread(bob)).toMatchObject({ unread_count: 4, mention_count: 2, last_seq: 4 })
  expect(await unread(ada)).toMatchObject({ unread_count: 0, mention_count: 0, read_seq: 4 })
  const mark = async (seq: number) =>
    bodyOf<ReadState>(await put('/read', { channel_id: channel.id, seq }, by(bob)))
  expect(await mark(2)).toMatchObject({ read_seq: 2, unread_count: 2, mention_count: 1 })
  expect(await mark(1)).toMatchObject({ read_seq: 1, unread_count: 3, mention_count: 2 })
  await say(bob, 'mine')
  expect(await unread(bob)).toMatchObject({ read_seq: 5, unread_count: 0, mention_count: 0 })
})

test('nobody marks what has not been said, or a channel that they have not joined', async () => {
  const { say, put, by, ada, bob, stranger, channel, unread } = await talking({ kind: 'public' })
  await say(ada, 'one')
  const mark = async (who: typeof ada, seq: number) =>
    (await put('/read', { channel_id: channel.id, seq }, by(who))).status
  expect([await mark(bob, 2), await mark(bob, -1), await mark(stranger, 1)]).toEqual([
    422, 422, 403,
  ])
  expect(await unread(bob)).toMatchObject({ read_seq: 0, unread_count: 1 })
})

test('what is unread is listed for all of my channels, page by page', async () => {
  const { db, tenant, get, by, bob } = await talking()
  const members = { [bob.id]: 'member' as const }
  for (let time = 0; time < 4; time += 1) await addChannel(db, { tenantId: tenant.id, members })
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor && `&cursor=${cursor}`
    type Page = { items: ReadState[]; next_cursor: string | null }
    const page: Page = await bodyOf(await get(`/unread?limit=2${query}`, by(bob)))
    ids.push(...page.items.map(({ channel_id }) => channel_id))
    cursor = page.next_cursor
  }
  expect(ids).toHaveLength(5)
  expect(ids).toEqual([...new Set(ids)].sort())
})

/** A message that shows a document with bytes. */
async function showing() {
  const bench = await talking()
  const { db, tenant, storage, say, ada } = bench
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const document = await addDocument(db, { ...owner, pages: ['A page.'], filename: 'plan.pdf' })
  storage.objects.set(`${tenant.id}/${document.id}`, new TextEncoder().encode('%PDF'))
  const message = await say(ada, '', { document_ids: [document.id] })
  const path = `/${message.id}/attachments/${document.id}/content`
  return { ...bench, document, message, path }
}

test('guests read the file of a document through the message that shows it, whole and in part', async () => {
  const { get, by, guest, path, message } = await showing()
  expect(message.attachments).toMatchObject([{ filename: 'plan.pdf', is_gone: false }])
  const whole = await get(path, by(guest))
  expect([whole.status, await whole.text()]).toEqual([200, '%PDF'])
  const part = await get(path, by(guest, { range: 'bytes=0-0' }))
  expect([part.status, await part.text()]).toEqual([206, '%'])
})

test('guests show no documents, which they cannot see', async () => {
  const { ask, guest, document } = await showing()
  expect((await ask(guest, 'look', { document_ids: [document.id] })).status).toBe(422)
})

test('a document in the trash or deleted is shown as gone, and one taken out is there again', async () => {
  const { db, tenant, get, by, bob, read, path, document, message, history } = await showing()
  const move = (isTrashed: boolean) =>
    db.transaction((tx) =>
      moveDocument(tx, { tenantId: tenant.id, id: document.id, isTrashed, at: new Date() }),
    )
  await move(true)
  const gone = [{ document_id: document.id, filename: null, is_gone: true }]
  const unchanged = await get(`/${message.id}`, by(bob, { 'if-none-match': '"v1"' }))
  expect((await bodyOf<Message>(unchanged)).attachments).toMatchObject(gone)
  expect((await get(path, by(bob))).status).toBe(404)
  await move(false)
  expect((await get(path, by(bob))).status).toBe(200)
  const of = { tenantId: tenant.id, documentId: document.id, requestId: null, versions: null }
  await db.transaction((tx) => removeDocument(tx, of))
  expect((await read(bob, message.id)).attachments).toMatchObject(gone)
  expect((await history(bob, '&has_attachment=true')).items).toHaveLength(1)
})

test('the list can be of messages that show documents, and a deleted one shows none', async () => {
  const { say, del, get, by, ada, history, path, message } = await showing()
  await say(ada, 'no document')
  const found = async () => (await history(ada, '&has_attachment=true')).items.map(({ id }) => id)
  expect(await found()).toEqual([message.id])
  await del(`/${message.id}`, by(ada))
  expect(await found()).toEqual([])
  expect((await get(path, by(ada))).status).toBe(404)
})
