import { existsSync, readFileSync } from 'node:fs'
import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { caller } from '../../test/fixtures/caller.ts'
import { coco, formats, importing, type Listed } from '../../test/fixtures/importing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Problem = { detail: string; errors: { code: string; detail: string }[] }

const corpusFolder = `${process.env.CORPUS_DIR ?? '../shared/data'}/annotations`
const corpusMissing = 'no sample files: set CORPUS_DIR to their folder'
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

test.for([
  ['coco', 'coco_import_input.json', ['image1.jpg', 'image2.jpg'], 2],
  ['label_studio', 'labelstudio_coco_export.json', ['test_image1.jpg'], 4],
  ['label_studio', 'labelstudio_yolo_export.json', ['image1.png', 'image2.png'], 5],
] as const)(
  'the real %s file %s comes in and goes out again without loss',
  async (given, { skip }) => {
    const [format, name, filenames, least] = given
    if (!existsSync(corpusFolder)) skip(corpusMissing)
    const file = readFileSync(`${corpusFolder}/${name}`, 'utf8')
    const { add, bring, take } = await importing()
    const ids: string[] = []
    for (const filename of filenames) ids.push(await add(filename))
    const brought = await bring(`format=${format}`, file)
    expect(brought.created).toBeGreaterThanOrEqual(least)
    expect(brought.documents.map(({ document_id: id }) => id)).toEqual(ids)
    const exported = JSON.parse(text(await take(format, ids)))
    expect(exported).toMatchObject(JSON.parse(file))
    const again = await bring(`format=${format}`, JSON.stringify(exported))
    expect(again).toMatchObject({ created: 0, existing: brought.created })
    expect(JSON.parse(text(await take(format, ids)))).toEqual(exported)
  },
)

test.each(formats)('the same boxes leave and return as %s', async (format) => {
  const { add, post, bring, take, list } = await importing()
  const [here, there] = [
    await add('here.pdf', ['a', 'b', 'c']),
    await add('there.pdf', ['a', 'b', 'c']),
  ]
  const regions = [
    { page: 1, box: [0.1, 0.2, 0.3, 0.05], label_name: 'total', value: '=1+1', confidence: 0.5 },
    { page: 1, box: [1 / 3, 0, 2 / 3, 1], label_name: 'ünï "quoted"', rotation: 12.5 },
    { page: 3, box: [0.5, 0.5, 0.25, 0.125], label_name: 'total', attributes: { a: [{ b: 2 }] } },
  ]
  for (const region of regions) await post('/', { document_id: here, ...region })
  const { created } = await bring(
    `format=${format}&document_id=${there}`,
    await take(format, [here]),
  )
  expect(created).toBe(3)
  const shown = (items: Listed[]) =>
    items.map(({ box, rotation, ...one }) => ({
      ...{ ...one, id: 0, document_id: 0, created_at: 0, updated_at: 0 },
      rotation: expect.closeTo(rotation, 6),
      box: box.map((side) => expect.closeTo(side, 6)),
    }))
  const strip = (items: Listed[]) =>
    items.map((one) => ({ ...one, id: 0, document_id: 0, created_at: 0, updated_at: 0 }))
  expect(strip(await list(there))).toEqual(shown(await list(here)))
})

test('documents are found by name, by its stem, and behind folders', async () => {
  const { add, bring } = await importing()
  const ids = [await add('a.png'), await add('b.pdf'), await add('c d.tif')]
  const file = coco('a.png', 'images/b.jpg', '/data/upload/1/0a1b2c3d-c%20d.tif')
  const { documents } = await bring('format=coco', file)
  expect(documents.map(({ document_id: id }) => id)).toEqual(ids)
})

test('a document that cannot be told is named, with what to do, and nothing is made', async () => {
  const { add, send, list, otherTenant } = await importing()
  const id = await add('a.png')
  await add('twice.png')
  await add('twice.png')
  await add('theirs.png', ['One.'], otherTenant)
  const reply = await send(
    'format=coco',
    coco('a.png', 'twice.png', 'theirs.png', 'none.png', 'a.jpg'),
  )
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<Problem>(reply)
  expect(errors.map(({ code, detail }) => [code, detail.split(':')[0]])).toEqual([
    ['ambiguous_document', 'document "twice.png"'],
    ['unknown_document', 'document "theirs.png"'],
    ['unknown_document', 'document "none.png"'],
    ['repeated_document', 'document "a.jpg"'],
  ])
  expect(await list(id)).toEqual([])
  const several = await send(`format=coco&document_id=${id}`, coco('x', 'y'))
  expect((await bodyOf<Problem>(several)).errors[0]?.code).toBe('several_documents')
})

test('a dry run counts and writes nothing', async () => {
  const { add, bring, list } = await importing()
  const id = await add('a.png')
  const counts = { created: 1, restored: 0, existing: 0 }
  expect(await bring('format=coco&dry_run=true', coco('a.png'))).toEqual({
    ...{ import_id: null, ...counts, documents: [{ document_id: id, name: 'a.png', ...counts }] },
  })
  expect(await list(id)).toEqual([])
})

test('the same file sent twice with one Idempotency-Key is imported once', async () => {
  const { add, send, list } = await importing()
  const id = await add('a.png')
  const key = { 'idempotency-key': crypto.randomUUID() }
  const first = await bodyOf(await send('format=coco', coco('a.png'), key))
  const second = await send('format=coco', coco('a.png'), key)
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect(await bodyOf(second)).toEqual(first)
  expect((await send('format=coco', coco('a.png', 'b'), key)).status).toBe(422)
  const other = await add('b.png')
  expect((await send(`format=coco&document_id=${other}`, coco('a.png'), key)).status).toBe(422)
  expect(await list(id)).toHaveLength(1)
})

test('labels of YOLO find their documents by the name of their file', async () => {
  const { add, bring, list } = await importing()
  const id = await add('scan-1.png')
  const encoded = (content: string) => new TextEncoder().encode(content)
  const archive = zipSync({
    'set/classes.txt': encoded('total\n'),
    'set/labels/scan-1.txt': encoded('0 0.5 0.5 0.2 0.1\n'),
    'set/images/scan-1.png': new Uint8Array(10),
  })
  expect(await bring('format=yolo', archive)).toMatchObject({ created: 1 })
  expect((await list(id))[0]?.box).toEqual(
    [0.4, 0.45, 0.2, 0.1].map((side) => expect.closeTo(side, 9)),
  )
})

test('foreign FUNSD forms need the size of their pages', async () => {
  const { add, send, bring, list } = await importing()
  const id = await add('form.png')
  const form = { form: [{ id: 0, box: [10, 20, 30, 40], text: 'a', label: 'question', words: [] }] }
  const archive = zipSync({ 'form.json': new TextEncoder().encode(JSON.stringify(form)) })
  const refused = await send('format=funsd', archive)
  expect((await bodyOf<Problem>(refused)).detail).toContain('does not tell the size')
  await bring('format=funsd&page_width=100&page_height=200', archive)
  expect((await list(id))[0]?.box).toEqual(
    [0.1, 0.1, 0.2, 0.1].map((side) => expect.closeTo(side, 9)),
  )
})

test.each<[string, string, unknown, number]>([
  ['no format', '', coco('a.png'), 422],
  ['no JSON', 'format=coco', '{', 422],
  ['no UTF-8', 'format=coco', new Uint8Array([0x22, 0xff, 0x22]), 422],
  ['no archive', 'format=yolo', 'labels', 422],
  ['a NUL', 'format=coco', coco('a.png').replace('total', 'to\\u0000tal'), 422],
  ['a box off the page', 'format=coco', coco('a.png').replace('20,10', '2000,10'), 422],
])('a file with %s is refused', async (_, query, body, status) => {
  const { add, send, list } = await importing()
  const id = await add('a.png')
  const reply = await send(query, body)
  expect(reply.status).toBe(status)
  expect(await list(id)).toEqual([])
})

test('a file of 16 MiB is read, and one of a byte more is refused, also when only its content is that large', async () => {
  const { send } = await importing()
  const bytes = new Uint8Array(16 * 1024 * 1024 + 1).fill(0x20)
  expect((await send('format=coco', bytes.subarray(1))).status).toBe(422)
  expect((await send('format=coco', bytes)).status).toBe(413)
  const refused = await send('format=yolo', zipSync({ 'labels/a.txt': bytes }))
  expect((await bodyOf<Problem>(refused)).detail).toContain(`${bytes.length - 1}`)
})

test('of a caller who goes away in the middle of a file nothing stays', async () => {
  const { add, send, list } = await importing()
  const id = await add('a.png')
  const { body, send: sendPart, goAway } = caller()
  const reply = send('format=coco', body)
  sendPart(coco('a.png').slice(0, -10))
  goAway()
  expect((await reply).status).toBe(400)
  expect(await list(id)).toEqual([])
})

test('viewers import nothing', async () => {
  const { add, post } = await importing()
  await add('a.png')
  const reply = await post('/import?format=coco', coco('a.png'), { as: 'viewer' })
  expect(reply.status).toBe(403)
})
