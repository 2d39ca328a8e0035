import { expect, test } from 'vitest'
import { judgeSource } from '../../domain/conferences/checks.ts'
import { factsOf } from '../../domain/conferences/checks-facts.ts'
import { lossesOf } from '../../domain/conferences/checks-losses.ts'
import { readFiles, rehearseImport } from '../../domain/conferences/importing.ts'
import { RefreshOrder } from '../../domain/conferences/refresh-order.ts'
import { conferenceFiles, conferences, conferencesFolder } from '../../test/fixtures/conferences.ts'

const file = `- title: CONF
  description: A conference
  sub: SE
  rank:
    ccf: A
  dblp: conf
  confs:
    - year: 2026
      id: conf26
      link: https://example.org/2026
      timeline:
        - deadline: '2026-01-11 23:59:59'
          comment: Winter
        - abstract_deadline: '2026-06-04 23:59:59'
          deadline: '2026-06-11 23:59:59'
          comment: Summer
      timezone: AoE
      date: November 1-5, 2026
      place: Oslo
    - year: 2027
      id: conf27
      link: https://example.org/2027
      timeline:
        - deadline: '2027-01-11 23:59:59'
        - deadline: '2027-06-11 23:59:59'
      timezone: UTC-8
      date: November 1-5, 2027
      place: Bergen
- title: OTHER
  sub: SE
  dblp: other
  confs: []
`

const order = RefreshOrder.parse({ source: { url: 'https://example.com' }, floor: { series: 0 } })

/** What would be withdrawn, by checks that know nothing of volume, of the beginning of a text up to each of its lines. */
async function withdrawn(text: string) {
  const { bring, db, tenant } = await conferences()
  await bring(text)
  const lines = text.split('\n')
  const found = { withdrawn: [] as string[], refused: 0 }
  for (let count = 1; count < lines.length; count += 1) {
    const files = await readFiles([{ path: null, text: lines.slice(0, count).join('\n') }])
    const at = new Date('2026-11-20T08:00:00Z')
    const verdicts = await rehearseImport(db, { tenantId: tenant.id, at, files })
    const changes = verdicts.flatMap((verdict) => verdict.changes)
    const withdrawals = changes.filter((one) => one.includes('withdrawn'))
    const judged = judgeSource({
      ...{ facts: factsOf(files), order, now: at },
      losses: await lossesOf(db, { tenantId: tenant.id, files, now: at }),
      earlier: { facts: null, importedAt: null },
    })
    const losses = judged.find(({ name }) => name === 'losses')
    if (losses?.verdict === 'failed') found.refused += 1
    else found.withdrawn.push(...withdrawals.map((one) => `${count}: ${one}`))
  }
  return found
}

test('a file in the usual order withdraws nothing, wherever it is cut off', async () => {
  const found = await withdrawn(file)
  expect(found.withdrawn).toEqual([])
  expect(found.refused).toBeGreaterThan(0)
})

test('the largest real file withdraws nothing, wherever it is cut off', async ({ skip }) => {
  if (!conferencesFolder) return skip('no sample files: set CORPUS_DIR to their folder')
  const texts = Object.values(conferenceFiles())
  const largest = texts.toSorted((a, b) => b.length - a.length)[0] ?? ''
  expect(largest.length).toBeGreaterThan(1_000)
  expect((await withdrawn(largest)).withdrawn).toEqual([])
})
