import { describe, expect, test } from 'vitest'
import { mentionsOf, type NamedPlace } from './mentions.ts'
import { placeNameKeys } from './names.ts'

const placeOf = (spec: string): NamedPlace => {
  const [name = '', ...aliases] = spec.split('|')
  return { id: name, name, aliases }
}

const gazetteer = (specs: readonly string[]) => {
  const found = new Map<string, NamedPlace[]>()
  for (const place of specs.map(placeOf))
    for (const key of placeNameKeys(place.name, place.aliases))
      found.set(key, [...(found.get(key) ?? []), place])
  return found
}

const quotes = (text: string, specs: readonly string[]) =>
  mentionsOf(text, gazetteer(specs)).map(({ quote, start, end }) => {
    expect(text.slice(start, end)).toBe(quote)
    return quote
  })

type Case = [text: string, names: string[], found: string[]]

describe('a name is found', () => {
  test.each<Case>([
    ['He went to Paris.', ['Paris'], ['Paris']],
    ['PARIS, a heading', ['Paris'], ['PARIS']],
    ["Paris's streets, Paris’s bridges, the Paris-based firm", ['Paris'], Array(3).fill('Paris')],
    ['New York and York', ['New York', 'York'], ['New York', 'York']],
    ['the New York-London flight', ['New York', 'York', 'London'], ['New York', 'London']],
    ['in New\nYork', ['New York'], ['New\nYork']],
    ['at Frank-\nfurt am Main', ['Frankfurt am Main', 'Frankfurt'], ['Frank-\nfurt am Main']],
    ['at Frank\u00ADfurt', ['Frankfurt'], ['Frank\u00ADfurt']],
    ['Baden-\nBaden', ['Baden-Baden'], ['Baden-\nBaden']],
    [
      'St. Louis and Saint Petersburg',
      ['Saint Louis', 'St Petersburg'],
      ['St. Louis', 'Saint Petersburg'],
    ],
    ["in N’Djamena and L'Aquila", ["N'Djamena", 'L’Aquila'], ['N’Djamena', "L'Aquila"]],
    ["à 's-Hertogenbosch", ["'s-Hertogenbosch"], ['s-Hertogenbosch']],
    ['Sao Paulo, São Paulo', ['São Paulo'], ['Sao Paulo', 'São Paulo']],
    ['Zu\u0308rich', ['Zürich'], ['Zu\u0308rich']],
    ['Washington, D.C. is a city', ['Washington D.C.', 'Washington'], ['Washington, D.C']],
    ['at 29 Palms', ['29 Palms'], ['29 Palms']],
    ['Rio de Janeiro', ['Rio de Janeiro'], ['Rio de Janeiro']],
    ['in Rio de Janeiro', ['Rio De Janeiro'], ['Rio de Janeiro']],
    ['sailing to the Bahamas', ['The Bahamas'], ['the Bahamas']],
    ['Москва и Αθήνα', ['Москва', 'Αθήνα'], ['Москва', 'Αθήνα']],
    ['Köln or Cologne', ['Köln|Cologne'], ['Köln', 'Cologne']],
    ['via Oz, not OZ', ['Oz'], ['Oz']],
    ['flying to CAN', ['Guangzhou|CAN'], ['CAN']],
    ['Rome', ['ROME'], ['Rome']],
    ['Nice', ['nice'], ['Nice']],
    ['القاهرة عاصمة', ['القاهرة'], ['القاهرة']],
    [
      'بالقاهرة والرياض ولندن وواشنطن',
      ['القاهرة', 'الرياض', 'لندن', 'واشنطن'],
      ['القاهرة', 'الرياض', 'لندن', 'واشنطن'],
    ],
    ['في واشنطن وباريس', ['واشنطن', 'اشنطن', 'باريس'], ['واشنطن', 'باريس']],
    ['在巴黎和伦敦之间', ['巴黎', '伦敦'], ['巴黎', '伦敦']],
    [
      '東京都に行く。ニューヨーク、パリ',
      ['東京', '京都', 'ニューヨーク', 'パリ'],
      ['東京', 'ニューヨーク', 'パリ'],
    ],
    ['我住在台北市', ['台北'], ['台北']],
    ['서울에서 부산광역시까지', ['서울', '부산'], ['서울', '부산']],
    ['ไปกรุงเทพมหานครและเชียงใหม่', ['เชียงใหม่'], ['เชียงใหม่']],
    ['在London的东京Tower', ['London', '东京'], ['London', '东京']],
    ['😀 Paris 😀', ['Paris'], ['Paris']],
  ])('in %j of %j', (text, names, found) => {
    expect(quotes(text, names)).toEqual(found)
  })
})

describe('there is no name', () => {
  test.each<[text: string, names: string[]]>([
    ['a nice day, reading a book', ['Nice', 'Reading', 'A']],
    ['Long beach walks', ['Long Beach']],
    ['Parisian Comparis', ['Paris']],
    ['Something new. York is elsewhere', ['New York']],
    ['Something New. York? New; York! New\n\nYork', ['New York']],
    ['OZ and oz and Öz', ['Oz']],
    ['Can we', ['Guangzhou|CAN']],
    ['nice', ['nice']],
    ['in 1770', ['1770']],
    ['one two three four five six Seven', ['One Two Three Four Five Six Seven']],
    ['', ['Paris']],
  ])('in %j of %j', (text, names) => {
    expect(quotes(text, names)).toEqual([])
  })
})

test('what no name has the length of is passed over, and names behind it are found', () => {
  expect(quotes(`${'X'.repeat(100_000)} Paris`, ['Paris'])).toEqual(['Paris'])
})

test('the longest of overlapping names counts, wherever it begins', () => {
  expect(quotes('Saint New York City', ['Saint New', 'New York City'])).toEqual(['New York City'])
})

test('all that share a name are told, and by which of their names', () => {
  const [mention] = mentionsOf('Paris', gazetteer(['Paris', 'Paris', 'Lutetia|Paris']))
  expect(mention?.places.map(({ by }) => by)).toEqual(['name', 'name', 'alias'])
})
