import { readFile } from 'node:fs/promises'

/** Memory of one process. PSS shares out what several processes map, so that sums are true. */
export type ProcessMemory = { rssBytes: number; pssBytes: number }

/** @returns `null` where the system does not tell (no /proc, or the process is gone) */
export async function memoryOf(pid: number): Promise<ProcessMemory | null> {
  try {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
    const kibibytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1])
    const [rss, pss] = [kibibytes('Rss'), kibibytes('Pss')]
    return Number.isNaN(pss) ? null : { rssBytes: rss * 1024, pssBytes: pss * 1024 }
  } catch {
    return null
  }
}
