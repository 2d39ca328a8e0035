import { expect, test } from 'vitest'
import { recognitionScale } from './scale.ts'

const a4 = { widthPoints: 595, heightPoints: 842 }

test.each([
  ['a page of a PDF file is drawn as asked', a4, null, 300],
  ['so is a scan, however fine', a4, 600, 300],
  ['a photo is read as it is', { widthPoints: 4_000, heightPoints: 3_000 }, 72, 72],
  ['a screen is enlarged', { widthPoints: 1_500, heightPoints: 1_000 }, 72, 144],
  ['a small one three times at most', { widthPoints: 200, heightPoints: 100 }, 72, 216],
] as const)('%s', (_, size, nativeDpi, dpi) => {
  const scale = recognitionScale(size, { nativeDpi, dpi: 300 })
  expect(scale).toEqual({ dpi: expect.closeTo(dpi, 3) })
})

test('a poster is drawn smaller', () => {
  const poster = { widthPoints: 2_384, heightPoints: 3_370 }
  const scale = recognitionScale(poster, { nativeDpi: null, dpi: 300 })
  const dpi = 'dpi' in scale ? scale.dpi : 0
  expect(((2_384 * dpi) / 72) * ((3_370 * dpi) / 72)).toBeCloseTo(16_000_000, -1)
})
