import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileLabelFormat, formatValueCharactersMax } from './label-format.ts'
import { formatCharactersMax, LabelFormatFault, readFormat } from './label-format-syntax.ts'

const piece = fc.constantFrom(
  ...['a', 'b', '.', '\\d', '\\W', '[ab]', '[^a-z]', '\\.', '^', '$', '\\p{Lu}', '😀', '\\u{61}'],
)
const suffix = fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?', '{0}', '')
/** Any expression of the syntax, small enough that the platform's own engine survives it. */
const { expression } = fc.letrec<{ expression: string; part: string }>((tie) => ({
  expression: fc
    .array(fc.array(tie('part'), { maxLength: 3 }), { minLength: 1, maxLength: 3 })
    .map((choices) => choices.map((parts) => parts.join('')).join('|')),
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    piece,
    fc.tuple(tie('expression'), suffix).map(([inner, repeat]) => `(${inner})${repeat}`),
    fc.tuple(tie('expression'), suffix).map(([inner, repeat]) => `(?:${inner})${repeat}`),
  ),
}))
const small = expression.filter((source) => source.length < 60)
const value = fc
  .array(fc.constantFrom('a', 'b', 'a', 'A', '1', '.', '\n', '😀', '\ud83d'), { maxLength: 7 })
  .map((signs) => signs.join(''))

test('a value matches exactly when the platform matches all of it', () => {
  const property = fc.property(small, value, (source, text) => {
    const native = new RegExp(`^(?:${source})$`, 'u').test(text)
    expect(compileLabelFormat(source).matches(text)).toBe(native)
  })
  fc.assert(property, { numRuns: 5_000 })
})

test.each<[source: string, yes: string[], no: string[]]>([
  ['\\d{3}-\\d{4}', ['555-0199'], ['555-019', '1555-0199', '555-0199\n', '']],
  ['\\d{3}\\-\\d{4}', ['555-0199'], ['555/0199']],
  ['^INV-(19|20)\\d{2}/[A-F0-9]+$', ['INV-2026/0A'], ['inv-2026/0A', 'INV-2126/0A']],
  ['(?<day>[0-3]?\\d)\\.(?<month>[01]?\\d)\\.', ['1.2.', '31.12.'], ['1.2', '41.1.']],
  ['[\\w.+\\-]+@[\\w\\-]+(\\.[\\w\\-]+)+', ['a.b+c@d-e.example'], ['a@b', '@b.c']],
  ['\\p{Lu}\\p{Ll}+', ['Ärger', 'Žena'], ['ärger', 'Ä']],
  ['[\\_\\%]|\\_', ['_', '%'], ['\\']],
  ['a{1000}', ['a'.repeat(1_000)], ['a'.repeat(999), 'a'.repeat(1_001)]],
  ['yes|no|', ['yes', 'no', ''], ['yesno', ' ']],
  ['.', ['😀'], ['\n', '😀😀']],
  ['\\ud83d\\ude00', ['😀'], ['\ud83d']],
  ['[]', [], ['', 'a']],
])('format %s takes what it says and nothing else', (source, yes, no) => {
  const format = compileLabelFormat(source)
  expect(yes.filter((text) => !format.matches(text))).toEqual([])
  expect(no.filter((text) => format.matches(text))).toEqual([])
})

const evil = [
  ...['(a+)+$', '(a|aa)+$', '(.*a){20}', '(a*)*b', '(a|a?)+b', '(x+x+)+y', '([a-zA-Z]+)*'],
  ...['^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*=.*', '(a?){30}a{30}', '(((a+)+)+)+', '(.+)+\\d'],
  ...['(a{0,20}){0,20}b', '\\s+$', '(\\w|_)*!', '([^,]*,)*[^,]*;'],
]

test.each(evil)('the steps of %s grow with the length of the value and no faster', (source) => {
  const format = compileLabelFormat(source)
  for (const [sign, end] of [
    ['a', '!'],
    ['x', ''],
    ['_', '\n'],
    [' ', 'b'],
    ['a,', ''],
  ] as const) {
    const [short = 0, long = 0] = [999, 9_999].map((length) => {
      const text = sign.repeat(length).slice(0, length) + end
      return format.measure(text).steps
    })
    // A little over ten: the first characters of a value find fewer ways open.
    expect(long).toBeLessThanOrEqual(short * 10.2)
    expect(long).toBeLessThanOrEqual(4 * (readFormat(source).size + 1) * 10_001)
  }
})

test('no format takes more steps than four for each of its places and each character', () => {
  const property = fc.property(small, value, (source, text) => {
    const { isMatch, steps } = compileLabelFormat(source).measure(text)
    expect(steps).toBeLessThanOrEqual(4 * (readFormat(source).size + 1) * (text.length + 1))
    expect(isMatch).toBe(compileLabelFormat(source).matches(text))
  })
  fc.assert(property, { numRuns: 2_000 })
})

test('a value of more than 10,000 characters is refused before a step is taken', () => {
  const format = compileLabelFormat('a*')
  expect(format.matches('a'.repeat(formatValueCharactersMax))).toBe(true)
  expect(format.measure('a'.repeat(formatValueCharactersMax + 1))).toEqual({
    isMatch: false,
    steps: 0,
  })
})

test.each<[source: string, position: number, message: RegExp]>([
  ['(a)\\1', 3, /refer back/],
  ['(?<x>a)\\k<x>', 7, /refer back/],
  ['a(?=b)', 1, /look ahead or behind/],
  ['a(?!b)', 1, /look ahead or behind/],
  ['(?<=a)b', 0, /look ahead or behind/],
  ['(?<!a)b', 0, /look ahead or behind/],
  ['x\\bword', 1, /Word boundaries/],
  ['(?i:a)', 0, /kind of group/],
  ['(ab', 0, /not closed/],
  ['ab)', 2, /closes no group/],
  ['a[b', 1, /not closed/],
  ['[z-a]', 0, /does not name characters/],
  ['\\p{Nonsense}', 0, /does not name characters/],
  ['a\\q', 1, /not known/],
  ['[a\\q]', 2, /not known/],
  ['a\\', 1, /backslash/],
  ['*a', 0, /nothing to repeat/],
  ['?a', 0, /nothing to repeat/],
  ['a++', 2, /nothing to repeat/],
  ['^*', 1, /cannot be repeated/],
  ['a{,3}', 1, /Write \{2\}/],
  ['a{3,2}', 1, /above the second/],
  ['a]', 1, /Write \\\]/],
  ['a{1001}', 1, /repeat less/],
  ['((a{100}){100}){100}', 9, /repeat less/],
  ['(((){1000}){1000}){1000}', 11, /repeat less/],
  ['a{99999}{99999}', 1, /repeat less/],
  ['a{600}|b{600}', 0, /repeat less/],
  ['a'.repeat(formatCharactersMax + 1), formatCharactersMax, /at most 500/],
])('%s is refused at %i in a plain sentence', (source, position, message) => {
  const fault = faultOf(source)
  expect(fault.position).toBe(position)
  expect(fault.message).toMatch(message)
  expect(fault.message).toMatch(/\.$/)
})

test('whatever is given is either compiled or refused by a fault within it', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...'()[]{}|*+?\\^$-,:<=!>.aub19pk\0'), maxLength: 40 }),
  )
  const property = fc.property(hostile, (source) => {
    try {
      compileLabelFormat(source).matches('aab')
    } catch (err) {
      if (!(err instanceof LabelFormatFault)) throw err
      expect(err.position).toBeGreaterThanOrEqual(0)
      expect(err.position).toBeLessThanOrEqual(source.length)
    }
  })
  fc.assert(property, { numRuns: 5_000 })
})

test('groups may be as deep as a format is long', () => {
  const depth = formatCharactersMax / 2
  const format = compileLabelFormat('('.repeat(depth) + ')'.repeat(depth))
  expect([format.matches(''), format.matches('a')]).toEqual([true, false])
})

function faultOf(source: string): LabelFormatFault {
  try {
    compileLabelFormat(source)
  } catch (err) {
    if (err instanceof LabelFormatFault) return err
    throw err
  }
  throw new Error(`"${source}" should be refused.`)
}
