import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * An unnamed file of one byte: an isolate notes there which of its functions it entered last. When it blocks, the
 * supervisor can still read who it was; the isolate itself could no longer say.
 */
export function openEntered(): { fd: number; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-entered-'))
  const fd = openSync(join(folder, 'entered'), 'w+', 0o600)
  rmSync(folder, { recursive: true })
  return { fd, close: () => closeSync(fd) }
}

/** @returns the one of `functions` that was entered last; `null` before the first request */
export function lastEntered(fd: number, functions: readonly string[]): string | null {
  const byte = Buffer.alloc(1)
  return readSync(fd, byte, 0, 1, 0) === 0 ? null : (functions[byte[0] ?? 0] ?? null)
}
