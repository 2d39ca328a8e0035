/** What a clock on a wall and the calendar below it show. Months are numbered from 1. */
export type LocalTime = {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const timePattern =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:(?:\s*T\s*|\s+)(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/i
const unknownPattern = /^(?:tbd|tba|tbc|n\/?a|unknown|none|null|-*)$/i

/** Says a text that a time is not known yet? */
export const isUnknownTime = (text: string): boolean => unknownPattern.test(text.trim())

/**
 * Reads `2026-06-11 23:59:59`, without seconds, and a date alone, which lasts until its last second.
 * @returns `null` for another form, and for days and times that do not exist
 */
export function parseLocalTime(text: string): LocalTime | null {
  const [match, year, month, day, hour = '23', minute = '59', second] =
    timePattern.exec(text.trim()) ?? []
  if (match === undefined) return null
  const isDateAlone = !match.includes(':')
  const local = {
    ...{ year: Number(year), month: Number(month), day: Number(day) },
    ...{ hour: Number(hour), minute: Number(minute) },
    second: Number(second ?? (isDateAlone ? 59 : 0)),
  }
  return isReal(local) ? local : null
}

/** Is there such a day? */
export function isDay(year: number, month: number, day: number): boolean {
  const found = new Date(Date.UTC(year, month - 1, day))
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === day
}

/** The instant at which clocks of UTC show this; 24:00 is the next day's beginning. */
export const utcMsOf = ({ year, month, day, hour, minute, second }: LocalTime): number =>
  Date.UTC(year, month - 1, day, hour, minute, second)

const years = { min: 1900, max: 2200 } // beyond them it is a mistake of typing

function isReal({ year, month, day, hour, minute, second }: LocalTime): boolean {
  const isMidnight = hour === 24 && minute === 0 && second === 0
  const isTime = (hour <= 23 && minute <= 59 && second <= 59) || isMidnight
  return year >= years.min && year <= years.max && isDay(year, month, day) && isTime
}
