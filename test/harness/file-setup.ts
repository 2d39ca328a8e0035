import fc from 'fast-check'
import { afterAll } from 'vitest'
import { endFile } from './database.ts'

// The short suite draws the same cases each time, so that only a change turns it red; the long one draws new ones.
if (process.env.OCTAVO_TEST_LONG !== '1') fc.configureGlobal({ seed: 20_261_121 })

afterAll(endFile)
