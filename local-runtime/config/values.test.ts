import { expect, test } from 'vitest'
import { bytes, flag, groups, milliseconds, oneOf, origins, urlOf, wholeNumber } from './values.ts'

const sizes = bytes({ min: 1, max: 1024 ** 4 })
const times = milliseconds({ min: 0, max: 86_400_000 })
const numbers = wholeNumber({ min: 1, max: 1_000_000 })
const origin = 'https://app.example.com'

const accepted: [string, { parse: (text: string) => unknown }, string, unknown][] = [
  ['digits alone are bytes', sizes, '1048576', 1_048_576],
  ['MiB is a power of 1024', sizes, '100MiB', 104_857_600],
  ['MB is a power of 1000', sizes, '100 MB', 100_000_000],
  ['a fraction of a unit is rounded', sizes, '1.5k', 1536],
  ['digits alone are milliseconds', times, '25000', 25_000],
  ['s stands for seconds', times, '25s', 25_000],
  ['m stands for minutes', times, '15m', 900_000],
  ['underscores group digits', numbers, '10_000', 10_000],
  ['surrounding blanks do not count', numbers, ' 7 ', 7],
  ['YES is true', flag, 'YES', true],
  ['0 is false', flag, '0', false],
  ['a word may have any case', oneOf('link', 'refuse'), 'Refuse', 'refuse'],
  [
    'origins are split at commas and blanks',
    origins,
    `${origin}, *localhost*`,
    [origin, '*localhost*'],
  ],
  ['no origin is an empty list', origins, '', []],
  ['each means one isolate a function', groups, 'Each', 'each'],
  ['groups are split at semicolons', groups, 'health docs; jobs;', [['health', 'docs'], ['jobs']]],
  ['an address keeps its form', urlOf('redis', 'rediss'), 'rediss://h:6380', 'rediss://h:6380'],
]

test.each(accepted)('%s', (_title, type, text, value) => {
  expect(type.parse(text)).toEqual(value)
})

const refused: [string, { safeParse: (text: string) => { success: boolean } }, string][] = [
  ['a size with an unknown unit', sizes, '10 parsecs'],
  ['a negative size', sizes, '-1'],
  ['a size beyond the limit', sizes, '2048GiB'],
  ['a size too large for a number', sizes, '9'.repeat(400)],
  ['a hexadecimal number', numbers, '0x10'],
  ['a number with an exponent', numbers, '1e3'],
  ['a fraction where a whole number is meant', numbers, '1.5'],
  ['a number below the limit', numbers, '0'],
  ['a word that is neither true nor false', flag, 'maybe'],
  ['a word that is not in the list', oneOf('link', 'refuse'), 'linked'],
  ['an origin with a path', origins, 'https://app.example.com/path'],
  ['an origin with a trailing slash', origins, 'https://app.example.com/'],
  ['an origin without scheme', origins, 'app.example.com'],
  ['any origin at all', origins, '*'],
  ['a function in two groups', groups, 'health; health'],
  ['a function name with a slash', groups, 'health/docs'],
  ['groups without functions', groups, ' ; '],
  ['an address of another scheme', urlOf('postgres'), 'mysql://h/d'],
  ['an address without host', urlOf('postgres'), 'postgres:///d'],
]

test.each(refused)('%s is refused', (_title, type, text) => {
  expect(type.safeParse(text).success).toBe(false)
})
