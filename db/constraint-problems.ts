import type { DatabaseProblem } from './errors.ts'

export const invalid = (publicMessage: string): DatabaseProblem => ({
  code: 'invalid',
  publicMessage,
})
export const missing = (publicMessage: string): DatabaseProblem => ({
  code: 'not_found',
  publicMessage,
})
export const duplicate = (publicMessage: string): DatabaseProblem => ({
  code: 'duplicate',
  publicMessage,
})
export const conflict = (publicMessage: string): DatabaseProblem => ({
  code: 'conflict',
  publicMessage,
})

export const sameId = duplicate('Something with this id exists already.')
