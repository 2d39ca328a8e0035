import { expect, test } from 'vitest'
import { importing, type Listed } from '../../test/fixtures/importing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Problem = { errors: { code: string; detail: string }[] }

const regionHeader = 'page,label_name,x,y,width,height'
const region = '1,total,0.25,0.5,0.25,0.125'

async function world() {
  const { send, bring, ...bench } = await importing()
  const faultsOf = async (body: string, query = '') => {
    const reply = await send(`format=csv${query}`, body)
    expect(reply.status).toBe(422)
    return (await bodyOf<Problem>(reply)).errors
  }
  const bringCsv = (body: string, query = '') => bring(`format=csv${query}`, body)
  return { ...bench, bring: bringCsv, faultsOf }
}

test.each([';', '\t'])(
  'an export that a spreadsheet saved with %j comes in whole',
  async (mark) => {
    const { add, get, post, bring, list } = await world()
    const [here, there] = [await add('here.pdf', ['a', 'b']), await add('there.pdf', ['a', 'b'])]
    for (const page of [1, 2])
      await post('/', {
        document_id: here,
        page,
        box: [0.25, 0.5, 0.25, 0.125],
        label_name: 'total',
      })
    const exported = await (await get(`/export?document_ids=${here}&format=csv`)).text()
    const brought = await bring(exported.replaceAll(',', mark), `&document_id=${there}`)
    expect(brought).toMatchObject({ created: 2, documents: [{ document_id: there, created: 2 }] })
    const shown = (items: Listed[]) => items.map(({ box, label_name }) => [box, label_name])
    expect(shown(await list(there))).toEqual(shown(await list(here)))
  },
)

test('a row is of the document that its id, in a column of any case, or its name tells', async () => {
  const { add, bring, list } = await world()
  const [first, second] = [await add('first.pdf'), await add('second.pdf')]
  await bring(`Document_ID, ${regionHeader.toUpperCase()}\n${first},${region}\n`)
  const rows = ['first.pdf', 'second.pdf'].map((name) => `${name},${region}\n`)
  const named = await bring(`document_name,${regionHeader}\n${rows.join('')}`)
  expect(named).toMatchObject({
    created: 2,
    documents: [{ document_id: first }, { document_id: second }],
  })
  expect([await list(first), await list(second)].map(({ length }) => length)).toEqual([2, 1])
})

test('a file that names no document is of the one in the query, and refused without', async () => {
  const { add, bring, faultsOf, list } = await world()
  const id = await add('one.pdf')
  const file = `${regionHeader}\n${region}\n`
  expect(await faultsOf(file)).toMatchObject([
    { code: 'unknown_document', detail: expect.stringContaining('give document_id') },
  ])
  expect(await list(id)).toEqual([])
  expect(await bring(file, `&document_id=${id}`)).toMatchObject({ created: 1 })
  expect(await list(id)).toMatchObject([{ label_name: 'total', box: [0.25, 0.5, 0.25, 0.125] }])
})

test.each([
  ['a,b\n1,2', 'line 1: lacks columns: page, label_name, x, y, width, height'],
  [`document_id,${regionHeader}\n,${region}\n`, 'line 2: "document_id" or "document_name"'],
])('the file %j is refused with what is missing, never passed over', async (file, detail) => {
  const { add, faultsOf } = await world()
  const id = await add('one.pdf')
  for (const query of ['', `&document_id=${id}`, '&dry_run=true'])
    expect(await faultsOf(file, query)).toMatchObject([
      { code: 'unreadable', detail: expect.stringContaining(detail) },
    ])
})
