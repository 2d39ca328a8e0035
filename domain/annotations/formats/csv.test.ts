import { expect, test } from 'vitest'
import { exportCsv, importCsv } from './csv.ts'
import { csvRecords, csvRow } from './csv-cells.ts'
import type { Annotation, AnnotationSet } from './model.ts'

const page = { number: 1, width: 100, height: 50, attributes: {} }
const annotation: Annotation = {
  id: 'a',
  documentId: 'd',
  page: 1,
  box: [0.1, 0.2, 0.3, 0.4],
  rotation: -5,
  labelType: 'text',
  labelName: 'total',
  value: '=HYPERLINK("http://x")',
  attributes: {},
  confidence: null,
  source: 'human',
  validation: 'pending',
}

async function exported(annotations: Annotation[]): Promise<string> {
  const pages = [page, { ...page, number: 2 }]
  const documents = [{ id: 'd', name: 'D', attributes: {}, pages }]
  const set: AnnotationSet = { documents, annotations, attributes: {} }
  let text = ''
  for await (const chunk of exportCsv(set)) text += chunk
  return text
}

test.each(['=1', '+1', '-1', '@a', '\ta', '\ra', "'=1", "''@", 'a;=1', '＝1', '', "'", ' =1'])(
  'no spreadsheet runs the cell %j, and it reads back as it was',
  (cell) => {
    const row = csvRow([cell, 'b'])
    expect(row).toMatch(/^"?(?:'|a| )/)
    expect([...csvRecords(row)].map(({ cells }) => cells)).toEqual([[cell, 'b']])
  },
)

test('a formula in a value leaves marked, and a page without annotations is a row', async () => {
  const lines = (await exported([annotation])).split('\r\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toContain(`"'=HYPERLINK(""http://x"")"`)
  expect(lines[1]).toContain(",'-5,")
  expect(lines[2]).toMatch(/^d,D,,2,100,50,,+$/)
})

test('annotations out of the order of the pages stop the export, none is left out', async () => {
  const promise = exported([{ ...annotation, page: 2 }, annotation])
  await expect(promise).rejects.toThrow(RangeError)
})

test("a spreadsheet's own file with few columns in another order is read", () => {
  const text = '\uFEFFpage,document_id,x,y,width,height,label_name\n\n1,d,0,0,1,"0.5","a\n""b"""\n'
  const { documents, annotations } = importCsv(text)
  expect(documents).toEqual([{ id: 'd', name: 'd', attributes: {}, pages: [expect.anything()] }])
  expect(annotations).toMatchObject([{ box: [0, 0, 1, 0.5], labelName: 'a\n"b"', id: 'line 3' }])
})

test.each([';', '\t'])(
  'a spreadsheet may separate its own cells, and those it was given, by %j',
  async (separator) => {
    const text = await exported([{ ...annotation, value: 'a,b;c\td "e"' }])
    const { attributes: _, ...rest } = importCsv(text)
    const rows = [...csvRecords(text)].map(({ cells }) =>
      cells.map((cell) => (cell === null ? '' : `"${cell.replaceAll('"', '""')}"`)).join(separator),
    )
    expect(rest.annotations).toHaveLength(1)
    expect(importCsv(rows.join('\r\n'))).toMatchObject(rest)
    const bare = rows.with(0, rows[0]?.replaceAll('"', '') ?? '')
    expect(importCsv(bare.join('\r\n'))).toMatchObject(rest)
  },
)

test('the columns are known in any case and with blanks around them', () => {
  const text = ' Document_ID,PAGE ,Label_Name,X,Y,Width,Height\nd,1,a,0,0,1,1\n'
  expect(importCsv(text)).toEqual(importCsv(text.toLowerCase().replaceAll(' ', '')))
  expect(importCsv(text).annotations).toMatchObject([{ documentId: 'd', labelName: 'a' }])
})

const regionHeader = 'page,label_name,x,y,width,height'
test('a document is known by its name alone, and without a column for it all is of one', () => {
  const named = importCsv(`document_name,${regionHeader}\na.pdf,1,l,0,0,1,1\nb.pdf,1,l,0,0,1,1\n`)
  expect(named.documents.map(({ name }) => name)).toEqual(['a.pdf', 'b.pdf'])
  expect(named.annotations.map(({ documentId }) => documentId)).toEqual(['a.pdf', 'b.pdf'])
  const unnamed = importCsv(`${regionHeader}\n1,l,0,0,1,1\n2,l,0,0,1,1\n`)
  expect(unnamed.documents).toMatchObject([{ name: '' }])
  expect(unnamed.annotations).toHaveLength(2)
})

test("only what is alone in its row is the set's own, and rows of empty cells say nothing", () => {
  const text = `document_id,attributes,${regionHeader}\n,"{""a"":1}",,,,,,\n,,,,,,,\nd,,1,l,0,0,1,1\n,,,,,,,\n`
  expect(importCsv(text)).toMatchObject({ attributes: { a: 1 }, annotations: [{ labelName: 'l' }] })
})

const header = 'document_id,page,x,y,width,height,label_name,attributes\n'
test.each([
  ['', 'line 1: must name the columns'],
  [`${header}d,1\n`, 'line 2: has 2 cells, the header has 8'],
  [`${header}d,1,0,0,1,1,a,\n\nd,0,0,0,1,1,a,\n`, 'line 4: "page" must be a whole number from 1'],
  [`${header}d,1,zero,0,1,1,a,\n`, 'line 2: "x" must be a number'],
  [`${header}d,1,0.5,0,1,1,a,\n`, 'line 2: the box must lie on the page'],
  [`${header}d,1,0,0,1,1,,\n`, 'line 2: "label_name" must be a text'],
  [`${header}d,1,0,0,1,1,a,[1]\n`, 'line 2, column attributes: must be an object'],
  [`${header}d,1,0,0,1,1,a,{\n`, 'line 2, column attributes: is no JSON'],
  [`${header}d,1,0,0,1,1,"a,\n`, 'line 2: a quote is not closed or out of place'],
  [`${header}d,1,0,0,1,1,a"b,\n`, 'line 2: a quote is not closed or out of place'],
  ['a,b\n1,2\n', 'line 1: lacks columns: page, label_name, x, y, width, height'],
  ['document_id;page;label_name;x\n', 'line 1: lacks columns: y, width, height'],
  [`X,${header}`, 'line 1: names the column x twice'],
  [`${header},1,0,0,1,1,a,\n`, 'line 2: "document_id" or "document_name" must name the document'],
  [`${header},1,0,0,1,1,a,{}\n`, 'line 2: "document_id" or "document_name" must name the document'],
  [`${header},,,,,,,{}\n,,,,,,,{}\n`, 'line 3: the attributes of the file occur twice'],
  [`${header}d,,0,0,1,1,a,\n`, 'line 2: "page" must be a number'],
  [`${header}d,1,,0,1,1,,\n`, 'line 2: "x" must be a number'],
  [`${regionHeader},note\n,,,,,,n\n`, 'line 2: "page" must be a number'],
])('the CSV %j is refused with its line', (text, message) => {
  expect(() => importCsv(text)).toThrow(message)
})
