import type { KeptService, ProcessState } from '../supervisor/supervisor.ts'

// A stack that lacks one of these is not whole, whether it ended or a start never came to it.
const alwaysWanted = ['relay', 'worker', 'caddy']

/** What should run and does not, by name: "caddy", "isolate users,keys". */
export function missingProcesses(
  kept: readonly KeptService[],
  processes: readonly ProcessState[],
  functions: readonly string[],
): string[] {
  const isKept = (name: string) => kept.some((service) => service.name === name)
  const isRunning = (name: string) => processes.some(({ role }) => role === name)
  const hosted = new Set([
    ...kept.filter(({ name }) => name.startsWith('isolate ')).flatMap(({ name }) => members(name)),
    ...processes.filter(({ role }) => role === 'isolate').flatMap(({ name }) => members(name)),
  ])
  return [
    ...kept.filter(({ pid }) => pid === null).map(({ name }) => name),
    ...alwaysWanted.filter((name) => !isKept(name) && !isRunning(name)),
    ...functions.filter((name) => !hosted.has(name)).map((name) => `isolate ${name}`),
  ]
}

const members = (name: string): string[] => name.replace('isolate ', '').split(',')
