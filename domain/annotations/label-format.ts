import { type FormatPart, readFormat } from './label-format-syntax.ts'

export type LabelFormat = {
  /** Whether the whole value has the format; one of more than {@link formatValueCharactersMax} never has. */
  matches(value: string): boolean
  /** The same with the work that it took: states followed and characters looked at. */
  measure(value: string): { isMatch: boolean; steps: number }
}

export const formatValueCharactersMax = 10_000 // UTF-16 units

type State =
  | { kind: 'character'; character: CharacterTest; next: number }
  | { kind: 'start' | 'end'; next: number }
  | { kind: 'fork'; next: number; other: number }
  | { kind: 'accept' }
type Program = { states: State[]; entry: number }
type CharacterTest = (character: string) => boolean
type Emission = { states: State[]; tests: Map<string, CharacterTest> }

/**
 * The `expected_format` of a label: a regular expression by the user, in JavaScript's syntax with the flag `u`. As with the
 * `pattern` of an HTML input the whole value must match; `^` and `$` may be written.
 *
 * Safe on any platform, because nothing ever goes back: all ways through the expression are followed at once, a character at
 * a time (Thompson 1968; as RE2 does), and each state is entered once a character at most. An expression has at most 500
 * characters and, repetitions written out, 1,000 states, a value 10,000 characters: some 40 million steps at the very
 * worst, whatever the expression. The platform's engine only ever sees one class and one character. What cannot be done so
 * (references back, looking around, word boundaries) is refused; nested quantifiers are harmless and allowed.
 * @throws {LabelFormatFault} with the position and a sentence for whoever wrote it
 */
export function compileLabelFormat(source: string): LabelFormat {
  const emission: Emission = { states: [{ kind: 'accept' }], tests: new Map() }
  const entry = emit(readFormat(source), 0, emission)
  const program = { states: emission.states, entry }
  return {
    matches: (value) => run(program, value).isMatch,
    measure: (value) => run(program, value),
  }
}

/** @returns the state at which the part begins; it leads to `next` when it is through */
function emit(part: FormatPart, next: number, emission: Emission): number {
  if (part.kind === 'character') {
    const character = testOf(part.source, emission.tests)
    return add({ kind: 'character', character, next }, emission)
  }
  if (part.kind === 'sequence')
    return part.parts.reduceRight((entry, inner) => emit(inner, entry, emission), next)
  if (part.kind === 'choice')
    return part.parts
      .map((inner) => emit(inner, next, emission))
      .reduceRight((other, entry) => add({ kind: 'fork', next: entry, other }, emission))
  if (part.kind === 'repeat') return emitRepeat(part, next, emission)
  return add({ kind: part.kind, next }, emission)
}

function emitRepeat(
  { part, min, max }: Extract<FormatPart, { kind: 'repeat' }>,
  next: number,
  emission: Emission,
): number {
  const isEndless = max === Number.POSITIVE_INFINITY
  let entry = isEndless ? emitLoop(part, next, { isOptional: min === 0, emission }) : next
  if (!isEndless)
    for (let optional = min; optional < max; optional += 1)
      entry = add({ kind: 'fork', next: emit(part, entry, emission), other: next }, emission)
  for (let needed = isEndless ? 1 : 0; needed < min; needed += 1)
    entry = emit(part, entry, emission)
  return entry
}

function emitLoop(
  part: FormatPart,
  next: number,
  { isOptional, emission }: { isOptional: boolean; emission: Emission },
): number {
  const fork: State = { kind: 'fork', next, other: next }
  const loop = add(fork, emission)
  fork.other = emit(part, loop, emission)
  return isOptional ? loop : fork.other
}

function add(state: State, { states }: Emission): number {
  return states.push(state) - 1
}

/** One test for all places that name the same characters; it answers once for each character of the value. */
function testOf(source: string, tests: Map<string, CharacterTest>): CharacterTest {
  const known = tests.get(source)
  if (known) return known
  const expression = new RegExp(`^${source}$`, 'u')
  let last = ''
  let answer = false
  const test = (character: string) => {
    if (character !== last) answer = expression.test(character)
    last = character
    return answer
  }
  tests.set(source, test)
  return test
}

function run({ states, entry }: Program, value: string): { isMatch: boolean; steps: number } {
  if (value.length > formatValueCharactersMax) return { isMatch: false, steps: 0 }
  const characters = Array.from(value)
  const marks = new Int32Array(states.length).fill(-1)
  let steps = 0
  let alive: number[] = []

  const enter = (from: number, position: number) => {
    const open = [from]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      steps += 1
      if (marks[at] === position) continue
      marks[at] = position
      const state = states[at]
      if (state?.kind === 'fork') open.push(state.other, state.next)
      else if (state?.kind === 'start' && position === 0) open.push(state.next)
      else if (state?.kind === 'end' && position === characters.length) open.push(state.next)
      else alive.push(at)
    }
  }

  enter(entry, 0)
  for (const [index, character] of characters.entries()) {
    const before = alive
    alive = []
    for (const at of before) {
      const state = states[at]
      steps += 1
      if (state?.kind === 'character' && state.character(character)) enter(state.next, index + 1)
    }
    if (alive.length === 0) break
  }
  return { isMatch: marks[0] === characters.length, steps }
}
