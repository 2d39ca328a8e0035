import ical, { ICalEventStatus, ICalEventTransparency } from 'ical-generator'
import { type EventSource, eventOf } from './event.ts'

export type CalendarDeadline = EventSource & {
  id: string // stays for as long as the deadline exists; the event's UID is made of it
  sequence: number
  updatedAt: Date
}

const refreshSeconds = 6 * 3_600

/**
 * An iCalendar of deadlines: an event each, at the exact instant. Those that are not known are left out, estimates are
 * tentative and say so, withdrawn ones are cancelled.
 * @see RFC 5545; RFC 7986 for its name and how often to read it again
 */
export function calendarOf(name: string, deadlines: readonly CalendarDeadline[]): string {
  const calendar = ical({
    name: plainName(name),
    prodId: { company: 'octavo', product: 'conferences', language: 'EN' },
    ttl: refreshSeconds,
  })
  for (const deadline of deadlines) {
    const { at, summary, description, location, url, category, status } = eventOf(deadline)
    if (at === null) continue
    calendar.createEvent({
      ...{ id: uidOf(deadline.id), sequence: deadline.sequence, start: new Date(at) },
      ...{ stamp: deadline.updatedAt, lastModified: deadline.updatedAt },
      ...{ summary, description, status: ICalEventStatus[status] },
      ...(location && { location }),
      ...(url && { url: plainUrl(url) }),
      ...(category && { categories: [{ name: category }] }),
      transparency: ICalEventTransparency.TRANSPARENT, // nobody is busy at a deadline
    })
  }
  return `${calendar.toString()}\r\n` // the last line ends like every other
}

export const uidOf = (id: string): string => `${id}@conferences.octavo`

// The library writes a name as it is and a URL as if it were text, so neither may have what text escapes.
const plainName = (name: string): string => name.replaceAll(/[,;\\\p{Cc}\u2028\u2029]+/gu, ' ')

function plainUrl(url: string): string {
  const ascii = /^[!-~]*$/.test(url) ? url : (URL.parse(url)?.href ?? '')
  return ascii.replaceAll(
    /[,;\\]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
