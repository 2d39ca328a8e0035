import { expect, test } from 'vitest'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { searching } from '../../test/fixtures/searching.ts'

async function asking() {
  const bundle = await searching()
  const { db, tenant, find, addPages, person } = bundle
  await addPages('the invoice of May', 'a letter')
  const hidden = await addChannel(db, { tenantId: tenant.id, kind: 'private' })
  await addMessage(db, hidden, { userId: tenant.admin.id, text: 'hidden treasure of May' })
  const guest = await person('guest')
  const hint = async (q: string, more = '') => (await find(q, more)).hint
  return { ...bundle, guest, hint }
}

test.each([
  ['invoi', '', 'Nothing has the word invoi, but there are words that begin so: try invoi*.'],
  ['invoice zebra', '', 'Nothing has zebra: try without.'],
  ['invoice "of june" zebra', '', 'Nothing has "of june" or zebra: try without.'],
  ['invoice letter', '', 'Each word is found, but not all together: try OR between them.'],
  ['invoice -May', '', 'There are hits without what is excluded.'],
  ['invoice', '&type=message', 'There are hits without the filters or of other types.'],
  ['invoice', '&to=2020-01-01T00:00:00Z', 'There are hits without the filters or of other types.'],
  ['invoice', '&tag=a&type=message', 'The filters and types fit no kind of hit together.'],
  ['zebra', '', undefined],
  ['zebra OR giraffe', '', undefined],
  ['letter', '', undefined],
])('%s%s is told %j', async (q, more, wanted) => {
  const { hint } = await asking()
  expect(await hint(q, more)).toBe(wanted)
})

test('a hint says nothing of what the caller may not see', async () => {
  const { hint, find, guest } = await asking()
  expect(await hint('treasure')).toBeUndefined()
  expect(await hint('treasu')).toBeUndefined()
  expect(await hint('treasure May')).toBe('Nothing has treasure: try without.')
  for (const q of ['invoice', 'invoi', 'treasure'])
    expect((await find(q, '', guest)).hint).toBeUndefined()
})

test('who has read all pages gets no hint', async () => {
  const { find } = await asking()
  const first = await find('letter OR invoice', '&limit=1')
  const last = await find('letter OR invoice', `&limit=1&cursor=${first.next_cursor}`)
  expect([last.items.length, last.next_cursor, last.hint]).toEqual([1, null, undefined])
})
