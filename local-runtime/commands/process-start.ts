import { readFileSync } from 'node:fs'

// USER_HZ of every Linux on x64 and arm64, whatever the kernel's own clock.
const ticksPerSecond = 100

/** @returns when a process started; `null` where the system does not tell (no /proc, or the process is gone) */
export function startOf(pid: number): Date | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Its second field, the program's name, may hold anything; the 22nd is the start in ticks since boot.
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    const uptimeSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    const startedAt = new Date(Date.now() - (uptimeSeconds - ticks / ticksPerSecond) * 1000)
    return Number.isNaN(startedAt.getTime()) ? null : startedAt
  } catch {
    return null
  }
}

const units = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3_600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
]

/** "42 s", "95 min", "30 h", "12 d": the largest unit of which there are two. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, ms / 1000)
  const unit = units.find((candidate) => seconds >= 2 * candidate.seconds)
  return unit ? `${Math.floor(seconds / unit.seconds)} ${unit.name}` : `${Math.floor(seconds)} s`
}
