import { globSync, readFileSync } from 'node:fs'

const folders = '{client,db,domain,functions}/**/*.test.ts'

// What outlives a file: replaced modules, clocks and globals, child processes, connections that are cut, a Redis that
// stops. And what it would falsify: a process's memory.
const ownsItsProcess =
  /\bvi\.|\bprocess\.(?!env\b)|node:(child_process|v8|worker_threads)|\/(redis|stack|worker|webhook-worker)\.ts'|pg_terminate_backend/

/**
 * Test files that ask only for a database and routes of their own, which they leave to nobody. Run one after another
 * in a process, they load the schema and the functions once instead of once a file, which is most of their cost.
 * @returns paths from the checkout's root
 */
export function filesThatShareProcesses(): string[] {
  return globSync(folders).filter((path) => !ownsItsProcess.test(readFileSync(path, 'utf8')))
}
