import { describeDatabaseError, isUnavailable } from '../../db/errors.ts'
import { type Config, loadConfig } from '../config.ts'
import { createDeps, type HostDeps } from '../deps.ts'
import { orExplain } from './terminal.ts'

/** Runs a command on the stack's database; every failure ends it with one clear sentence. */
export function withDatabase(
  work: (host: HostDeps, config: Config) => Promise<void>,
): Promise<void> {
  return orExplain(async () => {
    const config = loadConfig()
    const host = createDeps(config, { role: 'tasks', logFd: 2 })
    try {
      await work(host, config)
    } catch (err) {
      throw readable(err)
    } finally {
      await host.close()
    }
  })
}

function readable(err: unknown): unknown {
  if (isUnavailable(err))
    return new Error('The database does not answer. Start the stack with ./deploy-local.sh')
  const known = describeDatabaseError(err)
  return known ? new Error(known.publicMessage, { cause: err }) : err
}
