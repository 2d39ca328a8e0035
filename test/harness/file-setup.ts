import { afterAll } from 'vitest'
import { endFile } from './database.ts'

afterAll(endFile)
