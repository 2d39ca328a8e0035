import * as z from 'zod'

/** One line of text with something to see, without what a terminal would obey or what turns round all that follows. */
export const line = (charactersMax: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(charactersMax)
    .regex(
      /^[^\p{Cc}\u2028-\u202e\u2066-\u2069]*$/u,
      'Must be one line without control characters.',
    )
    .refine((text) => /[^\p{Z}\p{C}\p{M}\p{DI}]/u.test(text), 'Must have a visible character.')
