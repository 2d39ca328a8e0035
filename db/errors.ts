import { constraintProblems } from './constraints.ts'

/** What a caller may learn of a database error. Codes are those of the problem table. */
export type DatabaseProblem = { code: DatabaseProblemCode; publicMessage: string }
export type DatabaseProblemCode =
  | 'conflict'
  | 'duplicate'
  | 'invalid'
  | 'not_found'
  | 'payload_too_large'
  | 'unavailable'

/**
 * A call that was given up here: no connection, no answer in time, its transaction's connection died, or (a fault of
 * the program, and therefore not `isUnavailable`) its transaction was over.
 */
export class DatabaseUnavailable extends Error {
  readonly code: 'DEADLINE' | 'POOL_WAIT' | 'POOL_FULL' | 'TRANSACTION_LOST' | 'TRANSACTION_OVER'

  constructor(code: DatabaseUnavailable['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'DatabaseUnavailable'
    this.code = code
  }
}

/** The parts of a driver's or server's error that may be logged: no values, no statement. */
export type DatabaseFault = {
  code: string
  severity?: string
  constraint?: string
  table?: string
  column?: string
  routine?: string
}

const connectCodes = new Set([
  ...['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['CONNECT_TIMEOUT', '57P03', '53300'],
])
const lostCodes = new Set([
  ...['CONNECTION_CLOSED', 'CONNECTION_DESTROYED', 'CONNECTION_ENDED', 'ECONNRESET', 'EPIPE'],
  ...['ETIMEDOUT', '57P01', '57P02', '25P03', '57P05'],
])
// 57014: the server gave the statement up at its timeout. 25006: a failover left us on a standby.
const otherUnavailable = new Set([
  ...['DEADLINE', 'POOL_WAIT', 'POOL_FULL', 'TRANSACTION_LOST'],
  ...['57014', '53100', '53200', '55P03', '25006'],
])
const retryableCodes = new Set(['40001', '40P01'])

const codeProblems: Record<string, DatabaseProblem> = {
  '22021': { code: 'invalid', publicMessage: 'Text must not hold NUL characters.' },
  '22P05': { code: 'invalid', publicMessage: 'Text must not hold NUL characters.' },
  '22003': { code: 'invalid', publicMessage: 'A number is out of range.' },
  '22008': { code: 'invalid', publicMessage: 'A date or time is out of range.' },
  '22009': { code: 'invalid', publicMessage: 'An offset of a time is out of range.' },
  '22P02': { code: 'invalid', publicMessage: 'A value has the wrong form.' },
  '22001': { code: 'invalid', publicMessage: 'A text is too long.' },
  '54000': { code: 'payload_too_large', publicMessage: 'A value is too large to be stored.' },
  '40001': { code: 'conflict', publicMessage: 'Somebody else changed the same thing. Try again.' },
  '40P01': { code: 'conflict', publicMessage: 'Somebody else changed the same thing. Try again.' },
}

// A month's partition carries its own key names: run_events_2026_11_pkey promises what run_events_pkey does.
const partitionSuffix = /^(.+?)_(?:\d{4}_\d{2}|default)(_.+)$/

/**
 * Turns an error of a statement into what its caller may read.
 * @returns `null` for everything unforeseen: that is internal, to be logged whole and never shown
 */
export function describeDatabaseError(err: unknown): DatabaseProblem | null {
  const fault = databaseFault(err)
  if (!fault) return null
  if (isUnavailable(err))
    return { code: 'unavailable', publicMessage: 'The database cannot be reached right now.' }
  return describeConstraint(fault.constraint) ?? codeProblems[fault.code] ?? null
}

function describeConstraint(name: string | undefined): DatabaseProblem | null {
  if (!name) return null
  return (
    constraintProblems[name] ?? constraintProblems[name.replace(partitionSuffix, '$1$2')] ?? null
  )
}

/** No answer can be had from the database at the moment; asking again later may help. */
export function isUnavailable(err: unknown): boolean {
  const code = databaseFault(err)?.code
  if (code === undefined) return false
  return (
    connectCodes.has(code) || lostCodes.has(code) || otherUnavailable.has(code) || /^08/.test(code)
  )
}

/** The connection broke before the statement could have run. */
export function isConnectFailure(err: unknown): boolean {
  const code = databaseFault(err)?.code
  return code !== undefined && connectCodes.has(code)
}

/** The connection is gone: a statement under way may or may not have taken effect. */
export function isConnectionLost(err: unknown): boolean {
  const fault = databaseFault(err)
  if (!fault) return false
  return lostCodes.has(fault.code) || /^08/.test(fault.code) || fault.severity === 'FATAL'
}

/** The whole transaction may be run again: it was rolled back for reasons outside itself. */
export function isRetryable(err: unknown): boolean {
  const fault = databaseFault(err)
  return fault !== null && (retryableCodes.has(fault.code) || isStalePlan(fault))
}

// A migration changed what a prepared statement returns, or a pooler gave us another server session.
function isStalePlan({ code, routine }: DatabaseFault): boolean {
  return (code === '0A000' && routine === 'RevalidateCachedQuery') || code === '26000'
}

/** The innermost error that carries a code, without values: Drizzle's wrapper quotes every parameter. */
export function databaseFault(err: unknown): DatabaseFault | null {
  for (let at = err, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    const code: unknown = Reflect.get(at, 'code')
    if (typeof code === 'string' && isDatabaseCode(at, code)) return faultOf(at, code)
  }
  return null
}

const isDatabaseCode = (err: Error, code: string): boolean =>
  err instanceof DatabaseUnavailable ||
  err.name === 'PostgresError' ||
  connectCodes.has(code) ||
  lostCodes.has(code)

function faultOf(err: Error, code: string): DatabaseFault {
  const fault: DatabaseFault = { code }
  const fields = {
    severity: 'severity',
    constraint: 'constraint_name',
    table: 'table_name',
    column: 'column_name',
    routine: 'routine',
  } as const
  for (const [key, field] of Object.entries(fields)) {
    const value: unknown = Reflect.get(err, field)
    if (typeof value === 'string') fault[key as keyof typeof fields] = value
  }
  return fault
}
