import { Entry, isObject } from './entry.ts'
import { type Annotation, type Box, ImportFault, type JsonObject } from './model.ts'

type Size = { width: number; height: number }
export type Region = Pick<Annotation, 'box' | 'rotation' | 'labelName' | 'value'>

const shapes = ['rectangle', 'ellipse', 'polygon', 'keypoint'] as const
const sideMin = 1e-4 // of the page, where a shape has no extent
const unlabelled = 'region'

/** Is the result a shape on the page? Texts, choices and brushes are not. */
export function shapeOf(result: JsonObject): (typeof shapes)[number] | null {
  const type = String(result.type)
  return shapes.find((shape) => type === shape || type === `${shape}labels`) ?? null
}

/**
 * Reads a result and those with the same id that say more of it: a label, a text.
 * @throws {ImportFault} the result has no place on the page
 */
export function regionOf(result: Entry, more: readonly unknown[], size: Size): Region {
  const value = result.entry('value')
  const shape = shapeOf(result.fields)
  const rotation = value.has('rotation') && shape !== 'polygon' ? value.number('rotation') : 0
  const box = shape === 'rectangle' ? rectangle(value, rotation, size) : outline(value, shape, size)
  return {
    box: value.box(box),
    rotation: shape === 'keypoint' ? 0 : rotation,
    labelName: labelOf([result.fields, ...more]) ?? unlabelled,
    value: textOf(more),
  }
}

/** The same as {@link regionOf} for what may not be a region at all. */
export function regionOrNull(result: unknown, more: unknown, size: Size): Region | null {
  if (!isObject(result) || !shapeOf(result) || !Array.isArray(more)) return null
  try {
    return regionOf(new Entry(result, 'result'), more, size)
  } catch (err) {
    if (err instanceof ImportFault) return null
    throw err
  }
}

/** The result of a rectangle, and one of a text where it has a value. */
export function resultsOf(annotation: Annotation, size: Size, id: string): JsonObject[] {
  const { labelName, value, confidence } = annotation
  const place = rectanglePercent(annotation, size)
  const page = { original_width: size.width, original_height: size.height, image_rotation: 0 }
  const names = { to_name: 'image', ...page }
  const region = {
    id,
    type: 'rectanglelabels',
    from_name: 'label',
    ...names,
    value: { ...place, rectanglelabels: [labelName] },
    ...(confidence !== null && { score: confidence }),
  }
  if (value === null) return [region]
  const text = { ...place, text: [value] }
  return [region, { id, type: 'textarea', from_name: 'transcription', ...names, value: text }]
}

// Label Studio turns a rectangle around its top left corner, we turn it around its centre; in pixels, lest the turn
// shears a page that is not square.
function rectangle(value: Entry, rotation: number, { width, height }: Size): Box {
  const [x, y] = [value.number('x'), value.number('y')]
  const [across, down] = [value.number('width'), value.number('height')]
  if (rotation === 0) return [x / 100, y / 100, across / 100, down / 100]
  const half = { x: (across * width) / 200, y: (down * height) / 200 }
  const arm = turned(half, rotation)
  const left = (x * width) / 100 + arm.x - half.x
  const top = (y * height) / 100 + arm.y - half.y
  return [left / width, top / height, across / 100, down / 100]
}

function rectanglePercent({ box, rotation }: Annotation, { width, height }: Size): JsonObject {
  const [x, y, across, down] = box
  const half = { x: (across * width) / 2, y: (down * height) / 2 }
  const arm = rotation === 0 ? half : turned(half, rotation)
  const left = x * 100 + ((half.x - arm.x) / width) * 100
  const top = y * 100 + ((half.y - arm.y) / height) * 100
  return { x: left, y: top, width: across * 100, height: down * 100, rotation }
}

function turned({ x, y }: { x: number; y: number }, degrees: number) {
  const angle = (degrees * Math.PI) / 180
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)]
  return { x: x * cosine - y * sine, y: x * sine + y * cosine }
}

/** The box around another shape, cut at the edges of the page. */
function outline(value: Entry, shape: ReturnType<typeof shapeOf>, size: Size): Box {
  if (shape === 'polygon') {
    const points = pointsOf(value)
    if (points.length === 0) throw value.fault('"points" must hold a point')
    const [across, down] = [points.map(([x]) => x), points.map(([, y]) => y)]
    return cut(across, down)
  }
  const [x, y] = [value.number('x'), value.number('y')]
  if (shape === 'ellipse') {
    const [across, down] = [value.number('radiusX'), value.number('radiusY')]
    return cut([x - across, x + across], [y - down, y + down])
  }
  const radius = value.has('width') ? value.number('width') / 2 : 0
  const down = (radius * size.width) / size.height
  return cut([x - radius, x + radius], [y - down, y + down])
}

function pointsOf(value: Entry): [x: number, y: number][] {
  const points = new Entry({ ...value.list('points') }, `${value.place}.points`)
  return Object.keys(points.fields).map((index) => {
    const [x = 0, y = 0] = points.numbers(index, 2)
    return [x, y]
  })
}

function cut(across: readonly number[], down: readonly number[]): Box {
  const [x, width] = cutSide(across)
  const [y, height] = cutSide(down)
  return [x, y, width, height]
}

function cutSide(percents: readonly number[]): [start: number, length: number] {
  const least = percents.reduce((a, b) => Math.min(a, b))
  const most = percents.reduce((a, b) => Math.max(a, b))
  const start = Math.min(Math.max(least / 100, 0), 1 - sideMin)
  return [start, Math.max(Math.min(most / 100, 1) - start, sideMin)]
}

function labelOf(results: readonly unknown[]): string | undefined {
  const labels = results.flatMap((result) => {
    if (!isObject(result) || !isObject(result.value)) return []
    const given = result.value[String(result.type)]
    return String(result.type).endsWith('labels') && Array.isArray(given) ? given : []
  })
  return labels.find((label) => typeof label === 'string')
}

function textOf(results: readonly unknown[]): string | null {
  for (const result of results) {
    if (!isObject(result) || result.type !== 'textarea' || !isObject(result.value)) continue
    const { text } = result.value
    const lines = Array.isArray(text) ? text : [text]
    if (lines.length > 0 && lines.every((line) => typeof line === 'string')) return lines.join('\n')
  }
  return null
}
