import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/harness/closing-line.ts'
import { LongestFirst } from './test/harness/longest-first.ts'
import { filesThatShareProcesses } from './test/harness/shared-processes.ts'

// `npm run test:long` adds the files that need minutes: faults under load, the whole corpus.
const isLongRun = process.env.OCTAVO_TEST_LONG === '1'
const every = ['**/*.test.ts', ...(isLongRun ? ['**/*.long.ts'] : [])]
const never = ['**/node_modules/**', '.local/**', '.cache/**', 'dist/**']
const sharing = filesThatShareProcesses()

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'own', include: every, exclude: [...never, ...sharing] } },
      { extends: true, test: { name: 'shared', include: sharing, isolate: false } },
    ],
    globalSetup: ['test/harness/global-setup.ts'],
    setupFiles: ['test/harness/file-setup.ts'],
    reporters: ['default', new ClosingLine()],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
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
