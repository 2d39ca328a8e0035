import { expect, test } from 'vitest'
import { addChannel, addMessage, joinChannel } from '../../test/fixtures/channels.ts'
import { marked, searching } from '../../test/fixtures/searching.ts'

test('an artifact is found by title and text, with what it belongs to', async () => {
  const { db, tenant, addArtifact, find, addPages } = await searching()
  const channel = await addChannel(db, { tenantId: tenant.id })
  const message = await addMessage(db, channel, { userId: tenant.admin.id })
  const document = await addPages('nothing')
  const links = { channel, messageId: message.id, documentId: document.id }
  const at = new Date('2026-05-06T07:08:09.010Z')
  const text = '# Totals\nAll **invoices** of May'
  const { id } = await addArtifact({ title: 'A summary', text, at, ...links })
  const { items } = await find('invoice')
  expect(items).toEqual([
    {
      type: 'artifact',
      artifact_id: id,
      version: 1,
      title: 'A summary',
      media_type: 'text/plain',
      channel_id: channel.id,
      message_id: message.id,
      document_id: document.id,
      created_at: at.toISOString(),
      snippet: 'A summary # Totals All **invoices** of May',
      highlights: [[25, 33]],
    },
  ])
  expect((await find('summary')).items.map(marked)).toEqual([['summary']])
})

test('an artifact is seen by whoever sees its channel; without one, by all but guests', async () => {
  const { db, tenant, addArtifact, ids, find, person } = await searching()
  const [member, stranger, guest] = [
    await person('viewer'),
    await person('viewer'),
    await person('guest'),
  ]
  const channel = await addChannel(db, { tenantId: tenant.id, kind: 'private' })
  for (const { id: userId } of [member, guest]) await joinChannel(db, channel, { userId })
  const free = await addArtifact({ text: 'a forecast' })
  const bound = await addArtifact({ text: 'a forecast', channel })
  const both = [free.id, bound.id].sort()
  expect(await ids('forecast', '', member)).toEqual(both)
  expect(await ids('forecast', '', guest)).toEqual([bound.id])
  for (const other of [stranger, undefined]) {
    expect(await ids('forecast', '', other)).toEqual([free.id])
    expect((await find('forecast', '&limit=1', other)).next_cursor).toBeNull()
  }
})

test("another tenant's artifacts are never found", async () => {
  const { addArtifact, otherTenant, find } = await searching()
  const { id } = await addArtifact({ title: 'forecast', tenantId: otherTenant.id })
  expect((await find('forecast')).items).toEqual([])
  expect(await (await otherTenant.get('/v1/search?q=forecast')).text()).toContain(id)
})

test('artifacts are filtered by document, channel, creator and time', async () => {
  const { db, tenant, addArtifact, ids, addPages, person } = await searching()
  const channel = await addChannel(db, { tenantId: tenant.id })
  const { id: userId } = await person('viewer')
  const { id: documentId } = await addPages('nothing')
  const [inChannel, ofDocument, byOther] = [
    await addArtifact({ title: 'plan', channel, at: new Date('2026-01-01T00:00:00Z') }),
    await addArtifact({ title: 'plan', documentId, at: new Date('2026-02-01T00:00:00Z') }),
    await addArtifact({ title: 'plan', userId, at: new Date('2026-03-01T00:00:00Z') }),
  ].map(({ id }) => id)
  expect(await ids('plan', `&channel_id=${channel.id}`)).toEqual([inChannel])
  expect(await ids('plan', `&document_id=${documentId}`)).toEqual([ofDocument])
  expect(await ids('plan', `&user_id=${userId}`)).toEqual([byOther])
  expect(await ids('plan', '&from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z')).toEqual([
    ofDocument,
  ])
  expect(await ids('plan', '&tag=any')).toEqual([])
})
