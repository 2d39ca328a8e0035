import { AppError } from './problems.ts'

export const bodyTooLarge = (bytesMax: number): AppError =>
  new AppError('payload_too_large', `The body may have at most ${bytesMax} bytes.`)

/** A caller who goes away made no error of ours. */
export const bodyEndedEarly = (cause?: unknown): AppError =>
  new AppError('malformed', 'The body ended early.', { cause })
