import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const name = /^octavo-test-(\d+)-/

/** A new folder in the temporary folder, named after this process. Whoever makes it removes it. */
export const temporaryFolder = (): Promise<string> =>
  mkdtemp(join(tmpdir(), `octavo-test-${process.pid}-`))

/** Removes what killed runs left behind: the folders of processes that are no more. */
export async function removeDeadFolders(): Promise<void> {
  for (const folder of await readdir(tmpdir())) {
    const pid = Number(name.exec(folder)?.[1])
    if (pid > 0 && !isAlive(pid)) await rm(join(tmpdir(), folder), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (err) {
    // EPERM: it lives, and belongs to somebody else.
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}
