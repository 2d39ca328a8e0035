import { isDay } from './local-times.ts'

/** First and last day, as `YYYY-MM-DD`. */
export type Days = { startsOn: string; endsOn: string }

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const month =
  '(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\\.?'
const day = '(\\d{1,2})(?:st|nd|rd|th)?'
const to = '\\s*(?:-|–|—|~|to)\\s*'
const year = '(?:\\s*,\\s*|\\s+)(\\d{4})'

type Found = (string | undefined)[]
type Part = { year: string | undefined; month: string | undefined; day: string | undefined }
type Form = { pattern: RegExp; parts: (found: Found) => [Part, Part] }

const form = (text: string, parts: Form['parts']): Form => ({
  pattern: new RegExp(`^${text}$`, 'i'),
  parts,
})

const forms: Form[] = [
  // June 12-17, 2022; April 26 - May 4, 2025; December 30, 2025 - January 2, 2026
  form(
    `${month}\\s*${day}(?:${year})?${to}(?:${month}\\s*)?${day}${year}`,
    ([, first, from, fromYear, second, until, untilYear]) => [
      { year: fromYear ?? untilYear, month: first, day: from },
      { year: untilYear, month: second ?? first, day: until },
    ],
  ),
  // 12-17 June 2022; 26 April - 4 May 2025
  form(
    `${day}(?:\\s*${month})?${to}${day}\\s*${month}${year}`,
    ([, from, first, until, second, shown]) => [
      { year: shown, month: first ?? second, day: from },
      { year: shown, month: second, day: until },
    ],
  ),
  form(`${month}\\s*${day}${year}`, ([, name, on, shown]) => [
    { year: shown, month: name, day: on },
    { year: shown, month: name, day: on },
  ]),
  form(`${day}\\s*${month}${year}`, ([, on, name, shown]) => [
    { year: shown, month: name, day: on },
    { year: shown, month: name, day: on },
  ]),
]

/**
 * Reads the days of a conference from what its page says, such as `May 31-June 5, 2026`.
 * @returns `null` where the text does not tell both days
 */
export function parseDays(text: string): Days | null {
  const plain = text.trim().replaceAll(/\s+/g, ' ')
  for (const { pattern, parts } of forms) {
    const found = pattern.exec(plain)
    if (found) return daysOf(...parts([...found]))
  }
  return null
}

function daysOf(first: Part, last: Part): Days | null {
  const [startsOn, endsOn] = [dayOf(first), dayOf(last)]
  return startsOn !== null && endsOn !== null && startsOn <= endsOn ? { startsOn, endsOn } : null
}

function dayOf(part: Part): string | null {
  const number = months.indexOf(part.month?.slice(0, 3).toLowerCase() ?? '') + 1
  const [ofYear, ofDay] = [Number(part.year), Number(part.day)]
  if (number === 0 || !isDay(ofYear, number, ofDay)) return null
  return `${part.year}-${String(number).padStart(2, '0')}-${String(ofDay).padStart(2, '0')}`
}
