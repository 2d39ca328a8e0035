import { join } from 'node:path'
import { pageJobKind } from '../../domain/documents/page-parts.ts'
import type { JobHost, JobKinds } from '../../functions/_shared/ports/jobs.ts'
import { aiOfHost } from '../ai/choice.ts'
import { type Config, environment } from '../config.ts'
import { outgoingOf } from '../outgoing/request.ts'
import { registry } from '../registry.ts'
import type { JobProcessesOptions } from './job-processes.ts'
import { languageDataPath } from './language-data.ts'
import { removeTemporaryFoldersOf } from './temporary-folder.ts'

/**
 * What the supervisor tells the worker, and the worker its job processes, as JSON in the first argument. Without it, the
 * sources run as they are.
 */
export type WorkerSpec = {
  /** Built programs that jobs run as child processes, by name. */
  programs: { extraction: string }
  /** The built `job-child.ts`. */
  jobProgram: string
  compileCache: string
}

const stallMsMax = 30_000 // without a page: no page of a sound file takes longer
const mebibyte = 1024 ** 2

export function workerSpec(): WorkerSpec | null {
  return process.argv[2] === undefined ? null : (JSON.parse(process.argv[2]) as WorkerSpec)
}

/** The kinds of jobs of all functions, with the settings of this host. */
export async function jobKinds(config: Config): Promise<JobKinds> {
  const modules = await Promise.all(registry.map(({ jobs }) => jobs?.()))
  const kinds: JobKinds = Object.assign({}, ...modules.map((module) => module?.jobs))
  const pages = kinds[pageJobKind]
  return typeof pages === 'object'
    ? { ...kinds, [pageJobKind]: { ...pages, concurrency: config.ocr.concurrency } }
    : kinds
}

export function jobHost(config: Config, told: WorkerSpec | null): JobHost {
  const { checkout, worker: limits } = config
  const { extractionDeadlineMs } = limits
  return {
    childPath: (program) => told?.programs[program] ?? join(checkout, sourceOf(program)),
    temporaryFolder: temporaryFolderOf(config),
    extraction: {
      pagesMax: limits.extractionPagesMax,
      memoryBytesMax: limits.extractionMemoryMb * mebibyte,
      deadlineMs: extractionDeadlineMs,
      stallMs: Math.min(stallMsMax, extractionDeadlineMs),
    },
    ocr: ocrOf(config),
    ai: aiOfHost(config),
    outgoing: outgoingOf(),
  }
}

function ocrOf({ checkout, ocr }: Config): JobHost['ocr'] {
  const { isEnabled, languages, dataFolder, dpi, pagesMax, deadlineMs } = ocr
  if (!isEnabled) return null
  const dataPaths = languages.map((language) =>
    languageDataPath(language, { checkout, dataFolder }),
  )
  return { recognition: { dpi, languages: [...languages], dataPaths }, pagesMax, deadlineMs }
}

/** How the worker gives jobs processes of their own. */
export function jobProcesses(config: Config, told: WorkerSpec | null): JobProcessesOptions {
  const { jobProcessesMax, jobMemoryMb } = config.worker
  return {
    program: told?.jobProgram ?? join(config.checkout, 'local-runtime/worker/job-child.ts'),
    args: told ? [JSON.stringify(told)] : [],
    env: environment(),
    processesMax: jobProcessesMax,
    memoryBytesMax: jobMemoryMb * mebibyte,
    onOutput: (chunk) => void process.stdout.write(chunk),
    // What cannot be removed now, the next worker removes.
    onGone: (pid) => void removeTemporaryFoldersOf(pid, temporaryFolderOf(config)).catch(() => {}),
  }
}

const temporaryFolderOf = ({ paths }: Config): string => join(paths.run, 'tmp')

/** The source of a program, below the checkout. */
function sourceOf(program: string): string {
  const entry = registry.find(({ programs }) => programs?.[program] !== undefined)
  return join('functions', entry?.name ?? '', entry?.programs?.[program] ?? '')
}
