import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Removes what workers that were killed have left. Each temporary folder is named `<use>-<pid>-<random>` after the
 * worker that made it; those of workers that still run stay.
 * @returns how many were removed
 */
export function sweepTemporaryFolders(folder: string): Promise<number> {
  return removeFolders(folder, (pid) => !isRunning(pid))
}

/** Removes what one process has left that is gone. @returns how many were removed */
export function removeTemporaryFoldersOf(pid: number, folder: string): Promise<number> {
  return removeFolders(folder, (owner) => owner === pid)
}

async function removeFolders(folder: string, isLeft: (pid: number) => boolean): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  const left = names.filter((name) => isLeft(Number(/^[a-z]+-(\d+)-/.exec(name)?.[1] ?? 0)))
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true })
  return left.length
}

function isRunning(pid: number): boolean {
  // Our own number, used before by another: nothing here is ours before we have begun.
  if (pid === 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}
