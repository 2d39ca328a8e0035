import { compileLabelFormat } from '../../domain/annotations/label-format.ts'
import { LabelFormatFault } from '../../domain/annotations/label-format-syntax.ts'

type Label = { name: string; hotkey: string | null; expected_format: string | null }
type Fault = { index: number; field: keyof Label; message: string }

/** What is wrong with a list of labels as a whole, and with formats that a schema cannot judge. */
export function labelFaults(labels: readonly Label[]): Fault[] {
  const names = new Set<string>()
  const hotkeys = new Set<string>()
  return labels.flatMap(({ name, hotkey, expected_format: format }, index) => {
    const faults: Fault[] = []
    if (names.has(name)) faults.push({ index, field: 'name', message: 'Is there twice.' })
    if (hotkey !== null && hotkeys.has(hotkey))
      faults.push({ index, field: 'hotkey', message: 'Is there twice.' })
    names.add(name)
    if (hotkey !== null) hotkeys.add(hotkey)
    const message = format === null ? null : formatFault(format)
    if (message !== null) faults.push({ index, field: 'expected_format', message })
    return faults
  })
}

function formatFault(source: string): string | null {
  try {
    compileLabelFormat(source)
    return null
  } catch (err) {
    if (err instanceof LabelFormatFault) return `${err.message} (at character ${err.position + 1})`
    throw err
  }
}
