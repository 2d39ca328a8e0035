import { AppError, type InputFault } from '../_shared/http/problems.ts'

export const invalid = (errors: InputFault[], hint?: string): AppError =>
  new AppError('invalid', errors.map(({ detail }) => detail).join(' '), {
    ...(hint === undefined ? {} : { hint }),
    errors,
  })

export const bodyFault = (pointer: string, code: string, detail: string): InputFault => ({
  ...{ in: 'body', pointer, code, detail },
})

/** A fault of a part of the body, with where it stands in the whole of it. */
export const within = (place: string, fault: InputFault): InputFault => ({
  ...fault,
  pointer: `${place}${fault.pointer === '/' ? '' : fault.pointer}`,
})

/** Something that cannot be done now; `code` is for programs. */
export const conflict = (code: string, detail: string, hint?: string): AppError =>
  new AppError('conflict', detail, {
    ...(hint === undefined ? {} : { hint }),
    errors: [bodyFault('/', code, detail)],
  })

export const noSeat = (): AppError => new AppError('forbidden', 'You have no seat in this game.')
