import type { Reporter, TestModule } from 'vitest/node'

/**
 * Closes the run with `N passed, N failed, N skipped` alone on a line, for whoever reads logs by
 * program, after the reason of every skip. A file that failed outside its tests, and an unhandled error, each count as one failure.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      counts.failed += module.errors().length
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const result = test.result()
        counts[result.state] += 1
        if (result.state === 'skipped')
          console.log(`skipped: ${test.fullName}: ${result.note ?? 'no reason given'}`)
      }
    }
    // A test without a result did not run, for instance because the run was interrupted.
    const skipped = counts.skipped + counts.pending
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${skipped} skipped`)
  }
}
