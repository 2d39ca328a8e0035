import { createReadStream, statSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { defineCommand } from 'citty'
import { type Config, loadConfig, socketPath } from '../config.ts'
import { readRelayEntries, readRelayGroups } from '../relay/reader.ts'
import { LogPrinter } from './logs-follow.ts'
import { groupLines } from './logs-groups.ts'
import { type LogFile, processLog } from './logs-process.ts'
import { orExplain } from './terminal.ts'

const shownMax = 200
const followMs = 500

export const logs = defineCommand({
  meta: { name: 'logs', description: 'Show the last warnings and errors of all processes' },
  args: {
    follow: { type: 'boolean', alias: 'f', description: 'Go on with what comes' },
    groups: { type: 'boolean', description: 'How often each kind came, most frequent first' },
    limit: {
      type: 'string',
      default: String(shownMax),
      valueHint: `1..${shownMax}`,
      description: 'Entries, kinds or lines at first',
    },
    process: { type: 'string', description: 'Instead, the log of one process, such as caddy' },
  },
  run: ({ args }) =>
    orExplain(async () => {
      const config = loadConfig()
      const limit = Number(args.limit)
      if (args.groups === true && (args.follow === true || args.process))
        throw new Error('--groups goes with --limit alone, not with --follow or --process.')
      if (args.groups === true) await showGroups(config, limit)
      else if (args.process)
        await showFile(processLog(config.paths.logs, args.process, limit), args.follow === true)
      else await showErrors(config, limit, args.follow === true)
    }),
})

const isColoured = () => process.stdout.isTTY === true && process.stdout.hasColors()

const relaySocket = ({ paths }: Config): string => socketPath(paths.run, 'relay.sock')

/** The relay's answer. @throws {Error} one sentence for a person: it does not answer */
async function orAway<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw new Error('The relay does not answer. Start the stack with ./deploy-local.sh', { cause })
  }
}

async function showGroups(config: Config, limit: number): Promise<void> {
  const groups = await orAway(readRelayGroups(relaySocket(config)))
  for (const line of groupLines(groups, limit, isColoured())) console.log(line)
}

async function showErrors(config: Config, limit: number, follow: boolean): Promise<void> {
  const socket = relaySocket(config)
  const printer = new LogPrinter({
    print: (line) => console.log(line),
    remark: (line) => console.error(line),
    colour: isColoured(),
  })
  const first = readRelayEntries(socket, shownMax)
  printer.show(await (follow ? first.catch(() => null) : orAway(first)), limit)
  while (follow) {
    await wait(followMs)
    printer.show(await readRelayEntries(socket, shownMax).catch(() => null))
  }
}

async function showFile({ path, start }: LogFile, follow: boolean): Promise<void> {
  let position = await print(path, start)
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
