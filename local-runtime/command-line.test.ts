import { defineCommand } from 'citty'
import { expect, test } from 'vitest'
import { helpText, refuseMistakes } from './command-line.ts'

function setup() {
  const logs = defineCommand({
    meta: { name: 'logs', description: 'Show' },
    args: {
      follow: { type: 'boolean', alias: 'f' },
      smoke: { type: 'boolean', default: true },
      limit: { type: 'string', default: '200', valueHint: '1..200' },
      process: { type: 'string' },
      role: { type: 'enum', options: ['viewer', 'editor'] },
    },
  })
  const create = defineCommand({
    meta: { name: 'create', description: 'Make' },
    args: { name: { type: 'positional', required: true } },
  })
  const stop = defineCommand({ meta: { name: 'stop', description: 'End' } })
  const tenants = defineCommand({ meta: { name: 'tenants' }, subCommands: { create } })
  const list = defineCommand({ args: { limit: { type: 'string', valueHint: '1..20' } } })
  const ids = { type: 'positional', required: false, valueHint: '...' } as const
  const retry = defineCommand({ args: { id: ids } })
  const jobs = defineCommand({
    meta: { name: 'jobs', description: 'Many' },
    args: { limit: { type: 'string', valueHint: '1..20' } },
    default: 'list',
    subCommands: { list, retry },
  })
  const root = defineCommand({
    meta: { name: 'octavo' },
    subCommands: { logs: () => Promise.resolve(logs), stop, tenants, jobs, redis: create },
  })
  const words = (line: string) => line.split(' ').filter(Boolean)
  return {
    check: (line: string) => refuseMistakes(root, words(line), new Set(['redis'])),
    help: (line: string) => helpText(root, words(line), false),
  }
}

test.each([
  ['stop extra', 'octavo stop takes no argument; "extra" is too much.'],
  ['stop -- extra', 'octavo stop takes no argument; "extra" is too much.'],
  ['tenants create a b', 'octavo tenants create takes only <name>; "b" is too much.'],
  ['tenants create', 'octavo tenants create needs <name>. See octavo tenants create --help'],
  ['stpo', 'There is no command "octavo stpo". Did you mean stop? See octavo --help'],
  ['toString', 'There is no command "octavo toString". See octavo --help'],
  ['stpo --help', 'There is no command "octavo stpo". Did you mean stop? See octavo --help'],
  ['--bogus', 'octavo has no flag --bogus. See octavo --help'],
  ['--follow logs', 'octavo has no flag --follow. See octavo --help'],
  ['jobs --limt 3', 'octavo jobs list has no flag --limt. Did you mean --limit? See octavo jobs'],
  ['jobs --limit 3 x', 'octavo jobs list takes no argument; "x" is too much.'],
  ['jobs lst', 'There is no command "octavo jobs lst". Did you mean list? See octavo jobs --help'],
  ['jobs retry --all', 'octavo jobs retry has no flag --all.'],
  ['stop --bogus', 'octavo stop has no flag --bogus. See octavo stop --help'],
  [
    'logs --folow',
    'octavo logs has no flag --folow. Did you mean --follow? See octavo logs --help',
  ],
  [
    'logs --no-smok',
    'octavo logs has no flag --no-smok. Did you mean --no-smoke? See octavo logs --help',
  ],
  ['logs -fx', 'octavo logs has no flag -x. See octavo logs --help'],
  ['logs --follow=yes', '--follow takes no value; "yes" is too much.'],
  ['logs --process', '--process needs a value. See octavo logs --help'],
  ['logs --process --follow', '--process needs a value. See octavo logs --help'],
  ['logs --role edito', '--role is one of viewer, editor, not "edito". Did you mean editor?'],
])('octavo %s is refused in one sentence', async (line, sentence) => {
  await expect(setup().check(line)).rejects.toThrow(sentence)
})

test.each(['0', '201', 'abc', '1e2', '-5', '', '1.5'])(
  'a number that is %j is refused with the range that the help shows',
  async (value) => {
    const { check, help } = setup()
    const sentence = `--limit takes a whole number from 1 to 200, not "${value}".`
    await expect(check(`logs --limit=${value}`)).rejects.toThrow(sentence)
    expect(await help('logs')).toContain('--limit=<1..200>')
  },
)

test.each([
  '',
  'stop',
  'stop --help',
  'tenants create a',
  'tenants create -- --name',
  'logs -f --limit 200 --process=-x --role viewer --no-smoke',
  'logs --limit 1',
  'redis SET a b --bogus',
  'jobs',
  'jobs --limit 3',
  'jobs --limit 3 --help',
  'jobs list --limit=3',
  'jobs retry',
  'jobs retry a b c',
])('octavo %s goes through', async (line) => {
  await expect(setup().check(line)).resolves.toBeUndefined()
})

test('a help text names the whole command, and options only where there are some', async () => {
  const { help } = setup()
  expect(await help('tenants create --help')).toContain('USAGE octavo tenants create <NAME>')
  expect(await help('logs --help')).toContain('USAGE octavo logs [OPTIONS]')
  expect(await help('--help')).toContain('USAGE octavo logs|stop|tenants')
  expect(await help('jobs --limit 3 --help')).toContain('USAGE octavo jobs [OPTIONS] list|retry')
  expect(await help('jobs retry --help')).toContain('ID...')
})
