import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { marked, searching } from '../../test/fixtures/searching.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { formatTsquery, parseTsquery, type QueryNode } from './tsquery.ts'
import { understand } from './understanding.ts'

async function said(...texts: string[]) {
  const bundle = await searching()
  const { db, tenant, find } = bundle
  const channel = await addChannel(db, { tenantId: tenant.id })
  for (const text of texts) await addMessage(db, channel, { userId: tenant.admin.id, text })
  const found = async (q: string) => (await find(q)).items.flatMap(marked).sort()
  return { ...bundle, found }
}

test.each([
  ['invoi*', ['invoice', 'invoiced', 'invoicing']],
  ['INVOIC*', ['invoice', 'invoiced', 'invoicing']],
  ['invo* -invoi*', ['invoked']],
  ['runni*', ['run', 'running']],
  ['relati*', ['relation']],
  ['happin*', ['happiness']],
  ['größ*', ['Größe']],
  ['202*', ['2026']],
  ['well-kno*', ['well-known']],
  ['"the invo*"', ['the invoked']],
  ['"an invo* first"', ['an invoice first']],
  ['invoked OR rela*', ['invoked', 'relation']],
  ['-"an invoice" invoi*', ['invoiced', 'invoicing']],
])('%s finds %j', async (q, words) => {
  const { found } = await said(
    ...['an invoice first', 'invoiced', 'invoicing', 'the invoked', 'a runt', 'run', 'running'],
    ...['relation', 'happiness', 'Größe', '2026', 'well-known'],
  )
  expect(await found(q)).toEqual(words)
})

test.each(['a*b', '* invoice', 'invoice *', '*invoice', '**'])(
  'a star that ends no word means nothing: %j',
  async (q) => {
    const { db } = await openTestDatabase()
    expect(await understand(db, q)).toEqual(await understand(db, q.replaceAll('*', '+')))
  },
)

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          '"',
          "'",
          '\\',
          '*',
          ':*',
          '-',
          '--',
          '!',
          '&',
          '|',
          '<->',
          '<2>',
          '(',
          ')',
          'or',
          'OR',
        ],
        ...[' ', '  ', '\n', ':A', "''", '\\\\', '%', '_', '$1', 'xqzj', 'invoi*', 'a', '\u0301*'],
        ...['http://a.b/c*', 'a@b.c*', '/usr/bin*', '<b>*', '&amp;*', '1.5*', '-2*', 'ﷺ*', 'ß*'],
      ),
      fc.string({ unit: 'grapheme', maxLength: 9 }),
      fc.string({ unit: 'binary', maxLength: 9 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed().slice(0, 500).toWellFormed())

const hasPrefix = (node: QueryNode): boolean => JSON.stringify(node).includes('"prefix":""')

test('whatever is typed is understood or has no words, and what is understood is a query', async () => {
  const { db } = await openTestDatabase()
  await fc.assert(
    fc.asyncProperty(hostile, async (text) => {
      const query = await understand(db, text)
      if (!query) return
      expect(hasPrefix(query)).toBe(false)
      const [row] = await db.execute<{ nodes: number }>(
        sql`select numnode(${formatTsquery(query)}::tsquery) as nodes`,
      )
      expect(row?.nodes).toBeGreaterThan(0)
    }),
    { numRuns: 400 },
  )
})

test.each([
  ['S&P', `'s' <-> 'p'`],
  ['the R&D of AT&T', `'the' & 'r' <-> 'd' & 'of' & 'at' <-> 't'`],
  ['-S&P x', `!( 's' <-> 'p' ) & 'x'`],
  ['"an S&P"', `'an' <-> 's' <-> 'p'`],
  ['Ö&Ü OR 3&4', `'o' <-> 'u' | '3' <-> '4'`],
  ['this & that', `'this' & 'that'`],
  ['a&amp;b', `'a' & 'amp' <-> 'b'`],
  ['PLDI-27', `'pldi' <-> ( '-27' | '27' )`],
  ['-x-1.5 y', `!( 'x' <-> ( '-1.5' | '1.5' ) ) & 'y'`],
  ['y -27', `'y' & !'27'`],
])('names with signs are phrases: %s', async (q, wanted) => {
  const { db } = await openTestDatabase()
  expect(await understand(db, q)).toEqual(parseTsquery(wanted))
})

test.each([
  ['S&P', 'a list of S&P, AT&T'],
  ['-S&P list', 'a list of P and S'],
  ['"at&t"', 'a list of S&P, AT&T'],
  ['covid-19', 'COVID 19 and 20'],
  ['"covid-20"', 'COVID-20'],
])('%s finds %j alone', async (q, text) => {
  const { find } = await said(
    ...['a list of S&P, AT&T', 'a list of P and S', 'COVID 19 and 20', 'COVID-20'],
  )
  expect((await find(q)).items.map(({ snippet }) => snippet)).toEqual([text])
})

test('what has no prefix is what Postgres makes of it', async () => {
  const { db } = await openTestDatabase()
  await fc.assert(
    fc.asyncProperty(
      hostile.map((text) => text.replaceAll(/[*&]|xqzj/g, '').replaceAll(/-+(?=\d)/g, '')),
      async (text) => {
        const query = await understand(db, text)
        const written = query ? formatTsquery(query) : ''
        const [row] = await db.execute<{ same: boolean }>(sql`
          select ${written}::tsquery = websearch_to_tsquery('octavo_text', ${text}) as same`)
        expect(row?.same).toBe(true)
      },
    ),
    { numRuns: 200 },
  )
})

test.each([`${'ﷺ'.repeat(499)}*`, '½*'.repeat(250), '𝒜'.repeat(250), `${'𝒜'.repeat(249)}*`])(
  'the longest words are no error',
  async (q) => {
    const { ask } = await said('nothing')
    expect([200, 422]).toContain((await ask(q)).status)
  },
)
