import { expect, test } from 'vitest'
import { geoFile, geoFolder, geoMissing } from '../../test/fixtures/geo.ts'
import { type PlaceSuggestion, placeSuggesting } from '../../test/fixtures/place-suggesting.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Page = { items: PlaceSuggestion[]; next_cursor: string | null }
type City = { properties: { name: string; pop_max: number } }

test('each of 243 capitals is found in a text that names them all, and nothing else is', async ({
  skip,
}) => {
  if (!geoFolder) return skip(geoMissing)
  const { place, document, run, get } = await placeSuggesting()
  const { features } = JSON.parse(geoFile('geo/ne_110m_populated_places_simple.json')) as {
    features: City[]
  }
  expect(features).toHaveLength(243)
  for (const { properties } of features)
    await place(properties.name, { collection: 'cities', properties })
  const names = features.map(({ properties: { name } }) => name)
  const sentences = names.map((name) => `We have been to ${name} and liked it, a nice town.`)
  const documentId = await document(
    ...[sentences.slice(0, 100), sentences.slice(100)].map((page) => page.join('\n')),
  )
  const found = await run(documentId, 'cities')
  expect(found).toMatchObject({ documents: 1, open: new Set(names).size })
  const seen: string[] = []
  for (let cursor = ''; ; ) {
    const page = await bodyOf<Page>(await get(`/suggestions?limit=100${cursor}`))
    for (const { place: shown, mention_count: count, mentions } of page.items) {
      const written = shown.name.replace(/\.$/, '')
      expect(mentions.map(({ quote }) => quote)).toEqual(Array(count).fill(written))
      seen.push(...Array(count).fill(shown.name))
    }
    if (page.next_cursor === null) break
    cursor = `&cursor=${page.next_cursor}`
  }
  expect(seen.sort()).toEqual(names.toSorted())
})
