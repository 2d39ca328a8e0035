import postgres from 'postgres'

type FailedStatement = { name: string; index: number; count: number; statement: string }

/** All that Postgres said about a migration's statement. A migration holds no personal values, so it may be shown. */
export function migrationError(failed: FailedStatement, err: unknown): Error {
  const { name, index, count, statement } = failed
  return new Error(
    [
      `migration ${name} failed at statement ${index + 1} of ${count}; nothing of it was kept`,
      `  ${err instanceof Error ? err.message : String(err)}`,
      ...facts(statement, err).map(([title, value]) => `  ${title}: ${value}`),
      '  statement:',
      ...statement
        .trim()
        .split('\n')
        .map((line) => `    ${line}`),
    ].join('\n'),
    { cause: err },
  )
}

function facts(statement: string, err: unknown): [string, string][] {
  if (!(err instanceof postgres.PostgresError)) return []
  const { code, detail, hint, where, position } = err
  const pairs: [string, string | undefined][] = [
    ['SQLSTATE', code],
    ['detail', detail],
    ['hint', hint],
    ['where', where],
    ['position', position && `${position} (${placeOf(statement, Number(position))})`],
  ]
  return pairs.filter((pair): pair is [string, string] => Boolean(pair[1]))
}

// Counted in the statement as it is printed, without the blank lines that precede it.
function placeOf(statement: string, position: number): string {
  const blank = statement.length - statement.trimStart().length
  const lines = statement.slice(blank, position).split('\n')
  return `line ${lines.length}, column ${lines.at(-1)?.length ?? 0}`
}
