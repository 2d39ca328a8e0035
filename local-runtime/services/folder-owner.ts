import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { ServiceError } from './process.ts'

// A process of this name may be started twice by one program: the tests do.
const ownedHere = new Set<string>()

/**
 * Claims a service's folder for this process, so that of two supervisors one gets a clear refusal.
 * A claim whose process has died (also by kill -9) does not count.
 * @param folder the data folder; the claim is the file `<folder>.owner` beside it
 * @returns gives the folder back
 * @throws {ServiceError} a living process owns it
 */
export function claimFolder(service: string, folder: string): () => void {
  const file = `${folder}.owner`
  const claim = `${process.pid} ${startOf(process.pid)} ${randomBytes(6).toString('hex')}\n`
  const draft = `${file}.${claim.split(' ')[2]?.trim()}`
  if (ownedHere.has(folder)) throw taken(service, folder, process.pid)
  writeFileSync(draft, claim, { mode: 0o600 })
  try {
    // Each round either wins, finds a living owner, or removes one dead claim.
    for (let round = 0; round < 10; round += 1) {
      if (isLinked(draft, file)) {
        ownedHere.add(folder)
        return () => giveBack(folder, file, claim)
      }
      removeDeadClaim(service, folder, file)
    }
  } finally {
    rmSync(draft, { force: true })
  }
  throw new ServiceError(
    `${service} cannot claim ${folder}: others start and stop there all the time.`,
  )
}

function giveBack(folder: string, file: string, claim: string): void {
  ownedHere.delete(folder)
  if (textOf(file) === claim) rmSync(file, { force: true })
}

function isLinked(draft: string, file: string): boolean {
  try {
    linkSync(draft, file)
    return true
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw err
  }
}

function removeDeadClaim(service: string, folder: string, file: string): void {
  const found = textOf(file)
  if (found === null) return
  const [pid = '', start] = found.trim().split(' ')
  const isAlive = start !== undefined && startOf(Number(pid)) === start
  if (isAlive && Number(pid) !== process.pid) throw taken(service, folder, Number(pid))
  // Moved away and looked at once more: another claimer may have been faster, then its claim goes back.
  const aside = `${file}.${randomBytes(6).toString('hex')}`
  try {
    renameSync(file, aside)
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return
    throw err
  }
  if (textOf(aside) !== found) isLinked(aside, file)
  rmSync(aside, { force: true })
}

function taken(service: string, folder: string, pid: number): ServiceError {
  return new ServiceError(
    `${service} in ${folder} is already run by process ${pid}; stop that first.`,
  )
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

/** A process's start, in clock ticks since boot: tells a process from a later one with the same id. `-` where unknown. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces; the start is the 20th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A killed process keeps its entry until its parent looks at it: that can take seconds.
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? '-')
  } catch {
    return isAliveByEmptySignal(pid) ? '-' : null
  }
}

function isAliveByEmptySignal(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}
