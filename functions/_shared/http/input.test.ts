import { expect, test } from 'vitest'
import * as z from 'zod'
import { caller } from '../../../test/fixtures/caller.ts'
import { bodyOf } from '../../../test/harness/requests.ts'
import { setup } from '../../../test/harness/setup.ts'
import { newApp } from './app.ts'
import { reply, route } from './route.ts'
import { createWidgets } from './widgets.fixture.ts'

test('a body of very many unknown names is refused by the first of them, in a short reply', async () => {
  const { post } = await setup(createWidgets())
  const names = Array.from({ length: 20_000 }, (_, index) => [`n${index}`, 0])
  const reply = await post('/', { ...Object.fromEntries(names), name: 'a', size: 1 })
  const text = await reply.text()
  const { errors, detail } = JSON.parse(text)
  expect([reply.status, errors.length, detail]).toEqual([422, 100, '20000 values are invalid.'])
  expect(errors[0].pointer).toBe('/n0')
  expect(text.length).toBeLessThan(20_000)
})

test('a caller who goes away in the middle of JSON made no error of ours', async () => {
  const { post } = await setup(createWidgets())
  const { body, send, goAway } = caller()
  const reply = post('/', body, { headers: { 'content-type': 'application/json' } })
  send('{"name": "a", ')
  goAway()
  const { status } = await reply
  expect([status, await bodyOf(await reply)]).toMatchObject([400, { code: 'malformed' }])
})

test('a very long unknown name is cut where it is told, in the reply and in the log', async () => {
  const { post, logLines } = await setup(createWidgets())
  const reply = await post('/', { name: 'a', size: 1, ['x'.repeat(100_000)]: 0 })
  const text = await reply.text()
  expect(reply.status).toBe(422)
  expect(JSON.parse(text).errors).toMatchObject([{ pointer: `/${'x'.repeat(100)}` }])
  expect(`${text}${JSON.stringify(logLines)}`.length).toBeLessThan(3_000)
})

test('a name with a slash or a tilde is pointed at as a JSON Pointer spells it', async () => {
  const { post, get } = await setup(createWidgets())
  const unknown = await post('/', { name: 'a', size: 1, 'a/b~c': 0 })
  expect(await unknown.json()).toMatchObject({ errors: [{ pointer: '/a~1b~0c' }] })
  const repeated = await get('/?a/b=1&a/b=2')
  expect(await repeated.json()).toMatchObject({ errors: [{ pointer: '/a~1b' }] })
})

const listColours = route({
  method: 'get',
  path: '/',
  operationId: 'listColours',
  role: 'viewer',
  summary: 'Read what the query says',
  input: {
    query: z.object({ name: z.string().optional(), colour: z.array(z.string()).optional() }),
  },
  replies: { 200: z.object({ colours: z.array(z.string()).nullable() }) },
})

test('a list in the query is its name repeated; what is no list is named once', async () => {
  const { get } = await setup((deps) =>
    newApp(deps, { name: 'colours', summary: 'Colours.' }).on(
      listColours,
      async (_, { query: { colour } }) => reply(200, { colours: colour ?? null }),
    ),
  )
  const colours = async (query: string) =>
    (await bodyOf<{ colours: string[] | null }>(await get(query))).colours
  expect(await colours('/?colour=red&name=a&colour=dark+blue')).toEqual(['red', 'dark blue'])
  expect(await colours('/?colour=red')).toEqual(['red'])
  expect(await colours('/')).toBeNull()
  expect((await get('/?colour=red&name=a&name=b')).status).toBe(422)
  expect((await get('/?colour=%00')).status).toBe(422)
})
