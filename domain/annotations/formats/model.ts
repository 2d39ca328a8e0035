import type { AnnotationSource, LabelType, Validation } from '../../../db/schema/annotations.ts'

export type JsonObject = Record<string, unknown>

/** `x, y, width, height` in 0..1 of the page, origin top left, as the page is seen. */
export type Box = readonly [x: number, y: number, width: number, height: number]

/**
 * A labelled region. What a foreign file holds beyond these fields lies in `attributes`, under the name of the format
 * (`coco`, `label_studio`, `funsd`), and goes back to its place on export to that format.
 */
export type Annotation = {
  id: string
  documentId: string
  page: number // from 1
  box: Box
  rotation: number // degrees clockwise around the centre of the box
  labelType: LabelType
  labelName: string
  value: string | null
  attributes: JsonObject
  confidence: number | null // 0..1
  source: AnnotationSource
  validation: Validation
}

/** `width` and `height` are in the units of the file: pixels or points, or 1 where a file names no size. */
export type AnnotatedPage = {
  number: number
  width: number
  height: number
  attributes: JsonObject
}

export type AnnotatedDocument = {
  id: string
  name: string
  attributes: JsonObject
  pages: readonly AnnotatedPage[]
}

/**
 * What an export takes. Documents and pages are held in memory, annotations are drawn one at a time and come in the
 * order of `documents` and of their pages.
 */
export type AnnotationSet = {
  documents: readonly AnnotatedDocument[]
  annotations: Iterable<Annotation> | AsyncIterable<Annotation>
  attributes: JsonObject
}

/** What an import gives: the same, with the annotations in that order. */
export type ImportedSet = AnnotationSet & { annotations: readonly Annotation[] }

/** One file of a format that has many; `path` is relative, made of `[A-Za-z0-9._-]` and `/` only. */
export type FilePart = { path: string; text: string }

/** A file cannot be read. `entry` names the place (`annotations[3]`, `line 7`), the message says why in plain words. */
export class ImportFault extends Error {
  readonly entry: string

  constructor(entry: string, reason: string) {
    super(`${entry}: ${reason}`)
    this.name = 'ImportFault'
    this.entry = entry
  }
}
