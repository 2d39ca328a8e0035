import { expect, test } from 'vitest'
import { conferences, conferenceYaml } from '../../test/fixtures/conferences.ts'

const edition = (id: string, year: number, day: string) => ({ id, year, rounds: [{ paper: day }] })
const past = edition('conf25', 2025, '2024-06-11 12:00')
const wrong = edition('conf72', 2072, '2071-06-11 12:00')
const right = edition('conf27', 2027, '2027-06-11 12:00')

test('what a mistake announced is withdrawn when the source mends it, and old years stay', async () => {
  const { bring, read, get, changes } = await conferences()
  const { conferences: made } = await bring(conferenceYaml([past, wrong]))
  const id = made[0]?.id
  const { conferences: verdicts } = await bring(conferenceYaml([right]))
  expect(verdicts[0]?.changes).toEqual([
    'CONF 2027 was added.',
    'CONF 2072: paper deadline was withdrawn: 2071-06-11 12:00 AoE.',
  ])
  const { editions } = await read(id)
  expect(editions.map(({ key, rounds }) => [key, rounds.length])).toEqual([
    ['conf25', 1],
    ['conf27', 1],
    ['conf72', 0],
  ])
  const calendar = await (await get(`/${id}/calendar.ics`)).text()
  expect(calendar.match(/^(?:SUMMARY|STATUS):.*/gm)).toEqual([
    ...['SUMMARY:CONF 2072: paper deadline', 'STATUS:CANCELLED'],
    ...['SUMMARY:CONF 2027: paper deadline', 'STATUS:CONFIRMED'],
    ...['SUMMARY:CONF 2025: paper deadline', 'STATUS:CONFIRMED'],
  ])
  const told = await changes(id)
  await bring(conferenceYaml([right]))
  expect(await changes(id)).toEqual(told)
})

test('a forgotten edition that the source has again has its deadlines again', async () => {
  const { bring, read, changes } = await conferences()
  const { conferences: made } = await bring(conferenceYaml([past, right]))
  const before = await read(made[0]?.id)
  await bring(conferenceYaml([past]))
  await bring(conferenceYaml([past, right]))
  expect((await read(made[0]?.id)).editions).toEqual(before.editions)
  const kinds = (await changes(made[0]?.id)).map(({ kind }) => kind)
  expect(kinds).toEqual(['returned', 'withdrawn', 'added'])
})

test('conferences whose keys begin alike stay apart by their keys in dblp', async () => {
  const { bring } = await conferences()
  const file = (title: string, dblp: string) =>
    conferenceYaml([edition('sp27', 2027, '2026-06-11')], { title, dblp })
  await bring(file('S&P', 'sp'))
  const other = await bring(file('SP', 'signal'))
  expect(other.conferences).toMatchObject([{ verdict: 'created', title: 'SP' }])
  for (const text of [file('S&P', 'sp'), file('SP', 'signal')])
    expect(await bring(text)).toMatchObject({ conferences: [{ verdict: 'unchanged' }] })
})
