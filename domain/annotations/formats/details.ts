import { annotationSources, labelTypes, validations } from '../../../db/schema/annotations.ts'
import type { Entry } from './entry.ts'
import type { AnnotatedDocument, AnnotatedPage, Annotation, JsonObject } from './model.ts'

type Details = Omit<Annotation, 'documentId' | 'page' | 'box' | 'labelName'>

/** What most formats have no place for, as every format carries it: under the key `octavo`. */
export function detailsToJson(annotation: Annotation): JsonObject {
  const { id, rotation, labelType, value, attributes, confidence, source, validation } = annotation
  return { id, rotation, label_type: labelType, value, attributes, confidence, source, validation }
}

/** @param defaults for a foreign file, which says nothing of these; what is there must be right */
export function detailsFromJson(
  entry: Entry,
  defaults: Partial<Details> & { id: string },
): Details {
  const has = (key: string) => entry.has(key)
  const isGiven = (key: string) => has(key) && entry.fields[key] !== null
  const confidence = isGiven('confidence') ? entry.number('confidence') : null
  if (confidence !== null && !(confidence >= 0 && confidence <= 1))
    throw entry.fault('"confidence" must be from 0 to 1')
  const value = isGiven('value') ? entry.text('value') : null
  return {
    id: has('id') ? entry.id('id') : defaults.id,
    rotation: has('rotation') ? entry.number('rotation') : (defaults.rotation ?? 0),
    labelType: has('label_type') ? entry.oneOf('label_type', labelTypes) : 'text',
    value: has('value') ? value : (defaults.value ?? null),
    attributes: has('attributes') ? entry.object('attributes') : (defaults.attributes ?? {}),
    confidence: has('confidence') ? confidence : (defaults.confidence ?? null),
    source: has('source')
      ? entry.oneOf('source', annotationSources)
      : (defaults.source ?? 'import'),
    validation: has('validation') ? entry.oneOf('validation', validations) : 'pending',
  }
}

export function pageToJson({ number, width, height, attributes }: AnnotatedPage): JsonObject {
  return { number, width, height, attributes }
}

export function pageFromJson(entry: Entry): AnnotatedPage {
  const number = entry.pageNumber('number')
  const [width, height] = [entry.size('width'), entry.size('height')]
  return { number, width, height, attributes: entry.object('attributes') }
}

export function documentToJson({ id, name, attributes }: AnnotatedDocument): JsonObject {
  return { id, name, attributes }
}

export function documentFromJson(entry: Entry): Omit<AnnotatedDocument, 'pages'> {
  return { id: entry.id('id'), name: entry.text('name'), attributes: entry.object('attributes') }
}
