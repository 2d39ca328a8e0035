import { ImportFault } from './model.ts'

// What a spreadsheet would run as a formula, in half and full width, behind any number of our own marks. A mark alone
// stands for the empty text, since an empty cell stands for none.
const needsMark = /^'*(?:[=+\-@\t\r\n＝＋－＠]|$)/
const isMarked = /^'+(?:[=+\-@\t\r\n＝＋－＠]|$)/
// Quoted for every separator a spreadsheet may be set to, lest the part behind one becomes a cell of its own.
const needsQuotes = /[",;|\t\r\n]|^\s|\s$/

export type CsvRecord = { line: number; cells: (string | null)[] }

/** One row with its line end; `null` is an empty cell. Negative numbers are marked too, and read back as numbers. */
export function csvRow(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cellText).join(',')}\r\n`
}

function cellText(cell: string | number | null): string {
  if (cell === null) return ''
  const text = String(cell)
  const marked = needsMark.test(text) ? `'${text}` : text
  return needsQuotes.test(marked) ? `"${marked.replaceAll('"', '""')}"` : marked
}

function cellValue(text: string): string | null {
  if (text === '') return null
  return isMarked.test(text) ? text.slice(1) : text
}

// One cell and what ends it: quoted, or bare up to the next separator or line end.
const cellPatterns = {
  ',': /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y,
  ';': /(?:"([^"]*(?:""[^"]*)*)"|([^";\r\n]*))(;|\r\n|\n|\r|$)/y,
  '\t': /(?:"([^"]*(?:""[^"]*)*)"|([^"\t\r\n]*))(\t|\r\n|\n|\r|$)/y,
}
type Separator = keyof typeof cellPatterns
const separators = [',', ';', '\t'] as const

// A header is short; what is longer is none, and would only cost time.
const headerCharactersMax = 64 * 1024

/** What stands most often between the names of the header: spreadsheets write what their country uses. */
function separatorOf(text: string): Separator {
  const start = text.slice(0, headerCharactersMax).replace(/^\uFEFF?[\r\n]*/, '')
  const [header = ''] = start.replaceAll(/"[^"]*"/g, '').split(/[\r\n]/, 1)
  const countOf = (separator: Separator) => header.split(separator).length
  return separators.reduce((best, one) => (countOf(one) > countOf(best) ? one : best))
}

/**
 * Rows after RFC 4180, line ends of any kind, a byte order mark passed over, blank lines left out; the first row tells
 * whether comma, semicolon or tab separates the cells.
 * @throws {ImportFault} naming the line where a quote is not closed or stands within a bare cell
 */
export function* csvRecords(text: string): Generator<CsvRecord, undefined> {
  const separator = separatorOf(text)
  const pattern = new RegExp(cellPatterns[separator])
  pattern.lastIndex = text.startsWith('\uFEFF') ? 1 : 0
  let line = 1
  let record: CsvRecord = { line, cells: [] }
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text)
    if (!match) throw new ImportFault(`line ${line}`, 'a quote is not closed or out of place')
    const [whole, quoted, bare = '', end] = match
    record.cells.push(cellValue(quoted?.replaceAll('""', '"') ?? bare))
    line += lineEnds(whole)
    if (end === separator) {
      // A separator at the very end of the text is followed by one more, empty, cell.
      if (pattern.lastIndex === text.length) record.cells.push(null)
      else continue
    }
    const isBlank = record.cells.length === 1 && record.cells[0] === null
    if (!isBlank) yield record
    record = { line, cells: [] }
  }
}

function lineEnds(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0
}
