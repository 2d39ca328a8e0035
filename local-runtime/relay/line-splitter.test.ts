import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineSplitter } from './line-splitter.ts'

function split(chunks: Buffer[], lineCharactersMax = 100) {
  const lines: string[] = []
  let oversized = 0
  const splitter = new LineSplitter({
    lineCharactersMax,
    onLine: (line) => lines.push(line),
    onOversize: () => {
      oversized += 1
    },
  })
  for (const chunk of chunks) splitter.write(chunk)
  splitter.end()
  return { lines, oversized }
}

test('wherever the stream is cut, also inside a character, the lines are the same', () => {
  const text = '{"a":"ü"}\n\n😀 zwei\nhalf'
  const bytes = Buffer.from(text)
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const chunks = edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
      expect(split(chunks)).toEqual({ lines: ['{"a":"ü"}', '😀 zwei', 'half'], oversized: 0 })
    }),
  )
})

test('a line that never ends is skipped without being held, and the next one is read', () => {
  const chunks = Array.from({ length: 50 }, () => Buffer.from('x'.repeat(30)))
  expect(split([...chunks, Buffer.from('x\nnext\n')])).toEqual({ lines: ['next'], oversized: 1 })
})
