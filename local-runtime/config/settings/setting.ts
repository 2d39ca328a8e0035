import * as z from 'zod'

/** What a reader of `.env.example` and of the configuration table learns of a variable. */
export type SettingDocument = {
  group: string
  description: string
  unit?: string
  default?: string // as it would be written in the environment
  defaultMeans?: string // what happens when it is not set and there is no default value
  example: string
  secret?: boolean // the value itself is never shown
}

/** A variable that may be absent. */
export const defaultless = (type: z.ZodType<string, string>, document: SettingDocument) =>
  type.optional().meta(document)

/** A variable with a default. */
export function setting<Value>(
  type: z.ZodType<Value, string>,
  document: SettingDocument & { default: string },
) {
  return z.string().default(document.default).pipe(type).meta(document)
}

export const text = z.string()
