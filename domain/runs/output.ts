import { JobFailure } from '../jobs/outcome.ts'
import { storableResult } from '../jobs/storable.ts'

const outputBytesMax = 64 * 1024

/**
 * A step's output as it is stored.
 * @returns JSON
 * @throws {JobFailure} `output_too_large` at once and for good; `invalid_result`: it would not come back as it is
 */
export function encodeOutput(step: string, output: unknown): string {
  const bytes = bytesOf(output)
  if (bytes > outputBytesMax)
    throw new JobFailure(
      'output_too_large',
      `The output of the step "${step}" has ${bytes} bytes, at most ${outputBytesMax} are kept. Store it and give its key.`,
      true,
    )
  storableResult({ output })
  return JSON.stringify(output)
}

/** 0 for what is no JSON at all: `storableResult` says why. */
function bytesOf(output: unknown): number {
  try {
    return new TextEncoder().encode(JSON.stringify(output)).length
  } catch {
    return 0
  }
}
