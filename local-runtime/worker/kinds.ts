import type { JobKind, JobKinds } from '../../functions/_shared/ports/jobs.ts'

/**
 * @param processesMax how many processes there may be for kinds that want one; 0: none
 * @throws {Error} one of them wants one, and there are none
 */
export function kindsOf(handlers: JobKinds, processesMax: number): Map<string, JobKind> {
  return new Map(
    Object.entries(handlers).map(([name, declared]) => {
      const kind = typeof declared === 'function' ? { handler: declared } : declared
      if (kind.isolation !== 'process') return [name, kind]
      if (processesMax < 1) throw new Error(`Jobs of the kind ${name} need processes of their own.`)
      return [
        name,
        { ...kind, concurrency: Math.min(kind.concurrency ?? processesMax, processesMax) },
      ]
    }),
  )
}
