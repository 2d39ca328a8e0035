import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'

/** A bound unix socket. Nobody accepts on it here: isolates inherit `fd` and listen. */
export type BoundSocket = { path: string; fd: number; close(): void }

type ServerHandle = { fd: number; close(): void }
type CreateServerHandle = (
  address: string,
  port: number,
  addressType: number,
) => ServerHandle | number

// Longer paths are cut silently by the kernel's 108 bytes, and two of them may then be one.
const socketPathBytesMax = 100

/**
 * Binds a unix socket and keeps it. As long as this process lives, connections wait in its backlog while an
 * isolate is replaced: nobody is refused.
 * @throws {Error} the path is too long, or the folder refuses the socket
 */
export function bindSocket(path: string): BoundSocket {
  if (Buffer.byteLength(path) > socketPathBytesMax) {
    throw new Error(`The socket path ${path} is longer than ${socketPathBytesMax} bytes.`)
  }
  rmSync(path, { force: true })
  const handle = createHandle(path)
  return { path, fd: handle.fd, close: () => handle.close() }
}

// Undocumented, and the only way to bind without accepting; a test holds it to that.
function createHandle(path: string): ServerHandle {
  const create = (net as unknown as { _createServerHandle: CreateServerHandle })._createServerHandle
  const handle = create(path, -1, -1)
  if (typeof handle === 'number') throw new Error(`Cannot bind ${path}: error ${handle}.`)
  return handle
}

/** The sockets of all functions, bound at first use and held until the end. */
export class FunctionSockets {
  readonly #bound = new Map<string, BoundSocket>()
  readonly #runFolder: string

  constructor(runFolder: string) {
    this.#runFolder = runFolder
  }

  /** @throws {Error} see {@link bindSocket} */
  bind(name: string): BoundSocket {
    const bound = this.#bound.get(name) ?? bindSocket(join(this.#runFolder, `${name}.sock`))
    this.#bound.set(name, bound)
    return bound
  }

  close(): void {
    for (const socket of this.#bound.values()) socket.close()
    this.#bound.clear()
  }
}

/** What identifies a program and its inputs: equal versions need no replacement. */
export const versionOf = (...parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
