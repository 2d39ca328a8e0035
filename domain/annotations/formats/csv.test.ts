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
])('the CSV %j is refused with its line', (text, message) => {
  expect(() => importCsv(text)).toThrow(message)
})
