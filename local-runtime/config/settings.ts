import * as z from 'zod'
import { ai } from './settings/ai.ts'
import { objectStore } from './settings/object-store.ts'
import { processes } from './settings/processes.ts'
import { recognition } from './settings/recognition.ts'
import { requests } from './settings/requests.ts'
import { database, redis } from './settings/services.ts'
import type { SettingDocument } from './settings/setting.ts'
import { stack } from './settings/stack.ts'

/** Every variable that Octavo reads: the one place for meaning, unit, default and example. */
export const Settings = z.object({
  ...stack,
  ...database,
  ...redis,
  ...objectStore,
  ...requests,
  ...processes,
  ...recognition,
  ...ai,
})

export type Settings = z.infer<typeof Settings>

/** The documents of all variables, in the order of the schema. */
export const settingDocuments = Object.entries(Settings.shape).map(([name, type]) => ({
  name,
  ...(type.meta() as SettingDocument),
}))
