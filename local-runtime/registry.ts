import type { JobKinds } from '../functions/_shared/ports/jobs.ts'

export type FunctionEntry = {
  /** Folder under `functions/`, URL segment, and name of the socket. */
  name: string
  /** Where `OCTAVO_GROUPS` does not name it: functions of one group share an isolate; without one, all such functions do. */
  group?: string
  /** Its `jobs.ts`; the worker alone loads it. */
  jobs?: () => Promise<{ jobs: JobKinds }>
  /** Programs that its jobs run as child processes, as files of its folder, by name. */
  programs?: Record<string, string>
}

/** Every function that Octavo runs. Adding one is a folder, a line here and a line in the Caddyfile. */
export const registry: readonly FunctionEntry[] = [
  { name: 'health' },
  { name: 'docs' },
  { name: 'logs' },
  { name: 'users', jobs: () => import('../functions/users/jobs.ts') },
  { name: 'keys' },
  {
    name: 'documents',
    jobs: () => import('../functions/documents/jobs.ts'),
    programs: { extraction: 'extraction/child.ts' },
  },
  { name: 'search' },
  { name: 'jobs' },
  { name: 'schedules' },
  { name: 'annotations' },
  { name: 'templates' },
  { name: 'suggestions' },
  { name: 'review', jobs: () => import('../functions/review/jobs.ts') },
  { name: 'batches', jobs: () => import('../functions/batches/jobs.ts') },
  { name: 'webhooks', jobs: () => import('../functions/webhooks/jobs.ts') },
  { name: 'shares' },
  { name: 'channels', jobs: () => import('../functions/channels/jobs.ts') },
  { name: 'messages' },
  { name: 'games' },
  { name: 'artifacts', jobs: () => import('../functions/artifacts/jobs.ts') },
  { name: 'audit' },
  { name: 'conferences', jobs: () => import('../functions/conferences/jobs.ts') },
  { name: 'places', jobs: () => import('../functions/places/jobs.ts') },
]

/**
 * Which functions share a process.
 * @param functions in the registry's order
 * @param table `each` for one process a function, else groups of names; a name that no function has is left out
 */
export function isolateGroups(
  functions: readonly FunctionEntry[],
  table: 'each' | readonly (readonly string[])[],
): string[][] {
  const names = functions.map(({ name }) => name)
  if (table === 'each') return names.map((name) => [name])
  const named = new Set(table.flat())
  const groups = table.map((group) => group.filter((name) => names.includes(name)))
  const unnamed = Map.groupBy(
    functions.filter(({ name }) => !named.has(name)),
    ({ group }) => group,
  )
  for (const members of unnamed.values()) groups.push(members.map(({ name }) => name))
  return groups.filter((group) => group.length > 0)
}
