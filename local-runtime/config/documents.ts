import { settingDocuments } from './settings.ts'

type Document = (typeof settingDocuments)[number]

const lineWidth = 98

/** `.env.example`: every variable with its meaning, commented out, at its default. */
export function envExample(): string {
  const head = [
    'Every setting of Octavo. Copy this file to .env (never committed), or set the variables in the environment, which wins.',
    'Generated from local-runtime/config/settings: `npm run docs:config` writes it anew.',
  ]
  const groups = grouped().map(([group, documents]) =>
    [`## ${group}`, ...documents.map(envEntry)].join('\n\n'),
  )
  return `${[head.flatMap(comment).join('\n'), ...groups].join('\n\n')}\n`
}

function envEntry(document: Document): string {
  const { name, description, defaultMeans } = document
  const unset = defaultMeans === undefined ? [] : [`Not set: ${defaultMeans}.`]
  const lines = [description, ...unset, `Example: ${quoted(document.example)}`]
  if (document.unit !== undefined) lines.splice(1, 0, `Unit: ${document.unit}.`)
  return [...lines.flatMap(comment), `#${name}=${quoted(document.default ?? '')}`].join('\n')
}

// Unquoted, a "#" or a blank would end the value or lose its meaning for a shell that reads the file.
const quoted = (value: string) => (/[\s;#*]/.test(value) ? `"${value}"` : value)

function comment(sentence: string): string[] {
  const lines: string[] = ['#']
  for (const word of sentence.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last.length + word.length + 1 > lineWidth) lines.push(`# ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** `docs/configuration.md`: the same as a table, with the rules that hold for all. */
export function configurationTable(): string {
  const groups = grouped().map(([group, documents]) =>
    [
      `## ${group}`,
      '',
      '| Variable | Meaning | Unit | Default | Example |',
      '| --- | --- | --- | --- | --- |',
      ...documents.map(tableRow),
    ].join('\n'),
  )
  return `${[preamble, ...groups].join('\n\n')}\n`
}

const preamble = `# Configuration

Generated from \`local-runtime/config/settings\` by \`npm run docs:config\`; a test keeps it true.

- A variable of the environment wins over the same one in \`.env\` (in the checkout, never committed). An empty value counts as not set.
- A secret is given by its variable, or better as a file by the variable that ends in \`_FILE\`; both at once is a fault.
  What nobody gives is generated at the first start, readable by its owner alone, in \`OCTAVO_HOME/secrets\`.
- Sizes take \`1048576\`, \`1MiB\` or \`1MB\`; times in milliseconds take \`25000\`, \`25s\` or \`15m\`.
- All faults are told at once, each with the variable, where its value came from, and a fix. An unknown \`OCTAVO_*\` variable is a warning.
- \`octavo config show\` prints what is in force, with secrets masked.
- Ports follow from \`OCTAVO_PORT\`: Postgres + 1543, Redis + 1637, metrics + 1731; where that would exceed 32767, the same is subtracted.
- Sockets lie in \`OCTAVO_HOME/run\`, or in \`/tmp/octavo-<uid>-<hash>\` where a path would exceed 100 bytes.`

function tableRow({ name, description, unit, defaultMeans, example, ...rest }: Document): string {
  const standard = rest.default === undefined || rest.default === '' ? null : `\`${rest.default}\``
  const cells = [
    `\`${name}\``,
    description,
    unit ?? '',
    standard ?? defaultMeans ?? 'none',
    `\`${example}\``,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function grouped(): [string, Document[]][] {
  return Object.entries(Object.groupBy(settingDocuments, ({ group }) => group)).map(
    ([group, documents]) => [group, documents ?? []],
  )
}
