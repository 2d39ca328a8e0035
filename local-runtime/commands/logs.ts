import { createReadStream, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { defineCommand } from 'citty'
import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { type Config, loadConfig, socketPath } from '../config.ts'
import { readRelay } from '../redis/error-list.ts'
import { orExplain } from './terminal.ts'

const shownMax = 200
const followMs = 500
const tailBytes = 64 * 1024

export const logs = defineCommand({
  meta: { name: 'logs', description: 'Show the last warnings and errors of all processes' },
  args: {
    follow: { type: 'boolean', alias: 'f', description: 'Go on with what comes' },
    limit: { type: 'string', default: '50', description: `Entries at first, ${shownMax} at most` },
    process: { type: 'string', description: 'Instead, the log file of one process, such as caddy' },
  },
  run: ({ args }) =>
    orExplain(async () => {
      const config = loadConfig()
      if (args.process) await showFile(config, args.process, args.follow === true)
      else await showErrors(config, Number(args.limit) || shownMax, args.follow === true)
    }),
})

async function showErrors({ paths }: Config, limit: number, follow: boolean): Promise<void> {
  const socket = socketPath(paths.run, 'relay.sock')
  let after = -1
  let count = limit
  for (;;) {
    const page = await readRelay(socket, count, after).catch(() => null)
    if (page === null && !follow)
      throw new Error('The relay does not answer. Start the stack with ./deploy-local.sh')
    for (const entry of page?.entries.toReversed() ?? []) console.log(asLine(entry))
    if (!follow) return
    if (page) {
      // A relay that was replaced counts anew.
      after = page.last_sequence < after ? -1 : page.last_sequence
      count = shownMax
    }
    await wait(followMs)
  }
}

/** "2026-11-20T08:00:00.000Z ERROR documents POST /v1/documents 503 unavailable: ... [request id]" */
function asLine(entry: ErrorEntry): string {
  const { time, level, source, method, path, status, code, message } = entry
  const place = entry.function ?? source
  const request = method === null ? [] : [method, path, status]
  const words = [
    time,
    level.toUpperCase().padEnd(5),
    place,
    ...request,
    code && `${code}:`,
    message,
  ]
  const id = entry.request_id === null ? '' : ` [${entry.request_id}]`
  return words.filter((word) => word !== null && word !== '').join(' ') + id
}

async function showFile({ paths }: Config, name: string, follow: boolean): Promise<void> {
  const path = join(paths.logs, `${name}.log`)
  if (!existsSync(path)) throw new Error(`There is no log ${path}.`)
  let position = await print(path, Math.max(0, statSync(path).size - tailBytes))
  if (!follow) return
  for (;;) {
    await wait(followMs)
    const { size } = statSync(path)
    // Rotated: the new file starts over.
    position = await print(path, size < position ? 0 : position)
  }
}

/** @returns the position behind what was printed */
async function print(path: string, start: number): Promise<number> {
  let position = start
  for await (const chunk of createReadStream(path, { start })) {
    process.stdout.write(chunk)
    position += chunk.length
  }
  return position
}
