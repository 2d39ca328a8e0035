import { CronPattern } from 'croner'

/** When something is to happen: a cron expression, and the zone whose clocks it means. */
export type Timetable = {
  cron: string // five fields, six with seconds in front, or a name like `@daily`
  timeZone: string // IANA
}

export type TimetablePart = 'cron' | 'time_zone'

/** An expression or a zone that nobody can follow. Its texts are for whoever wrote it. */
export class TimetableFault extends Error {
  readonly part: TimetablePart
  readonly hint: string | undefined

  constructor(part: TimetablePart, message: string, hint?: string) {
    super(message)
    this.name = 'TimetableFault'
    this.part = part
    this.hint = hint
  }
}

type Field = { name: string; last: number; takes: string }

const fields: readonly Field[] = [
  { name: 'second', last: 59, takes: '0 to 59' },
  { name: 'minute', last: 59, takes: '0 to 59' },
  { name: 'hour', last: 23, takes: '0 to 23' },
  { name: 'day of the month', last: 31, takes: '1 to 31, L for the last, 15W for a weekday near' },
  { name: 'month', last: 12, takes: '1 to 12 or JAN to DEC' },
  {
    name: 'day of the week',
    last: 7,
    takes: '0 to 7 or SUN to SAT, 5#2 for the second, 5L for the last',
  },
]
const order = 'minute, hour, day of the month, month, day of the week'
const nicknames = [
  ...['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually'],
]
const zonePattern = /^[a-z][a-z0-9_+-]*(\/[a-z0-9_+-]+)*$/i

/** @throws {TimetableFault} with the field at fault, what it takes, and how to write what was probably meant */
export function requireCron(cron: string): void {
  if (cron.startsWith('@')) requireNickname(cron)
  else requireFields(cron)
}

function requireFields(cron: string): void {
  const written = cron.trim().split(/\s+/)
  if (written.length !== 5 && written.length !== 6) throw wrongCount(cron, written.length)
  const expected = fields.slice(-written.length)
  for (const [index, field] of expected.entries()) requireField(field, written[index] ?? '')
  if (!isPattern(cron)) throw new TimetableFault('cron', `"${cron}" is no cron expression.`)
}

function requireNickname(cron: string): void {
  if (nicknames.includes(cron.toLowerCase())) return
  const hint = `Known are ${nicknames.join(', ')}. Every five minutes is "*/5 * * * *".`
  throw new TimetableFault('cron', `"${cron}" is not a known name.`, hint)
}

function wrongCount(cron: string, count: number): TimetableFault {
  if (cron.trim() === '') return new TimetableFault('cron', 'The expression is empty.', order)
  const detail = `The expression has ${count} field${count === 1 ? '' : 's'}, not 5 or 6.`
  const years = ' A year cannot be given.'
  return new TimetableFault(
    'cron',
    detail,
    `The five are ${order}; a sixth, in front, is the second.${count > 6 ? years : ''}`,
  )
}

function requireField({ name, last, takes }: Field, text: string): void {
  const position = fields.findIndex((field) => field.name === name)
  const alone = fields.map((_, index) => (index === position ? text : '*')).join(' ')
  if (isPattern(alone)) return
  const detail = `The ${name} cannot be "${text}": it takes ${takes}, *, and lists (1,3), ranges (1-5) and steps (*/2) of them.`
  throw new TimetableFault('cron', detail, fieldHint(text, last))
}

function fieldHint(text: string, last: number): string | undefined {
  const [, from, step] = /^(\d+)\/(\d+)$/.exec(text) ?? []
  if (from !== undefined) return `From ${from} on in steps of ${step} is "${from}-${last}/${step}".`
  const [, start, end] = /^(\d+)-(\d+)$/.exec(text) ?? []
  if (Number(start) > Number(end)) return `Over the end is "${start}-${last},0-${end}".`
  if (text === '24' && last === 23) return 'Midnight is 0.'
  if (text === '60') return 'The full one is 0.'
  return undefined
}

function isPattern(cron: string): boolean {
  try {
    new CronPattern(cron, undefined, { mode: '5-or-6-parts' })
    return true
  } catch {
    return false
  }
}

/** @throws {TimetableFault} no zone of this name is known here; without a hint when nothing is near */
export function requireTimeZone(timeZone: string): void {
  const detail = `"${timeZone}" is not a known time zone: it takes an IANA name, such as "Europe/Berlin" or "UTC".`
  if (/^(utc|gmt)?[+-]\d/i.test(timeZone)) {
    const hint = 'Name a place: an offset knows no summer time. A fixed one is e.g. "Etc/GMT-2".'
    throw new TimetableFault('time_zone', detail, hint)
  }
  if (zonePattern.test(timeZone) && isZone(timeZone)) return
  throw new TimetableFault('time_zone', detail, cityHint(timeZone))
}

function isZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return true
  } catch {
    return false
  }
}

function cityHint(given: string): string | undefined {
  const city = given.trim().toLowerCase().replaceAll(' ', '_').split('/').at(-1)
  const meant = Intl.supportedValuesOf('timeZone').find(
    (zone) => zone.toLowerCase().split('/').at(-1) === city,
  )
  return meant && `Did you mean "${meant}"?`
}
