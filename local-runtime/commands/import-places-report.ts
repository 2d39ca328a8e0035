import type { FileFault, SkippedFeature } from '../../domain/places/feature.ts'
import type { ImportTotals } from '../../domain/places/importing.ts'

/** What has become of a file; without totals nothing of it came in, because of the errors. */
export type ImportedFile = {
  path: string
  totals: ImportTotals | null
  skipped: readonly SkippedFeature[]
  ignored: readonly string[]
  errors: readonly FileFault[]
}

/** What is wrong or left out, a line each, and the totals of each file last. */
export function placesReport(files: readonly ImportedFile[], isDryRun: boolean): string[] {
  const lines = files.flatMap((file) => [...problemsOf(file), totalLine(file)])
  return isDryRun ? [...lines, 'A dry run: nothing was written.'] : lines
}

function problemsOf({ path, totals, skipped, errors }: ImportedFile): string[] {
  const left = (totals?.skipped ?? 0) - skipped.length
  return [
    ...errors.map(({ detail }) => `wrong    ${path}: ${detail}`),
    ...skipped.map((feature) => `skipped  ${path}: ${placeOf(feature)}: ${feature.reason}`),
    ...(left > 0 ? [`skipped  ${path}: and ${left} more`] : []),
  ]
}

function placeOf({ index, name, line }: SkippedFeature): string {
  const at = line === null ? `features[${index}]` : `line ${line}`
  return name ? `"${name}" (${at})` : at
}

function totalLine({ path, totals, ignored }: ImportedFile): string {
  if (totals === null) return `${path}: nothing was imported`
  const { created, updated, unchanged, skipped, unnamed } = totals
  const counts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${skipped} skipped`
  const rest = ignored.length > 0 ? `; not kept: ${ignored.join(', ')}` : ''
  return `${path}: ${counts}${unnamed > 0 ? `; ${unnamed} without a name` : ''}${rest}`
}
