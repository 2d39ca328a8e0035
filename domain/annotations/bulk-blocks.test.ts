import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Line, lineBlocks, lineBytesMax } from './bulk-blocks.ts'

function streamOf(bytes: Uint8Array, cuts: readonly number[]): ReadableStream<Uint8Array> {
  const ends = [...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b)
  const starts = [0, ...ends]
  const chunks = starts.map((start, index) => bytes.slice(start, ends[index] ?? bytes.length))
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift()
      if (chunk) controller.enqueue(chunk)
      else controller.close()
    },
  })
}

async function linesOf(bytes: Uint8Array, cuts: readonly number[] = []): Promise<Line[]> {
  const lines: Line[] = []
  for await (const block of lineBlocks(streamOf(bytes, cuts))) {
    expect(block.firstLine).toBe(lines.length + 1)
    lines.push(...block.lines)
  }
  return lines
}

const encoded = (text: string) => new TextEncoder().encode(text)

test('lines are the same wherever the body is cut', async () => {
  const texts = fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' ')))
  const promise = fc.asyncProperty(texts, fc.array(fc.nat()), async (lines, cuts) => {
    const text = lines.join('\n').replace(/^\uFEFF/, '')
    const expected = text === '' ? [] : text.replace(/\n$/, '').split('\n')
    expect(await linesOf(encoded(text), cuts)).toEqual(expected)
  })
  await fc.assert(promise)
})

test('megabytes of lines keep their order and their numbers', async () => {
  const expected = Array.from({ length: 40_000 }, (_, number) => `${number} ${'x'.repeat(100)}`)
  const bytes = encoded(expected.join('\n'))
  const cuts = Array.from({ length: 200 }, (_, number) => number * 65_536)
  expect(await linesOf(bytes, cuts)).toEqual(expected)
})

test.each([
  ['in the midst', 'a\n', '\nb', ['a', { fault: 'too_long' }, 'b']],
  ['at the end', 'a\n', '', ['a', { fault: 'too_long' }]],
  ['at the beginning', '', '\nb', [{ fault: 'too_long' }, 'b']],
])(
  'a line that is too long is passed over %s and keeps its number',
  async (_, before, after, lines) => {
    for (const length of [lineBytesMax + 1, 3_000_000]) {
      const bytes = encoded(`${before}${'x'.repeat(length)}${after}`)
      const cuts = Array.from({ length: 50 }, (_, number) => number * 65_536)
      expect(await linesOf(bytes, cuts)).toEqual(lines)
    }
  },
)

test('bytes that are no UTF-8 spoil their own line alone', async () => {
  const bytes = new Uint8Array([...encoded('ü\n'), 0xff, 0xfe, ...encoded('\nb')])
  expect(await linesOf(bytes)).toEqual(['ü', { fault: 'not_utf8' }, 'b'])
})

test('a body that breaks off is an error, not an end', async () => {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoded('a\nb')),
    pull: (controller) => controller.error(new Error('gone')),
  })
  const blocks = lineBlocks(body)
  await expect(blocks.next()).rejects.toThrow('gone')
})
