import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/harness/closing-line.ts'
import { LongestFirst } from './test/harness/longest-first.ts'

// `npm run test:long` adds the files that need minutes: faults under load, the whole corpus.
const isLongRun = process.env.OCTAVO_TEST_LONG === '1'

export default defineConfig({
  test: {
    include: ['**/*.test.ts', ...(isLongRun ? ['**/*.long.ts'] : [])],
    exclude: ['**/node_modules/**', '.local/**', '.cache/**', 'dist/**'],
    globalSetup: ['test/harness/global-setup.ts'],
    setupFiles: ['test/harness/file-setup.ts'],
    reporters: ['default', new ClosingLine()],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Files share their worker's modules: loading them anew for each was a third of the run. What a module keeps for its
    // file (test/harness) it forgets at the file's end; `--isolate` tells whether a file depends on another one.
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    // Deadlines against a hang, not measures of speed: two busy cores stretch everything.
    testTimeout: isLongRun ? 300_000 : 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    // drizzle-orm's package.json is parsed again for each module that Node itself imports: half a second a file.
    server: { deps: { inline: [/drizzle-orm/] } },
  },
})
