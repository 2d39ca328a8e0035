import { bytes, groups, milliseconds, wholeNumber } from '../values.ts'
import { setting } from './setting.ts'

const mebibytes = wholeNumber({ min: 64, max: 65_536 })
const shortDelay = milliseconds({ min: 50, max: 600_000 })

export const processes = {
  OCTAVO_GROUPS: setting(groups, {
    group: 'Processes',
    description:
      'Which functions share an isolate: names separated by spaces, groups separated by `;`, or `each` for one isolate a function. Functions not named share one more isolate.',
    default:
      'health docs logs; users keys audit; documents search conferences places; jobs schedules; annotations templates suggestions review; channels messages games artifacts',
    example: 'each',
  }),
  OCTAVO_ISOLATE_HEARTBEAT_MS: setting(shortDelay, {
    group: 'Processes',
    description: 'An isolate whose event loop is silent this long is killed and replaced.',
    unit: 'milliseconds',
    default: '5000',
    example: '10s',
  }),
  OCTAVO_ISOLATE_MEMORY_MB: setting(mebibytes, {
    group: 'Processes',
    description: 'JavaScript heap of one isolate.',
    unit: 'MiB',
    default: '512',
    example: '1024',
  }),
  OCTAVO_ISOLATE_DRAIN_MS: setting(shortDelay, {
    group: 'Processes',
    description: 'Time that a replaced isolate has to finish its requests.',
    unit: 'milliseconds',
    default: '30000',
    example: '10s',
  }),
  OCTAVO_WORKER_CONCURRENCY: setting(wholeNumber({ min: 1, max: 64 }), {
    group: 'Processes',
    description: 'Jobs that the worker runs at the same time.',
    unit: 'jobs',
    default: '2',
    example: '8',
  }),
  OCTAVO_WORKER_MEMORY_MB: setting(mebibytes, {
    group: 'Processes',
    description:
      'JavaScript heap of the worker. It takes no more jobs while its whole memory is above three quarters of this and 256 MiB together.',
    unit: 'MiB',
    default: '512',
    example: '1024',
  }),
  OCTAVO_WORKER_LAG_MS: setting(shortDelay, {
    group: 'Processes',
    description: 'The worker takes no more jobs while its event loop is later than this.',
    unit: 'milliseconds',
    default: '500',
    example: '2s',
  }),
  OCTAVO_WORKER_DRAIN_MS: setting(milliseconds({ min: 3_000, max: 600_000 }), {
    group: 'Processes',
    description:
      'Time within which a worker that is stopped or replaced has finished its jobs or given them back.',
    unit: 'milliseconds',
    default: '25000',
    example: '10s',
  }),
  OCTAVO_JOB_PROCESSES: setting(wholeNumber({ min: 1, max: 64 }), {
    group: 'Processes',
    description:
      'Processes for jobs that need one of their own, at the same time. Each may open five connections to the database.',
    unit: 'processes',
    default: '2',
    example: '4',
  }),
  OCTAVO_JOB_MEMORY_MB: setting(mebibytes, {
    group: 'Processes',
    description:
      'Memory of one such process where the kind of the job names none; beyond it the attempt fails as `out_of_memory`.',
    unit: 'MiB',
    default: '512',
    example: '2048',
  }),
  OCTAVO_LEASE_SECONDS: setting(wholeNumber({ min: 2, max: 600 }), {
    group: 'Processes',
    description:
      'Lifetime of a lease without heartbeat. A dead worker is noticed after this time; with 4 s its job is taken over within 5 s.',
    unit: 'seconds',
    default: '4',
    example: '30',
  }),
  OCTAVO_EXTRACTION_MEMORY_MB: setting(mebibytes, {
    group: 'Processes',
    description:
      'Memory of one extraction process; beyond it the document fails and the worker lives on.',
    unit: 'MiB',
    default: '1024',
    example: '2048',
  }),
  OCTAVO_EXTRACTION_DEADLINE_MS: setting(milliseconds({ min: 1000, max: 24 * 3_600_000 }), {
    group: 'Processes',
    description: 'Longest time for the extraction of one document; then it fails as `timeout`.',
    unit: 'milliseconds',
    default: '5m',
    example: '30m',
  }),
  OCTAVO_EXTRACTION_PAGES_MAX: setting(wholeNumber({ min: 1, max: 100_000 }), {
    group: 'Processes',
    description: 'Pages of one document at most; more fail as `too_many_pages`.',
    unit: 'pages',
    default: '2000',
    example: '10000',
  }),
  OCTAVO_RUN_EVENT_DAYS: setting(wholeNumber({ min: 1, max: 3650 }), {
    group: 'Processes',
    description: 'Time for which run events are kept.',
    unit: 'days',
    default: '30',
    example: '7',
  }),
  PAGE_IMAGE_BYTES_MAX: setting(bytes({ min: 0, max: 1024 ** 5 }), {
    group: 'Processes',
    description:
      'Room for drawn pictures of pages, over all tenants; beyond it those that were looked at longest ago go, within ten minutes.',
    unit: 'bytes',
    default: '2GiB',
    example: '20GiB',
  }),
  PAGE_IMAGE_DAYS: setting(wholeNumber({ min: 1, max: 36_500 }), {
    group: 'Processes',
    description: 'How long a drawn picture of a page stays that nobody looks at.',
    unit: 'days',
    default: '30',
    example: '7',
  }),
  TRASH_DAYS: setting(wholeNumber({ min: 0, max: 36_500 }), {
    group: 'Processes',
    description:
      'Time for which documents stay in the trash before they are deleted for good; 0 keeps them.',
    unit: 'days',
    default: '30',
    example: '7',
  }),
  OCTAVO_JOB_HISTORY_DAYS: setting(wholeNumber({ min: 1, max: 3650 }), {
    group: 'Processes',
    description: 'Time for which finished jobs are kept.',
    unit: 'days',
    default: '90',
    example: '30',
  }),
}
