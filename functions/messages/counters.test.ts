import { test } from 'vitest'
import { CountingActs } from '../../test/fixtures/counting-acts.ts'
import { talking } from '../../test/fixtures/talking.ts'

const channels = 8
const actsEach = 1_250
const comparedEvery = 125

test('after 10,000 random acts what is unread and who is named is what counting everything gives', {
  timeout: 600_000,
}, async () => {
  const bench = await talking()
  const seeds = Array.from({ length: channels }, (_, place) => 20_261_121 + place)
  await Promise.all(
    seeds.map(async (seed) => {
      const acts = await CountingActs.begin(bench, seed)
      for (let number = 1; number <= actsEach; number += 1) {
        await acts.act()
        if (number % comparedEvery === 0) await acts.compare()
      }
    }),
  )
})
