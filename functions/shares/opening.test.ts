import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { users } from '../../db/schema/index.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import { redactText } from '../../local-runtime/log/redaction.ts'
import { scrub } from '../../local-runtime/relay/scrub.ts'
import { type Listed, type NewShare, sharing } from '../../test/fixtures/sharing.ts'
import { addMember, refusalOf } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('whoever has the link sees the document, its text and its file, without a key', async () => {
  const { share, open } = await sharing()
  const { urls } = await share()
  expect(await bodyOf(await open(urls.open))).toMatchObject({
    ...{ filename: 'Größe.pdf', kind: 'pdf', page_count: 2, status: 'completed' },
    allow_download: true,
  })
  expect(await bodyOf(await open(urls.pages))).toMatchObject({
    items: [
      { number: 1, text: 'page one' },
      { number: 2, text: 'page two' },
    ],
  })
  expect([...new Uint8Array(await (await open(urls.content)).arrayBuffer())]).toEqual([7])
})

test('the pages of a link are read page by page, with a cursor of that link alone', async () => {
  const { share, open } = await sharing()
  const [{ urls }, other] = [await share(), await share()]
  const first = await bodyOf<Listed>(await open(`${urls.pages}&limit=1`))
  const rest = `&limit=1&cursor=${first.next_cursor}`
  expect(await bodyOf(await open(urls.pages + rest))).toMatchObject({
    items: [{ number: 2, text: 'page two' }],
    next_cursor: null,
  })
  expect((await open(other.urls.pages + rest)).status).toBe(400)
})

test('the file of a link is sent by ranges, as an attachment that no cache keeps and no browser runs', async () => {
  const { share, open } = await sharing()
  const { urls } = await share()
  const response = await open(urls.content, { range: 'bytes=0-0' })
  expect(response.status).toBe(206)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-disposition': expect.stringContaining('attachment'),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': expect.stringContaining('sandbox'),
  })
})

test('a link without download shows the text and not the file', async () => {
  const { share, open } = await sharing()
  const { urls, token } = await share({ allow_download: false })
  expect(urls.content).toBeNull()
  expect((await open(urls.pages)).status).toBe(200)
  expect((await open(`/v1/shares/open/content?token=${token}`)).status).toBe(403)
})

test('unknown, forged, expired, revoked, trashed and deleted: the same 404 to the byte', async () => {
  const { share, open, del, clock, db, tenant, file } = await sharing()
  const forged = async (change: (token: string) => string) => change((await share()).token)
  const flipped = (token: string, at: number) =>
    token.slice(0, at) + (token[at] === '0' ? '1' : '0') + token.slice(at + 1)
  const tokens = [
    ...['', 'x', `oct_${'0'.repeat(32)}_${'0'.repeat(96)}`],
    await forged((token) => flipped(token, token.length - 1)),
    await forged((token) => flipped(token, 10)),
    await forged((token) => flipped(token, 45)),
  ]
  const short = await share({ expires_in_seconds: 60 })
  const revoked = await share()
  await del(`/${revoked.id}`)
  const [inTrash, gone] = [await file(), await file()]
  const shared = async (id: string) => (await share({ document_id: id })).token
  tokens.push(short.token, revoked.token, await shared(inTrash), await shared(gone))
  const [tenantId, at] = [tenant.id, clock.now()]
  const removal = { tenantId, documentId: gone, requestId: null, versions: null }
  await db.transaction((tx) => moveDocument(tx, { tenantId, id: inTrash, isTrashed: true, at }))
  await db.transaction((tx) => removeDocument(tx, removal))
  clock.advance(61_000)
  const refusals = []
  for (const token of tokens)
    for (const part of ['', '/content', '/pages'])
      refusals.push(await refusalOf(await open(`/v1/shares/open${part}?token=${token}`)))
  expect(refusals[0]).toMatchObject({ status: 404 })
  for (const refusal of refusals) expect(refusal).toEqual(refusals[0])
})

test('a document that comes out of the trash is open by its links again', async () => {
  const { share, open, db, tenant, clock, documentId } = await sharing()
  const { urls } = await share()
  const move = (isTrashed: boolean) =>
    db.transaction((tx) =>
      moveDocument(tx, { tenantId: tenant.id, id: documentId, isTrashed, at: clock.now() }),
    )
  await move(true)
  expect((await open(urls.open)).status).toBe(404)
  await move(false)
  expect((await open(urls.open)).status).toBe(200)
})

test.each([
  ['disabled', { disabledAt: new Date(0) }, { disabledAt: null }],
  ['a viewer', { role: 'viewer' }, { role: 'editor' }],
] as const)('a link opens nothing while its maker is %s', async (_, change, back) => {
  const { create, open, db, tenant } = await sharing()
  const maker = await addMember(db, tenant.id, { role: 'editor' })
  const { urls } = await bodyOf<NewShare>(await create({}, { headers: maker.auth }))
  const set = (fields: object) =>
    db
      .update(users)
      .set(fields)
      .where(and(eq(users.tenantId, tenant.id), eq(users.id, maker.id)))
  await set(change)
  expect((await open(urls.open)).status).toBe(404)
  await set(back)
  expect((await open(urls.open)).status).toBe(200)
})

test('no log holds the token: not of good requests, not of refused ones, not even in a path', async () => {
  const { share, open, del, logLines } = await sharing()
  const { id, token, urls } = await share()
  await open(urls.open)
  await del(`/${id}`)
  await open(urls.open)
  const line = { level: 'info', message: 'request', fields: { path: '/v1/shares/open' } }
  expect(logLines).toContainEqual(expect.objectContaining({ ...line, fields: expect.anything() }))
  expect(JSON.stringify(logLines)).not.toContain(token.slice(-64))
  const misplaced = `/v1/shares/open/${token}`
  expect(redactText(misplaced, 'path')).toBe('/v1/shares/open/oct_[redacted]')
  expect(scrub(misplaced)).toBe('/v1/shares/open/oct_[redacted]')
})

test('only links that open nothing are counted, apart from keys, and never keep a good one out', async () => {
  const { share, open, get } = await sharing({ limits: { auth_failure: 2 } })
  const { urls } = await share()
  for (let i = 0; i < 5; i += 1) expect((await open(urls.open)).status).toBe(200)
  const tries = [1, 2, 3].map(async () => (await open('/v1/shares/open?token=x')).status)
  expect((await Promise.all(tries)).sort()).toEqual([404, 404, 429])
  expect((await open(urls.open)).status).toBe(200)
  const headers = { authorization: 'Bearer oct_x' }
  expect((await get('/', { headers })).status).toBe(401)
})
