import { expect, test } from 'vitest'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Label = { name: string; type: string; hotkey: string | null; expected_format: string | null }
type Template = { id: string; name: string; labels: Label[]; version: number }
type Problem = { errors?: { pointer: string; detail: string }[] }

async function templates() {
  const world = await setup(createApp)
  const create = async (fields: object = {}) => {
    const reply = await world.post('/', { name: 'Invoice', labels: [{ name: 'total' }], ...fields })
    expect(reply.status).toBe(201)
    return bodyOf<Template>(reply)
  }
  const read = async (id: string) => bodyOf<Template>(await world.get(`/${id}`))
  return { ...world, create, read }
}

test('a template keeps its labels as they were given, with defaults for the rest', async () => {
  const { create, read } = await templates()
  const given = {
    ...{ name: 'date', type: 'date', colour: '#D62728', hotkey: 'd', required: true },
    ...{ expected_format: '\\d{4}-\\d\\d-\\d\\d', places: [{ page: 1, box: [0.5, 0, 0.5, 0.1] }] },
  }
  const { id, labels } = await create({ labels: [given, { name: 'total' }] })
  expect(labels).toEqual([
    { ...given, colour: '#d62728' },
    {
      ...{ name: 'total', type: 'text', colour: '#1f77b4', hotkey: null, required: false },
      ...{ expected_format: null, places: [] },
    },
  ])
  expect(await read(id)).toMatchObject({ name: 'Invoice', labels, version: 1 })
})

test.each([
  ['a name twice', [{ name: 'a' }, { name: 'a' }], '/labels/1/name'],
  [
    'a hotkey twice',
    [
      { name: 'a', hotkey: 'x' },
      { name: 'b', hotkey: 'x' },
    ],
    '/labels/1/hotkey',
  ],
  ['a colour by name', [{ name: 'a', colour: 'red' }], '/labels/0/colour'],
  ['a long hotkey', [{ name: 'a', hotkey: 'ab' }], '/labels/0/hotkey'],
  ['a broken format', [{ name: 'a', expected_format: '(' }], '/labels/0/expected_format'],
  [
    'a format that looks back',
    [{ name: 'a', expected_format: '(a)\\1' }],
    '/labels/0/expected_format',
  ],
  [
    'a place off the page',
    [{ name: 'a', places: [{ box: [0, 0, 2, 1] }] }],
    '/labels/0/places/0/box',
  ],
])('labels with %s are a 422 that names the place', async (_, labels, pointer) => {
  const { post } = await templates()
  const reply = await post('/', { name: 'Invoice', labels })
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<Problem>(reply)
  expect(errors?.map((error) => error.pointer)).toEqual([pointer])
})

test('a name is taken once in a tenant, and again by another', async () => {
  const { create, post, otherTenant } = await templates()
  await create()
  expect((await post('/', { name: 'Invoice', labels: [] })).status).toBe(409)
  expect((await otherTenant.post('/', { name: 'Invoice', labels: [] })).status).toBe(201)
})

test('every version is kept, and an earlier one becomes the current one as a new version', async () => {
  const { create, patch, post, get, read } = await templates()
  const { id, labels } = await create()
  await patch(`/${id}`, { name: 'Receipt', labels: [{ name: 'sum' }] })
  const reply = await post(`/${id}/revert`, { version: 1 })
  expect(reply.headers.get('etag')).toBe('"v3"')
  expect(await read(id)).toMatchObject({ name: 'Invoice', labels, version: 3 })
  const { items } = await bodyOf<{ items: Template[] }>(await get(`/${id}/versions`))
  expect(items.map(({ version, name }) => [version, name])).toEqual([
    [3, 'Invoice'],
    [2, 'Receipt'],
    [1, 'Invoice'],
  ])
  expect((await post(`/${id}/revert`, { version: 9 })).status).toBe(404)
})

test('of two who change the version that both have read one gets a 412', async () => {
  const { create, patch } = await templates()
  const { id } = await create()
  const change = (name: string) => patch(`/${id}`, { name }, { headers: { 'if-match': '"v1"' } })
  const replies = await Promise.all([change('One'), change('Two')])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 412])
})

test('a deleted template is gone with its versions', async () => {
  const { create, del, get } = await templates()
  const { id } = await create()
  expect((await del(`/${id}`)).status).toBe(204)
  expect((await get(`/${id}`)).status).toBe(404)
  expect((await get(`/${id}/versions`)).status).toBe(404)
  expect((await del(`/${id}`)).status).toBe(404)
})

test('lists and versions are read page by page', async () => {
  const { create, patch, get } = await templates()
  const made = [await create({ name: 'A' }), await create({ name: 'B' })]
  const first = made[0]?.id
  await patch(`/${first}`, { name: 'C' })
  const all = async (path: string) => {
    const items: Template[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const url = `${path}?limit=1${cursor && `&cursor=${cursor}`}`
      const page: { items: Template[]; next_cursor: string | null } = await bodyOf(await get(url))
      items.push(...page.items)
      cursor = page.next_cursor
    }
    return items
  }
  expect((await all('/')).map(({ id }) => id)).toEqual(made.map(({ id }) => id))
  expect((await all(`/${first}/versions`)).map(({ name }) => name)).toEqual(['C', 'A'])
})

test('viewers read and do not write; nobody else gets in', async () => {
  const { create, get, post, otherTenant } = await templates()
  const { id } = await create()
  expect((await get(`/${id}`, { as: 'viewer' })).status).toBe(200)
  expect((await post('/', { name: 'B', labels: [] }, { as: 'viewer' })).status).toBe(403)
  expect((await get('/', { as: 'nobody' })).status).toBe(401)
  expect((await otherTenant.get(`/${id}`)).status).toBe(404)
})

test('templates are found by a part of their name and by a label', async () => {
  const { create, get } = await templates()
  await create({ name: 'Invoice 100%', labels: [{ name: 'total' }, { name: 'date' }] })
  await create({ name: 'Receipt', labels: [{ name: 'total' }] })
  const names = async (query: string) =>
    (await bodyOf<{ items: Template[] }>(await get(`/?${query}`))).items.map(({ name }) => name)
  expect(await names('name=INVOICE')).toEqual(['Invoice 100%'])
  expect(await names('name=0%25')).toEqual(['Invoice 100%'])
  expect(await names('name=%25e')).toEqual([])
  expect(await names('label_name=total')).toEqual(['Invoice 100%', 'Receipt'])
  expect(await names('label_name=tot')).toEqual([])
  expect(await names('label_name=date&name=r')).toEqual([])
})
