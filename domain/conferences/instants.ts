import { type LocalTime, utcMsOf } from './local-times.ts'

/** A way of writing local time: minutes ahead of UTC, or a name of the IANA data base with its summers. */
export type Zone =
  | { kind: 'offset'; minutes: number }
  | { kind: 'iana'; name: string; offsetMsAt: (utcMs: number) => number }

const minuteMs = 60_000
const dayMs = 86_400_000
const offsetMinutes = { min: -12 * 60, max: 14 * 60 }

// Only names that mean one thing: CST is America's and China's, IST three countries'.
const offsetNames: Record<string, number> = {
  ...{ AOE: -12, UTC: 0, GMT: 0, Z: 0 },
  ...{ PST: -8, PDT: -7, MST: -7, MDT: -6, CDT: -5, EST: -5, EDT: -4 },
  ...{ CET: 1, CEST: 2, HKT: 8, SGT: 8, JST: 9, KST: 9, AEST: 10, AEDT: 11 },
}
const ianaNames: Record<string, string> = {
  PT: 'America/Los_Angeles',
  MT: 'America/Denver',
  CT: 'America/Chicago',
  ET: 'America/New_York',
}
const offsetPattern = /^(?:UTC|GMT)?\s*([+-])\s*(\d{1,2})(?::?([0-5]\d))?$/i
const ianaPattern = /^[a-z_]+(?:\/[a-z0-9_+-]+){1,2}$/i

/**
 * Reads the name of a zone: `AoE`, `UTC`, `UTC-8`, `UTC+05:30`, `PT`, `EST`, `Europe/Berlin`.
 * @returns `null` for what it does not know; it is never guessed
 */
export function parseZone(text: string): Zone | null {
  const name = text.trim()
  const hours = offsetNames[name.toUpperCase()]
  if (hours !== undefined) return { kind: 'offset', minutes: hours * 60 }
  const [, sign, wholeHours, minutes = '0'] = offsetPattern.exec(name) ?? []
  if (wholeHours !== undefined) {
    const ahead = (sign === '-' ? -1 : 1) * (Number(wholeHours) * 60 + Number(minutes))
    const isReal = ahead >= offsetMinutes.min && ahead <= offsetMinutes.max
    return isReal ? { kind: 'offset', minutes: ahead } : null
  }
  const known = ianaNames[name.toUpperCase()] ?? name
  return ianaPattern.test(known) ? ianaZone(known) : null
}

function ianaZone(timeZone: string): Zone | null {
  try {
    const format = new Intl.DateTimeFormat('en-u-ca-iso8601-hc-h23', {
      ...{ timeZone, year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    })
    const offsetMsAt = (utcMs: number) => {
      const parts = format.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)])
      return utcMsOf(Object.fromEntries(parts) as LocalTime) - utcMs
    }
    return { kind: 'iana', name: format.resolvedOptions().timeZone, offsetMsAt }
  } catch (err) {
    if (err instanceof RangeError) return null
    throw err
  }
}

/**
 * The instant at which clocks of a zone show a local time. A time that they show twice is its first, one that they leave
 * out is as much later as clocks are put forward, as Temporal's `compatible` has it.
 */
export function instantOf(local: LocalTime, zone: Zone): Date {
  const shownMs = utcMsOf(local)
  if (zone.kind === 'offset') return new Date(shownMs - zone.minutes * minuteMs)
  const before = zone.offsetMsAt(shownMs - dayMs)
  const after = zone.offsetMsAt(shownMs + dayMs)
  const isAfter = zone.offsetMsAt(shownMs - before) !== before
  const fits = isAfter && zone.offsetMsAt(shownMs - after) === after
  return new Date(shownMs - (fits ? after : before))
}
