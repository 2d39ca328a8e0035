import type { ContestantModule, Settings } from './contestant.ts'

type Entry = { load: () => Promise<unknown>; settings?: Settings }

const entries: Record<string, Entry> = {
  octavo: { load: () => import('./octavo.ts') },
  'octavo-history': { load: () => import('./octavo.ts'), settings: { keepsHistory: 1 } },
  'graphile-worker': { load: () => import('./graphile-worker.ts') },
  'pg-boss': { load: () => import('./pg-boss.ts') },
  bullmq: { load: () => import('./bullmq.ts') },
}

export const contestantNames: readonly string[] = Object.keys(entries)

/** Loads one contestant alone: in its process there is nothing of the others. */
export async function loadContestant(name: string): Promise<ContestantModule> {
  const entry = entries[name]
  if (!entry) throw new Error(`There is no contestant "${name}".`)
  const module = (await entry.load()) as ContestantModule
  return { open: module.open, settings: { ...module.settings, ...entry.settings } }
}
