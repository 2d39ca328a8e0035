import { defineCommand } from 'citty'
import {
  importConferences,
  importTotals,
  type ReadFile,
  rehearseImport,
  type SeriesVerdict,
} from '../../domain/conferences/importing.ts'
import { readConferences } from './import-folder.ts'
import { places } from './import-places.ts'
import { tenantIdOf } from './import-tenant.ts'
import { withDatabase } from './with-database.ts'

const ccfddl = defineCommand({
  meta: { name: 'ccfddl', description: 'Import conferences from a folder of ccfddl YAML files' },
  args: {
    folder: {
      type: 'positional',
      required: true,
      description: 'With its folders below; or one file',
    },
    'dry-run': { type: 'boolean', description: 'Only say what would change' },
    tenant: { type: 'string', description: "Name of a tenant (default: the operator's)" },
    json: { type: 'boolean', description: '{ "totals", "broken_files", "conferences" }' },
  },
  run: ({ args }) =>
    withDatabase(async ({ deps }) => {
      const tenantId = await tenantIdOf(deps, args.tenant)
      const files = await readConferences(args.folder)
      const isDryRun = args['dry-run'] === true
      const order = { tenantId, at: new Date(), files }
      const verdicts = isDryRun
        ? await rehearseImport(deps.db, order)
        : await deps.db.transaction((tx) => importConferences(tx, order))
      if (args.json) console.log(JSON.stringify(asJson(files, verdicts)))
      else for (const line of report(files, verdicts, isDryRun)) console.log(line)
      const { broken_files: broken, refused } = importTotals(files, verdicts)
      if (broken + refused > 0) process.exitCode = 1
    }),
})

const asJson = (files: readonly ReadFile[], conferences: readonly SeriesVerdict[]) => ({
  totals: importTotals(files, conferences),
  broken_files: files.flatMap(({ path, fault }) => (fault ? [{ path, ...fault }] : [])),
  conferences,
})

/** What has changed or is wrong, a line each, and the totals last. */
function report(
  files: readonly ReadFile[],
  verdicts: readonly SeriesVerdict[],
  isDryRun: boolean,
): string[] {
  const broken = files.flatMap(({ path, fault }) =>
    fault ? [`broken     ${path}:${fault.line}:${fault.column} ${fault.detail}`] : [],
  )
  const told = verdicts.flatMap(({ path, title, verdict, changes, problems }) => [
    ...(verdict === 'unchanged' ? [] : [`${verdict.padEnd(9)}  ${title ?? path}`]),
    ...(verdict === 'changed' ? changes.map((sentence) => `           ${sentence}`) : []),
    ...problems.map(
      ({ line, column, severity, detail }) =>
        `           ${path}:${line}:${column} ${severity}: ${detail}`,
    ),
  ])
  return [...told, ...broken, totalLine(files, verdicts), ...(isDryRun ? [dryRunLine] : [])]
}

const dryRunLine = 'A dry run: nothing was written.'

function totalLine(files: readonly ReadFile[], verdicts: readonly SeriesVerdict[]): string {
  const totals = importTotals(files, verdicts)
  const { created, changed, unchanged, refused, editions, deadlines } = totals
  const conferences = `${created} created, ${changed} changed, ${unchanged} unchanged, ${refused} refused`
  const read = `${totals.files} files, ${totals.broken_files} broken`
  return `${read}; conferences: ${conferences}; ${editions} editions, ${deadlines} deadlines`
}

export const importData = defineCommand({
  meta: { name: 'import', description: 'Bring in data from elsewhere' },
  subCommands: { ccfddl, places },
})
