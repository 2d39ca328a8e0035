import { expect, test } from 'vitest'
import { importConferences, readFiles } from '../../domain/conferences/importing.ts'
import { caller } from '../../test/fixtures/caller.ts'
import { conferences, conferenceYaml, type Imported } from '../../test/fixtures/conferences.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const due = (day: string) => ({ paper: `2026-06-${day} 23:59:59` })
const first = conferenceYaml([{ year: 2027, rounds: [due('11')] }])

async function known(text = first) {
  const world = await conferences()
  const { conferences: made } = await world.bring(text)
  const id = made[0]?.id
  const before = await world.read(id)
  return { ...world, id, before }
}

test.each([
  [
    'extended',
    { rounds: [due('18')] },
    'CONF 2027: paper deadline extended from 2026-06-11 23:59:59 AoE to 2026-06-18 23:59:59 AoE.',
  ],
  [
    'brought forward',
    { rounds: [due('10')] },
    'CONF 2027: paper deadline brought forward from 2026-06-11 23:59:59 AoE to 2026-06-10 23:59:59 AoE.',
  ],
  [
    'moved to another zone',
    { rounds: [due('11')], zone: 'UTC' },
    'CONF 2027: paper deadline brought forward from 2026-06-11 23:59:59 AoE to 2026-06-11 23:59:59 UTC.',
  ],
  [
    'written in another way',
    { rounds: [due('11')], zone: 'UTC-12' },
    'CONF 2027: paper deadline rewritten from 2026-06-11 23:59:59 AoE to 2026-06-11 23:59:59 UTC-12.',
  ],
  [
    'unset',
    { rounds: [{ paper: 'TBD' }] },
    'CONF 2027: paper deadline unset from 2026-06-11 23:59:59 AoE to TBD.',
  ],
  [
    'withdrawn',
    { rounds: [{ abstract: '2026-06-11 23:59:59' }] },
    'CONF 2027: paper deadline was withdrawn: 2026-06-11 23:59:59 AoE.',
  ],
  [
    'moved to Bergen',
    { rounds: [due('11')], place: 'Bergen' },
    'CONF 2027: place changed from "Oslo" to "Bergen".',
  ],
])('a deadline that is %s is told once, with old and new value', async (_, year, sentence) => {
  const { bring, changes, id, read, before } = await known()
  const file = conferenceYaml([{ year: 2027, ...year }])
  const { conferences: verdicts } = await bring(file)
  expect(verdicts).toMatchObject([{ verdict: 'changed', id }])
  const told = await changes(id)
  expect(told.map((change) => change.sentence)).toContain(sentence)
  expect((await read(id)).version).toBe(before.version + 1)
  expect(await bring(file)).toMatchObject({ conferences: [{ verdict: 'unchanged', changes: [] }] })
  expect(await changes(id)).toEqual(told)
})

test('a deadline is the same one when a round is put before it, or its round gets another comment', async () => {
  const named = (comment: string, day: string) => ({ ...due(day), comment })
  const { bring, read, id, before } = await known(
    conferenceYaml([{ year: 2027, rounds: [named('Summer', '11'), named('Autumn', '20')] }]),
  )
  const rounds = [named('Spring', '01'), named('Summer', '12'), named('Fall', '20')]
  await bring(conferenceYaml([{ year: 2027, rounds }]))
  const idsOf = (conference: typeof before) =>
    conference.editions[0]?.rounds.map(({ deadlines }) => deadlines[0]?.id)
  const [summer, autumn] = idsOf(before) ?? []
  expect(idsOf(await read(id))).toEqual([expect.any(String), summer, autumn])
})

test('what was withdrawn comes back as what it was', async () => {
  const { bring, changes, id, read, before } = await known()
  await bring(conferenceYaml([{ year: 2027, rounds: [] }]))
  expect((await read(id)).editions[0]?.rounds).toEqual([])
  await bring(first)
  expect((await read(id)).editions).toEqual(before.editions)
  expect((await changes(id)).map(({ kind }) => kind)).toEqual(['returned', 'withdrawn', 'added'])
})

test('a round that has the number of a withdrawn one keeps its deadline when it is extended', async () => {
  const { bring, changes, id, read } = await known(
    conferenceYaml([{ year: 2027, rounds: [due('01'), due('11')] }]),
  )
  await bring(first)
  const before = await read(id)
  await bring(conferenceYaml([{ year: 2027, rounds: [due('18')] }]))
  const idOf = ({ editions }: typeof before) => editions[0]?.rounds[0]?.deadlines[0]?.id
  expect(idOf(await read(id))).toBe(idOf(before))
  expect((await changes(id))[0]?.sentence).toContain('extended from 2026-06-11')
})

test('a file in another order, with other marks and remarks, changes nothing', async () => {
  const named = (comment: string, day: string) => ({ ...due(day), comment })
  const year = (id: string, rounds: object[]) => ({ year: 2000 + Number(id), rounds })
  const years = [year('26', [due('01')]), year('27', [named('One', '10'), named('Two', '20')])]
  const { bring, get, id } = await known(conferenceYaml(years))
  const etag = (await get(`/${id}`)).headers.get('etag')
  const reordered = conferenceYaml([
    year('27', [named('Two', '20'), named('One', '10')]),
    year('26', [due('01')]),
  ])
  const entries = Object.entries(JSON.parse(reordered)[0]).reverse()
  const json = JSON.stringify([Object.fromEntries(entries)]).replaceAll('","', '" ,\r\n "')
  const text = `# Said anew.\r\n${json} # end`
  expect(await bring(text)).toMatchObject({ conferences: [{ verdict: 'unchanged', id }] })
  expect((await get(`/${id}`)).headers.get('etag')).toBe(etag)
})

test('an edition that the source forgets stays, and a new one is told of once', async () => {
  const { bring, changes, id, read } = await known()
  await bring(conferenceYaml([{ year: 2028, rounds: [due('01'), due('02')] }]))
  expect((await read(id)).editions.map(({ year }) => year)).toEqual([2027, 2028])
  const [newest, ...others] = await changes(id)
  expect(newest).toMatchObject({
    kind: 'added',
    field: 'edition',
    sentence: 'CONF 2028 was added.',
  })
  expect(others).toHaveLength(1)
})

test('a conference that is renamed stays what it is, and is found by its old name', async () => {
  const { bring, id, read, get } = await known()
  const years = [{ year: 2027, rounds: [due('11')] }]
  const { conferences: verdicts } = await bring(conferenceYaml(years, { title: 'NEWCONF' }))
  expect(verdicts).toMatchObject([{ verdict: 'changed', id }])
  expect(await read(id)).toMatchObject({
    title: 'NEWCONF',
    aliases: [{ name: 'CONF', kind: 'title' }],
  })
  const { items } = await bodyOf<{ items: { id: string }[] }>(await get('/?q=newCONF'))
  expect(items).toMatchObject([{ id }])
})

test('two conferences of one name stay apart by their key in dblp and their editions', async () => {
  const { bring, id } = await known()
  const other = conferenceYaml([{ year: 2027, rounds: [] }], { dblp: 'other' })
  const { conferences: verdicts } = await bring(other)
  expect(verdicts).toMatchObject([{ verdict: 'created' }])
  expect(verdicts[0]?.id).not.toBe(id)
  expect(await bring(first)).toMatchObject({ conferences: [{ verdict: 'unchanged', id }] })
})

test('a conference whose new file has a mistake stays as it was', async () => {
  const { bring, read, id, before } = await known()
  await bring(conferenceYaml([{ year: 2027, rounds: [{ paper: '2026-06-31' }] }]))
  expect(await read(id)).toEqual(before)
})

test('a dry run tells what would happen and writes nothing', async () => {
  const { bring, get, read, id, before } = await known()
  const etag = (await get('/')).headers.get('etag')
  const changed = conferenceYaml([{ year: 2027, rounds: [due('18')] }])
  const rehearsed = await bring(changed, '?dry_run=true')
  expect(rehearsed).toMatchObject({ dry_run: true, conferences: [{ verdict: 'changed', id }] })
  const other = conferenceYaml([{ year: 2027, rounds: [] }], { title: 'OTHER', dblp: 'other' })
  expect(await bring(other, '?dry_run=true')).toMatchObject({
    conferences: [{ verdict: 'created', id: null }],
  })
  expect(await read(id)).toEqual(before)
  expect((await get('/')).headers.get('etag')).toBe(etag)
  expect((await bring(changed)).conferences[0]?.changes).toEqual(rehearsed.conferences[0]?.changes)
})

test('of two imports of one file at once one makes the conference and the other finds it', async () => {
  const { bring, get } = await conferences()
  const both = await Promise.all([bring(first), bring(first)])
  const verdicts = both.map((imported) => imported.conferences[0]?.verdict).sort()
  expect(verdicts).toEqual(['created', 'unchanged'])
  const { items } = await bodyOf<{ items: unknown[] }>(await get('/'))
  expect(items).toHaveLength(1)
})

test('of many imports at once each sees what the one before has changed', async () => {
  const { bring, changes, id, read, before } = await known()
  const days = ['12', '13', '14', '15', '16', '17']
  await Promise.all(days.map((day) => bring(conferenceYaml([{ year: 2027, rounds: [due(day)] }]))))
  expect((await read(id)).version).toBe(before.version + days.length)
  const told = (await changes(id)).filter(({ kind }) => kind === 'changed').reverse()
  expect(told.slice(1).map((change) => change.old)).toEqual(
    told.slice(0, -1).map((change) => change.new),
  )
})

test('an import that dies half-way leaves nothing, and can be sent again', async () => {
  const { db, tenant, clock, get, bring } = await conferences()
  const order = {
    tenantId: tenant.id,
    at: clock.now(),
    files: await readFiles([{ path: null, text: first }]),
  }
  const dying = db.transaction(async (tx) => {
    await importConferences(tx, order)
    throw new Error('died')
  })
  await expect(dying).rejects.toThrow('died')
  expect(await bodyOf(await get('/'))).toMatchObject({ items: [] })
  expect(await bring(first)).toMatchObject({ totals: { created: 1 } })
})

test('the same file sent twice with one Idempotency-Key is imported once', async () => {
  const { send, changes } = await conferences()
  const options = { headers: { 'idempotency-key': crypto.randomUUID() } }
  const reply = await bodyOf<Imported>(await send(first, '', options))
  const again = await send(first, '', options)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await bodyOf(again)).toEqual(reply)
  expect(await changes(reply.conferences[0]?.id)).toHaveLength(1)
})

test('of a caller who goes away in the middle of a file nothing stays', async () => {
  const { post, get } = await conferences()
  const { body, send, goAway } = caller()
  const reply = post('/import', body, { headers: { 'content-type': 'application/yaml' } })
  send(first.slice(0, -10))
  goAway()
  expect((await reply).status).toBe(400)
  expect(await bodyOf(await get('/'))).toMatchObject({ items: [] })
})

test('viewers read and do not import, and other tenants see nothing of it', async () => {
  const { send, otherTenant, id } = await known()
  expect((await send(first, '', { as: 'viewer' })).status).toBe(403)
  expect((await otherTenant.get(`/${id}`)).status).toBe(404)
  expect(await bodyOf(await otherTenant.get('/changes'))).toMatchObject({ items: [] })
})
