import { parseArgs, stripVTControlCharacters } from 'node:util'
import { type ArgDef, type CommandDef, renderUsage } from 'citty'
import { didYouMean } from '../functions/_shared/http/suggestion.ts'

/** What was typed cannot be meant so. The message is one sentence for the person who typed it. */
export class UsageFault extends Error {
  override readonly name = 'UsageFault'
}

const listHint = '...'

type Found = { path: string[]; command: CommandDef; args: string[] }

/**
 * Refuses what citty would pass over in silence: unknown commands and flags, superfluous and missing arguments, flags
 * without their value, values outside `options`, and numbers outside a range, which a flag declares by a `valueHint`
 * such as `1..200`. A last argument with the hint `...` may be given many times.
 * @param passesOn names of commands that hand their arguments on to another program as they are
 * @throws {UsageFault} the first such mistake; nothing has been done yet
 */
export async function refuseMistakes(
  root: CommandDef,
  rawArgs: string[],
  passesOn: ReadonlySet<string> = new Set(),
): Promise<void> {
  const found = await findCommand(root, rawArgs)
  if (asksForHelp(rawArgs) || passesOn.has(found.path.at(-1) ?? '')) return
  refuseArguments(found, Object.entries((await resolved(found.command.args)) ?? {}))
}

/** The help text of the command that was typed, with its whole name; with colours where they are shown as such. */
export async function helpText(
  root: CommandDef,
  rawArgs: string[],
  isColoured: boolean,
): Promise<string> {
  const { path, command } = await findCommand(root, rawArgs)
  const usage = await renderUsage(command, { meta: { name: path.slice(0, -1).join(' ') } })
  const text = usage.replaceAll(`=<${listHint}>`, listHint)
  const definitions = Object.values((await resolved(command.args)) ?? {})
  const hasFlags = definitions.some(({ type }) => type !== 'positional')
  const honest = hasFlags ? text : text.replace(' [OPTIONS]', '')
  return isColoured ? honest : stripVTControlCharacters(honest)
}

const asksForHelp = (args: string[]) => args.includes('--help') || args.includes('-h')

/** Follows the names of commands as far as they go. @throws {UsageFault} there is no such command */
async function findCommand(root: CommandDef, rawArgs: string[]): Promise<Found> {
  let found: Found = { path: ['octavo'], command: root, args: rawArgs }
  for (;;) {
    const { path, args } = found
    const subCommands = await resolved(found.command.subCommands)
    const at = args.findIndex((text) => !text.startsWith('-'))
    const unnamed = at === 0 ? undefined : await resolved(found.command.default)
    if (unnamed !== undefined && asksForHelp(args)) return found
    const name = unnamed ?? args[at]
    if (subCommands === undefined || name === undefined) return found
    // Before its command a flag would say nothing to anybody, but for the one that is meant when none is named.
    if (at > 0 && unnamed === undefined && !asksForHelp(args))
      throw new UsageFault(unknownFlag(path, args[0] ?? '', []))
    const isKnown = Object.hasOwn(subCommands, name)
    if (!isKnown) throw unknownCommand(path.join(' '), name, Object.keys(subCommands))
    const command: CommandDef = (await resolved(subCommands[name])) ?? {}
    const rest = unnamed === undefined ? args.slice(at + 1) : args
    found = { path: [...path, name], command, args: rest }
  }
}

function unknownCommand(parent: string, name: string, known: string[]): UsageFault {
  const hint = suggestion(name, known)
  return new UsageFault(`There is no command "${parent} ${name}".${hint} See ${parent} --help`)
}

async function resolved<T extends object | string>(
  value: T | Promise<T> | (() => T | Promise<T>) | undefined,
): Promise<T | undefined> {
  return typeof value === 'function' ? await value() : value
}

type Definitions = [name: string, definition: ArgDef][]

function refuseArguments({ path, args }: Found, definitions: Definitions): void {
  const flags = definitions.filter(([, { type }]) => type !== 'positional')
  const wanted = definitions.filter(([, { type }]) => type === 'positional')
  const given: string[] = []
  for (const token of tokensOf(args, flags)) {
    if (token.kind === 'positional') given.push(token.value)
    const mistake = token.kind === 'option' ? mistakeIn(token, path, flags) : null
    if (mistake !== null) throw new UsageFault(mistake)
  }
  const mistake = mistakeInNumber(given, path, wanted)
  if (mistake !== null) throw new UsageFault(mistake)
}

function mistakeInNumber(given: string[], path: string[], wanted: Definitions): string | null {
  const command = path.join(' ')
  const extra = isList(wanted.at(-1)?.[1]) ? undefined : given[wanted.length]
  const names = wanted.map(([name]) => `<${name}>`).join(' ')
  if (extra !== undefined)
    return `${command} takes ${names ? `only ${names}` : 'no argument'}; "${extra}" is too much.`
  const missing = wanted
    .slice(given.length)
    .find(([, definition]) => definition.required !== false && definition.default === undefined)
  return missing ? `${command} needs <${missing[0]}>. See ${command} --help` : null
}

/** An argument may stand for many; the command finds them in `args._`. */
const isList = (definition: ArgDef | undefined): boolean => definition?.valueHint === listHint

function tokensOf(args: string[], flags: Definitions) {
  const options = flags.map(([name, definition]) => {
    const type: 'boolean' | 'string' = definition.type === 'boolean' ? 'boolean' : 'string'
    const short = aliasesOf(definition).find((alias) => alias.length === 1)
    return [name, short === undefined ? { type } : { type, short }] as const
  })
  const shape = { options: Object.fromEntries(options), strict: false, allowPositionals: true }
  return parseArgs({ args, ...shape, tokens: true }).tokens
}

const aliasesOf = (definition: ArgDef): string[] =>
  'alias' in definition ? [definition.alias ?? []].flat() : []

type Flag = {
  name: string
  rawName: string
  value?: string | undefined
  inlineValue?: boolean | undefined
}

function mistakeIn(flag: Flag, path: string[], flags: Definitions): string | null {
  const { name, rawName, value } = flag
  const definition = flags.find(([known]) => known === name)?.[1]
  if (definition === undefined) return isOff(name, flags) ? null : unknownFlag(path, rawName, flags)
  if (definition.type === 'boolean')
    return value === undefined ? null : `${rawName} takes no value; "${value}" is too much.`
  const [, min, max] = /^(\d+)\.\.(\d+)$/.exec(definition.valueHint ?? '') ?? []
  if (min !== undefined)
    return isWithin(value, Number(min), Number(max))
      ? null
      : `${rawName} takes a whole number from ${min} to ${max}, not "${value ?? ''}".`
  // Typed apart, what looks like a flag is one: the value was forgotten.
  const isNextFlag = flag.inlineValue === false && value?.startsWith('-')
  if (!value || isNextFlag) return `${rawName} needs a value. See ${path.join(' ')} --help`
  const options = definition.type === 'enum' ? (definition.options ?? []) : [value]
  if (options.includes(value)) return null
  return `${rawName} is one of ${options.join(', ')}, not "${value}".${suggestion(value, options)}`
}

const isWithin = (value = '', min: number, max: number): boolean =>
  /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max

/** `--no-smoke` is known where `--smoke` is the default. */
const isOff = (name: string, flags: Definitions): boolean => offNames(flags).includes(name)

const offNames = (flags: Definitions): string[] =>
  flags.flatMap(([name, { type, default: initially }]) =>
    type === 'boolean' && initially === true ? [`no-${name}`] : [],
  )

function unknownFlag(path: string[], rawName: string, flags: Definitions): string {
  const command = path.join(' ')
  const known = [...flags.map(([name]) => name), ...offNames(flags)].map((name) => `--${name}`)
  return `${command} has no flag ${rawName}.${suggestion(rawName, known)} See ${command} --help`
}

function suggestion(given: string, known: readonly string[]): string {
  const near = didYouMean(given, known)
  return near === null ? '' : ` Did you mean ${near}?`
}
