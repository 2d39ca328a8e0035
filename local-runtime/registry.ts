/** What a function's `jobs.ts` exports; the worker alone loads it. */
type JobsModule = { jobs: Record<string, unknown> }

export type FunctionEntry = {
  /** Folder under `functions/`, URL segment, and name of the socket. */
  name: string
  jobs?: () => Promise<JobsModule>
}

/** Every function that Octavo runs. Adding one is a folder, a line here and a line in the Caddyfile. */
export const registry: readonly FunctionEntry[] = [
  { name: 'health' },
  { name: 'docs' },
  { name: 'logs' },
  { name: 'users' },
  { name: 'keys' },
  { name: 'documents', jobs: () => import('../functions/documents/jobs.ts') },
  { name: 'search' },
  { name: 'jobs' },
]

/**
 * Which functions share a process.
 * @param names all functions, in the registry's order
 * @param table `each` for one process a function, else groups of names; names that no function has are left out,
 *   functions that no group names share one more process
 */
export function isolateGroups(
  names: readonly string[],
  table: 'each' | readonly (readonly string[])[],
): string[][] {
  if (table === 'each') return names.map((name) => [name])
  const named = new Set(table.flat())
  const groups = table.map((group) => group.filter((name) => names.includes(name)))
  return [...groups, names.filter((name) => !named.has(name))].filter((group) => group.length > 0)
}
