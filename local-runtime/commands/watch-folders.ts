import { readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'

/**
 * Calls `onChange` with the path of each file that changes below these folders, folders made later included.
 * Each folder is watched for itself: Node's own recursive watching follows files by inode, and never hears again of a
 * file that an editor replaced by renaming another over it.
 * @returns ends the watching
 */
export function watchFolders(folders: readonly string[], onChange: (path: string) => void) {
  const watchers = new Map<string, ReturnType<typeof watch>>()

  function open(folder: string): void {
    if (watchers.has(folder)) return
    const watcher = watch(folder, (_event, name) => {
      if (name === null) return
      const path = join(folder, name)
      if (isFolder(path)) open(path)
      onChange(path)
    })
    // The folder is gone, and with it what could change in it.
    watcher.on('error', () => close(folder))
    watchers.set(folder, watcher)
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) open(join(folder, entry.name))
  }

  function close(folder: string): void {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }

  for (const folder of folders) open(folder)
  return () => {
    for (const folder of [...watchers.keys()]) close(folder)
  }
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
