import { expect, test } from 'vitest'
import {
  commandLines,
  namedOctavoCommands,
  namedPaths,
  namedScripts,
  namedSubcommands,
} from './markdown.ts'

const document = (text: string) => ({ path: 'docs/a.md', text })

test('paths are found in links and in inline code, placeholders and addresses are not', () => {
  const text =
    'See [b](b.md), [c](https://c.test/d.ts), `db/client.ts`, `functions/<name>/index.ts`.'
  expect(namedPaths(document(text))).toEqual(['docs/b.md', 'db/client.ts'])
})

test('scripts and subcommands are found in fences too', () => {
  const text = '```sh\nnpm run db:status\n./deploy-local.sh status --json\n```'
  expect(namedScripts(document(text))).toEqual(['db:status'])
  expect(namedSubcommands(document(text))).toEqual(['status'])
})

test('commands of octavo are found in code, and prose about it is not', () => {
  const text =
    'Ask octavo politely: `octavo config show`, or\n```sh\nnpx octavo logs --follow\n```\n'
  expect(namedOctavoCommands(document(text))).toEqual(['config', 'logs'])
})

test('a command is one line, whatever its breaks, prompt and comment', () => {
  const text =
    '```sh\n# first\n$ curl -s \\\n    http://a.test   # says hello\n```\n```json\n{}\n```'
  expect(commandLines(text)).toEqual(['curl -s http://a.test'])
})
