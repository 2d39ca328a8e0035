import { resolve } from 'node:path'
import type { Fault } from './faults.ts'
import { decode32, readSecretFile, Secret } from './secrets.ts'
import type { Sources } from './sources.ts'

/** Collects faults while secrets are looked up, so that all are told at once. */
export type CredentialReader = {
  faults: Fault[]
  /** The secret given by `<variable>` or `<variable>_FILE`, or `null`. */
  given(variable: string): Secret | null
  /** Parts of an address, the password apart. */
  address(variable: string): { url: string; password: Secret | null } | null
}

export function credentialReader(
  { values, sourceOf }: Sources,
  checkout: string,
): CredentialReader {
  const faults: Fault[] = []
  return {
    faults,
    given(variable) {
      const value = values[variable]
      const file = values[`${variable}_FILE`]
      if (value !== undefined && file !== undefined) {
        const problem = `it is set together with ${variable}_FILE`
        faults.push({ variable, source: sourceOf(variable), problem, fix: 'keep one of the two' })
      }
      if (value !== undefined) return Secret.ofValue(value, `${variable} (${sourceOf(variable)})`)
      if (file === undefined) return null
      const path = resolve(checkout, file)
      try {
        readSecretFile(path)
      } catch (err) {
        const problem = err instanceof Error ? err.message : String(err)
        const fix = 'name a file that this user can read and that holds the secret alone'
        const name = `${variable}_FILE`
        faults.push({ variable: name, source: sourceOf(name), problem, fix })
      }
      return Secret.ofFile(path)
    },
    address(variable) {
      const text = values[variable]
      if (text === undefined || !URL.canParse(text)) return null
      const url = new URL(text)
      // The drivers also take it from the query; it must not stay in an address that status prints.
      const password =
        url.password === '' ? url.searchParams.get('password') : decoded(url.password)
      url.password = ''
      url.searchParams.delete('password')
      const source = `${variable} (${sourceOf(variable)})`
      return {
        url: url.href,
        password: password === null ? null : Secret.ofValue(password, source),
      }
    },
  }
}

// A lone percent sign is no escape: then the text is meant as it stands.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The fault of an application secret that is not 32 bytes, told without showing it. */
export function appSecretFault(secret: Secret | null, { sourceOf }: Sources): Fault | null {
  if (secret === null) return null
  try {
    if (decode32(secret.reveal()) !== null) return null
  } catch {
    return null // told by the reader already
  }
  const variable = secret.file === null ? 'OCTAVO_SECRET' : 'OCTAVO_SECRET_FILE'
  return {
    variable,
    source: sourceOf(variable),
    problem: 'the value (masked) is not 32 bytes in hexadecimal or base64',
    fix: 'use the output of: openssl rand -hex 32',
  }
}
