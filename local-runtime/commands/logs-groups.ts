import { styleText } from 'node:util'
import type { ErrorGroup, ErrorGroups } from '../../functions/_shared/ports/redis.ts'
import { levelStyle, printable } from './logs-follow.ts'

/** What `octavo logs --groups` prints: one line a group, and since when they are counted. */
export function groupLines({ items, since }: ErrorGroups, limit: number, colour: boolean) {
  const shown = items.slice(0, limit)
  const width = Math.max(1, ...shown.map(({ count }) => String(count).length))
  const lines = shown.map((group) => groupLine(group, { width, colour }))
  const entries = items.reduce((sum, { count }) => sum + count, 0)
  const total = `${entries} entries of ${items.length} kinds since ${printable(since)}`
  const hidden = items.length - shown.length
  return [...lines, hidden === 0 ? total : `${total}; ${hidden} kinds not shown`]
}

/** "  12 ERROR documents unavailable: job # failed (last 2026-11-20T08:00:00.000Z) [request id]" */
function groupLine(group: ErrorGroup, { width, colour }: { width: number; colour: boolean }) {
  const { level, source, code, status, message, last_request_id: id } = group
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const kind = code ?? (status === null ? null : String(status))
  const words = [
    String(group.count).padStart(width),
    paint(levelStyle[level], level.toUpperCase().padEnd(5)),
    paint('bold', printable(group.function ?? source)),
    kind === null ? null : `${printable(kind)}:`,
    printable(message),
    paint('dim', `(last ${printable(group.last_time)})`),
    id === null ? null : paint('dim', `[${printable(id)}]`),
  ]
  return words.filter((word) => word !== null).join(' ')
}
