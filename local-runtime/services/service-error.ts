/** A service cannot be found, started or stopped. The message is one sentence for the operator, without secrets. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
}

const reasons: Record<string, string> = {
  ENOSPC: 'the disk is full: make room and start again',
  EDQUOT: "this user's share of the disk is full: make room and start again",
  EACCES: 'this user lacks a right there: check the owner of OCTAVO_HOME',
  EPERM: 'this user lacks a right there: check the owner of OCTAVO_HOME',
  EROFS: 'that file system is read-only: give another OCTAVO_HOME',
}

/** Turns a file system's refusal into one sentence; what is no such refusal stays what it is. */
export function asServiceError(service: string, err: unknown): unknown {
  if (err instanceof ServiceError) return err
  const { code = '', path } = err as NodeJS.ErrnoException
  const reason = reasons[code]
  if (reason === undefined) return err
  const place = path === undefined ? 'its files' : path
  return new ServiceError(`${service} cannot write ${place}, ${reason}.`, { cause: err })
}
