/** One thing wrong with the configuration. `problem` holds no secret value. */
export type Fault = { variable: string; source: string; problem: string; fix: string }

/** All faults of the configuration at once. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault'
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    const lines = faults.map(
      ({ variable, source, problem, fix }) => `  ${variable} (${source}): ${problem}. Fix: ${fix}.`,
    )
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`
    super(`The configuration has ${count}:\n${lines.join('\n')}`)
    this.faults = faults
  }
}
