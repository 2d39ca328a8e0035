import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'

// What tells where a running stack is to be found, and no secret. Without it `OCTAVO_PORT=18080 ./deploy-local.sh`
// would start a stack that a later plain `./deploy-local.sh status` looks for on 8080.
const remembered = ['OCTAVO_PORT', 'OCTAVO_BIND'] as const

export const rememberedFile = (home: string): string => join(home, 'stack.env')

/** What the last start in this home was told; nothing before the first one. */
export function readRemembered(home: string): Record<string, string | undefined> {
  try {
    const values = parseEnv(readFileSync(rememberedFile(home), 'utf8'))
    return Object.fromEntries(remembered.map((name) => [name, values[name]]))
  } catch {
    // A home that cannot be read says so where it is needed.
    return {}
  }
}

/** Keeps where a stack listens, for commands that are not told. */
export function remember(home: string, { port, bind }: { port: number; bind: string }): void {
  writeFileSync(rememberedFile(home), `OCTAVO_PORT=${port}\nOCTAVO_BIND=${bind}\n`, { mode: 0o600 })
}
