import type { Figures, Growth } from './measures.ts'

export type Runs = Record<string, Figures[]>

type Row = { title: string; of: (figures: Figures) => number; show: (value: number) => string }

const megabyte = 1024 * 1024
const rate = (value: number) => Math.round(value).toLocaleString('en')
const ms = (value: number) => value.toFixed(2)
const mb = (value: number) => (value / megabyte).toFixed(1)

const rates: Row[] = [
  { title: 'bulk enqueue, jobs/s', of: ({ enqueue }) => enqueue, show: rate },
  { title: 'drain, jobs/s', of: ({ drain }) => drain, show: rate },
  { title: 'both at once, jobs/s', of: ({ both }) => both, show: rate },
]
const latencies: Row[] = [
  { title: 'start since call, p50 ms', of: ({ sinceCall }) => sinceCall.p50, show: ms },
  { title: 'start since call, p99 ms', of: ({ sinceCall }) => sinceCall.p99, show: ms },
  { title: 'start since commit, p50 ms', of: ({ sinceAck }) => sinceAck.p50, show: ms },
  { title: 'start since commit, p99 ms', of: ({ sinceAck }) => sinceAck.p99, show: ms },
]
const sizes: Row[] = [
  { title: 'hot, empty, MiB', of: ({ bytes }) => bytes.empty.hot, show: mb },
  { title: 'hot, queued, MiB', of: ({ bytes }) => bytes.queued.hot, show: mb },
  { title: 'hot, drained, MiB', of: ({ bytes }) => bytes.drained.hot, show: mb },
  { title: 'kept, drained, MiB', of: ({ bytes }) => bytes.drained.kept, show: mb },
]

const isOctavo = (name: string) => name.startsWith('octavo')
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Medians of all rounds as a Markdown table; each variant of Octavo with its ratio to the best peer. */
export function table(runs: Runs): string {
  const names = Object.keys(runs)
  const ours = names.filter(isOctavo)
  const peers = names.filter((name) => !isOctavo(name))
  const compared = peers.length > 0 ? ours : []
  const line = ({ title, of, show }: Row, best?: (...values: number[]) => number) => {
    const value = (name: string) => median((runs[name] ?? []).map(of))
    const ratio = (name: string) =>
      best ? (value(name) / best(...peers.map(value))).toFixed(2) : ''
    return cells(title, ...names.map((name) => show(value(name))), ...compared.map(ratio))
  }
  const titles = [...names, ...compared.map((name) => `${name} : best peer`)]
  return [
    cells('', ...titles),
    cells('---', ...titles.map(() => '---')),
    ...rates.map((row) => line(row, Math.max)),
    ...latencies.map((row) => line(row, Math.min)),
    ...sizes.map((row) => line(row)),
  ].join('\n')
}

/** The size of the hot table and of what is kept elsewhere, part after part, in MiB. */
export function growthLine(name: string, { rate: perSecond, bytes }: Growth): string {
  const list = (values: number[]) => values.map(mb).join(' ')
  const kept = bytes.at(-1)?.kept ?? 0
  return `${name}: ${rate(perSecond)} jobs/s queued and drained, hot MiB ${list(bytes.map(({ hot }) => hot))}, kept ${mb(kept)}`
}

const cells = (...texts: string[]): string => `| ${texts.join(' | ')} |`
