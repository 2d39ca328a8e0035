import * as z from 'zod'

const bytesPerUnit: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
}
const msPerUnit: Record<string, number> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

type Range = { min: number; max: number }

function measured(text: string, perUnit: Record<string, number>): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text)
  const factor = perUnit[match?.[2]?.toLowerCase() ?? '?']
  return match?.[1] === undefined || factor === undefined
    ? Number.NaN
    : Math.round(Number(match[1]) * factor)
}

function ranged(read: (text: string) => number, what: string, { min, max }: Range) {
  return z.string().transform((text, context) => {
    const value = read(text.trim())
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value
    context.addIssue({ code: 'custom', message: `give ${what} from ${min} to ${max}` })
    return z.NEVER
  })
}

/** A whole number, written with digits alone; underscores may group them. */
export const wholeNumber = (range: Range) =>
  ranged(
    (text) => (/^\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN),
    'a whole number',
    range,
  )

/** Bytes: digits, or digits with kB, MB, GB (powers of 1000) or KiB, MiB, GiB, k, m, g (powers of 1024). */
export const bytes = (range: Range) =>
  ranged((text) => measured(text, bytesPerUnit), 'a size such as 1048576 or 1MiB,', range)

/** Milliseconds: digits, or digits with ms, s, m or h. */
export const milliseconds = (range: Range) =>
  ranged((text) => measured(text, msPerUnit), 'milliseconds such as 25000 or 25s,', range)

/** true, false, 1, 0, yes, no, on, off in any case. */
export const flag = z.string().transform((text, context) => {
  const word = text.trim().toLowerCase()
  if (['true', '1', 'yes', 'on'].includes(word)) return true
  if (['false', '0', 'no', 'off'].includes(word)) return false
  context.addIssue({ code: 'custom', message: 'give true or false' })
  return z.NEVER
})

/** One of a few words, in any case. */
export function oneOf<const Word extends string>(...words: Word[]) {
  return z.string().transform((text, context): Word => {
    const word = words.find((candidate) => candidate === text.trim().toLowerCase())
    if (word !== undefined) return word
    context.addIssue({ code: 'custom', message: `give one of: ${words.join(', ')}` })
    return z.NEVER
  })
}

/** A URL of one of these schemes with a host; kept as text, since `URL` cannot be frozen. */
export const urlOf = (...schemes: string[]) =>
  z.string().refine(
    (text) => {
      const url = URL.canParse(text) ? new URL(text) : null
      return url !== null && schemes.includes(url.protocol.replace(':', '')) && url.hostname !== ''
    },
    { error: `give an address such as ${schemes[0]}://user@host:port/name` },
  )

/** Exact origins, separated by commas or spaces; `*localhost*` stands for any port of localhost. */
export const origins = z.string().transform((text, context) => {
  const list = text.split(/[\s,]+/).filter(Boolean)
  for (const origin of list) {
    if (origin === '*localhost*') continue
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue
    const message = `"${origin}" is no origin; give scheme, host and port alone, such as https://app.example.com`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
  return list
})

/** `each`, or groups separated by `;` of function names separated by spaces or commas. */
export const groups = z.string().transform((text, context): 'each' | string[][] => {
  if (text.trim().toLowerCase() === 'each') return 'each'
  const table = text
    .split(';')
    .map((group) => group.split(/[\s,]+/).filter(Boolean))
    .filter((group) => group.length > 0)
  const names = table.flat()
  const wrong = names.find((name) => !/^[a-z][a-z0-9-]*$/.test(name))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (names.length > 0 && wrong === undefined && twice === undefined) return table
  const fault = wrong !== undefined ? `"${wrong}" is no function name` : `"${twice}" stands twice`
  const detail = names.length === 0 ? 'there is no function in it' : fault
  context.addIssue({
    code: 'custom',
    message: `${detail}; give each, or groups such as "health docs; users keys"`,
  })
  return z.NEVER
})
