import { compileLabelFormat, type LabelFormat } from './label-format.ts'

// Seconds of a processor at most, whatever tenants wrote into their templates; usual fields need some hundred each.
const matchingStepsMax = 20_000_000

/**
 * Whether one of some values has a format, for all fields of one question together: a format is compiled once, and from
 * the limit on what has not matched yet counts as not matching. Short values are looked at first.
 * @param stepsMax states followed and characters looked at
 */
export function newFormatCheck(stepsMax: number = matchingStepsMax) {
  const formats = new Map<string, LabelFormat>()
  let steps = 0
  return (source: string, values: readonly string[]): boolean => {
    const format = formats.get(source) ?? compileLabelFormat(source)
    formats.set(source, format)
    return values
      .toSorted((one, other) => one.length - other.length)
      .some((value) => {
        if (steps >= stepsMax) return false
        const measured = format.measure(value)
        steps += measured.steps
        return measured.isMatch
      })
  }
}
