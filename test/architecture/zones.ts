import { isTest, type Source } from './sources.ts'

/** A part of the tree with one row in the import table; a function's zone is `functions/<name>`. */
export function zoneOf(path: string): string {
  const [top = '', second = ''] = path.split('/')
  if (!path.includes('/')) return 'root'
  if (path.startsWith('bench/queue/')) return 'bench/queue'
  if (top !== 'functions') return top
  return second === '_shared' ? 'kit' : `functions/${second}`
}

const isFunction = (zone: string) => zone.startsWith('functions/')

/** The import table of the architecture: may a file of `from` import the file `target`? */
export function mayImport(from: string, target: string, isTypeOnly: boolean): boolean {
  const to = zoneOf(target)
  if (to === from) return true
  switch (from) {
    case 'db':
      return target === 'drizzle/meta/_journal.json' // which migration this code needs
    case 'domain':
    case 'kit':
      return to === 'db'
    case 'local-runtime':
      if (isFunction(to)) return /^functions\/[^/]+\/(index|jobs)\.ts$/.test(target)
      return ['db', 'domain', 'kit'].includes(to) || target === 'package.json'
    case 'client':
      return isTypeOnly && (isFunction(to) || to === 'kit')
    case 'console':
    case 'smoke':
      return false
    case 'bench':
      return to === 'bench/queue'
    case 'bench/queue': // measures the queue as a library, as its peers are
      return ['db', 'domain', 'kit', 'local-runtime'].includes(to)
    default:
      return isFunction(from) && ['db', 'domain', 'kit'].includes(to)
  }
}

/** Zones that the table speaks of. Tests, scripts and tool settings stand outside of it. */
export const isInTable = (path: string): boolean =>
  !isTest(path) && !['root', 'scripts'].includes(zoneOf(path))

/**
 * Files that run wherever a function runs: the kit, the domain, and all that a function's `index.ts`
 * reaches inside its folder. What only `jobs.ts` reaches may use Node.
 */
export function webStandardFiles(sources: readonly Source[]): Source[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const reached = new Set<Source>()
  const reach = (path: string) => {
    const source = byPath.get(path)
    if (!source || reached.has(source)) return
    reached.add(source)
    for (const { target, isRelative, isTypeOnly } of source.imports) {
      if (isRelative && !isTypeOnly && zoneOf(target) === zoneOf(path)) reach(target)
    }
  }
  for (const { path } of sources) {
    const isStart =
      ['kit', 'domain'].includes(zoneOf(path)) || /^functions\/[^/]+\/index\.ts$/.test(path)
    if (isStart && !isTest(path)) reach(path)
  }
  return [...reached]
}
