import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Starts the files first that take longest, so that no worker is left alone with one of them at the end. A clean clone knows no
 * durations and Vitest would go by size, which says nothing of a file that starts a whole stack.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => rankOf(a) - rankOf(b))
  }
}

// Of folders and files that take more than some seconds; the first that matches counts.
const longest = [
  /\/test\/(contract\/hostile|contract\/front-door)/,
  /\/test\/faults\//,
  /\/scripts\/new-function/,
  /\/(driver-patch|drizzle-kit|catalogue)\.test/,
  /\/local-runtime\/(supervisor|worker)\//,
  /\/functions\/documents\/(ocr|extraction)\//,
  /\/test\/(contract|caddy)\//,
  /\/local-runtime\//,
]

function rankOf({ moduleId, project }: TestSpecification): number {
  const found = longest.findIndex((pattern) => pattern.test(moduleId))
  const rank = found === -1 ? longest.length : found
  // A process that files share ends when the next file wants its own.
  return project.config.isolate ? rank : longest.length + 1 + rank
}
