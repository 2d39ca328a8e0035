import { spawn } from 'node:child_process'

export type ProgramOutput = { status: number; output: string }

/**
 * Runs a program of the search path to its end.
 * @param env instead of the caller's own
 * @returns `output`: what it printed, on both channels
 */
export function outputOf(
  program: string,
  args: readonly string[],
  env?: Record<string, string>,
): Promise<ProgramOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...(env && { env }), stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.once('error', reject)
    child.once('close', (status) => resolve({ status: status ?? 1, output }))
  })
}
