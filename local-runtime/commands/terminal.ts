import { createInterface } from 'node:readline/promises'
import { ConfigFault } from '../config.ts'
import type { Step } from '../supervisor/supervisor.ts'

const nameColumns = 16

/** "postgres         0.4 s  started" */
export function printStep({ step, ms, note }: Step): void {
  const seconds = `${(ms / 1000).toFixed(1)} s`.padStart(8)
  console.log(`${step.padEnd(nameColumns)}${seconds}  ${note}`.trimEnd())
}

/** Does one step and prints its name and seconds. */
export async function timed<T>(
  step: string,
  work: () => Promise<T>,
  note: (result: T) => string,
): Promise<T> {
  const startedAt = performance.now()
  const result = await work()
  printStep({ step, ms: performance.now() - startedAt, note: note(result) })
  return result
}

/** Ends the command with one clear sentence instead of a stack. */
export async function orExplain(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (err) {
    console.error(explanation(err))
    process.exitCode = 1
  }
}

const explanations: Record<string, string> = {
  ENOSPC: 'The disk is full',
  EDQUOT: 'The disk quota is used up',
  EACCES: 'A right is missing',
  EPERM: 'A right is missing',
  EROFS: 'The file system is read-only',
}

/** What an operator can act on. */
export function explanation(err: unknown): string {
  if (err instanceof ConfigFault) return err.message
  const { code, path, syscall, message } = err as NodeJS.ErrnoException
  const known = code === undefined ? undefined : explanations[code]
  const what = [syscall ?? 'writing', path].filter(Boolean).join(' ')
  if (known) return `${known}: ${what} failed (${code}).`
  if (message?.includes('ENOSPC') || message?.includes('No space left'))
    return `The disk is full. ${message}`
  return message ?? String(err)
}

/** Asks a person; without a terminal the answer is no. */
export async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    console.error(`${question} Nobody can be asked here: say --yes.`)
    return false
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await lines.question(`${question} [y/N] `)
  lines.close()
  return /^y(es)?$/i.test(answer.trim())
}
