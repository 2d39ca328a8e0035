import { destination, type Logger, pino } from 'pino'
import type { Log, LogFields } from '../functions/_shared/ports/log.ts'
import { type DescribedError, describeError, redact, redactText } from './log/redaction.ts'
import { RelayClient } from './relay/client.ts'
import { errorLevel, type RelayLine, warnLevel } from './relay/line.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

type LineSink = { write(line: string): void }

export type ProcessLogOptions = {
  level: Level
  source: RelayLine['source']
  /** Socket of the relay; `null` keeps warnings and errors out of the error list. */
  relaySocket: string | null
  /** Where lines go: a descriptor, by default 1 (standard output), or whatever takes text without blocking. */
  out?: number | LineSink
}

export type ProcessLog = {
  log: Log
  /** Waits until what was said has left the process, `waitMs` at most. */
  flush(waitMs: number): Promise<void>
}

// A reader that stands still may not fill our memory: beyond this, lines are dropped.
const bufferedBytesMax = 1024 * 1024

/** Opens the log of this process: JSON lines on standard output; warnings and errors also to the relay. */
export function openLog({ level, source, relaySocket, out = 1 }: ProcessLogOptions): ProcessLog {
  const own = typeof out === 'number' ? descriptor(out) : null
  const lines = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    own ?? (out as LineSink),
  )
  const relay = relaySocket === null ? null : new RelayClient(relaySocket)
  return {
    log: newLog({ lines, source, relay, fields: {} }),
    flush: async (waitMs) => {
      await relay?.flush(waitMs)
      own?.flushSync()
    },
  }
}

function descriptor(fd: number) {
  const stream = destination({ dest: fd, sync: false, maxLength: bufferedBytesMax })
  // The reader of our standard output is gone: so is whoever could be told.
  stream.on('error', () => {})
  return stream
}

type Sink = {
  lines: Logger
  source: RelayLine['source']
  relay: RelayClient | null
  fields: LogFields
}

function newLog(sink: Sink): Log {
  const write = (level: Level, message: string, fields: LogFields = {}, err?: unknown) => {
    const isGrave = level === 'warn' || level === 'error'
    if (!isGrave && !sink.lines.isLevelEnabled(level)) return
    const safe = redact({ ...sink.fields, ...fields })
    const text = redactText(message)
    const cause = err === undefined ? undefined : describeError(err)
    sink.lines[level](cause ? { ...safe, err: cause } : safe, text)
    if (isGrave) sink.relay?.send(relayLine(sink.source, { level, text, fields: safe, cause }))
  }
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields, err) => write('warn', message, fields, err),
    error: (message, fields, err) => write('error', message, fields, err),
    with: (fields) => newLog({ ...sink, fields: { ...sink.fields, ...fields } }),
  }
}

type Said = {
  level: 'warn' | 'error'
  text: string
  fields: LogFields
  cause?: DescribedError | undefined
}

function relayLine(source: RelayLine['source'], { level, text, fields, cause }: Said): RelayLine {
  const named = (name: string) => (typeof fields[name] === 'string' ? fields[name] : null)
  return {
    level: level === 'error' ? errorLevel : warnLevel,
    time: Date.now(),
    msg: text,
    source,
    function: named('function'),
    request_id: named('request_id'),
    method: named('method'),
    path: named('path'),
    status: typeof fields.status === 'number' ? fields.status : null,
    code: named('code') ?? cause?.code ?? null,
    ...(cause ? { err: shortCause(cause) } : {}),
  }
}

// Drizzle wraps what Postgres said: the innermost cause tells more in one line.
function shortCause(cause: DescribedError): NonNullable<RelayLine['err']> {
  const { name, message, code, constraint } = cause.cause?.code ? cause.cause : cause
  return { name, message, ...(code ? { code } : {}), ...(constraint ? { constraint } : {}) }
}
