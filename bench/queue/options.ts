import { parseArgs } from 'node:util'
import type { Settings } from './contestant.ts'
import { contestantNames } from './contestants.ts'
import type { Plan } from './measures.ts'

export type Options = { names: readonly string[]; rounds: number; plan: Plan; settings: Settings }

const shortPlan = { jobs: 10_000, samples: 100 }
const longPlan = { jobs: 100_000, samples: 500 }
const growthJobs = 1_000_000
const growthParts = 10
const warmUpJobsMax = 100_000

/** Reads the command line. @throws {TypeError} an option or a contestant is unknown, or a value is no number */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      short: { type: 'boolean', default: false },
      growth: { type: 'boolean', default: false },
    },
  })
  const { jobs: usualJobs, samples } = values.short ? shortPlan : longPlan
  const jobs = count('jobs', values.jobs ?? (values.growth ? growthJobs : usualJobs))
  const isOnce = values.short || values.growth
  return {
    names: values.only?.split(',').map(contestant) ?? contestantNames,
    rounds: count('rounds', values.rounds ?? (isOnce ? 1 : 3)),
    plan: {
      jobs,
      samples,
      warmUpJobs: Math.min(jobs, warmUpJobsMax),
      parts: values.growth ? growthParts : 0,
    },
    settings: Object.fromEntries(values.set.map(setting)),
  }
}

function contestant(name: string): string {
  if (contestantNames.includes(name)) return name
  throw new TypeError(`"${name}" is none of ${contestantNames.join(', ')}.`)
}

function setting(text: string): [string, number] {
  const [name = '', value] = text.split('=')
  return [name, count(name, value ?? '')]
}

function count(name: string, value: string | number): number {
  const number = Number(value)
  if (value === '' || !Number.isInteger(number) || number < 0)
    throw new TypeError(`"${name}" needs a whole number.`)
  return number
}
