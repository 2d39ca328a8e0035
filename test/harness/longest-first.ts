import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Starts the files first that take longest, so that no worker is left alone with one of them at the end. A clean clone knows no
 * durations and Vitest would go by size, which says nothing of a file that starts a whole stack.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => rankOf(a.moduleId) - rankOf(b.moduleId))
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

function rankOf(path: string): number {
  const rank = longest.findIndex((pattern) => pattern.test(path))
  return rank === -1 ? longest.length : rank
}
