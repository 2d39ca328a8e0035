import { createReadStream, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { defineCommand } from 'citty'
import { type Config, loadConfig, socketPath } from '../config.ts'
import { readRelay } from '../redis/error-list.ts'
import { LogPrinter } from './logs-follow.ts'
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
  const printer = new LogPrinter({
    print: (line) => console.log(line),
    remark: (line) => console.error(line),
    colour: process.stdout.isTTY === true && process.stdout.hasColors(),
  })
  const first = await readRelay(socket, shownMax).catch(() => null)
  if (first === null && !follow)
    throw new Error('The relay does not answer. Start the stack with ./deploy-local.sh')
  printer.show(first, limit)
  while (follow) {
    await wait(followMs)
    printer.show(await readRelay(socket, shownMax).catch(() => null))
  }
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
