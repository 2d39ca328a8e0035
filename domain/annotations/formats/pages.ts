import type { AnnotatedDocument, AnnotatedPage, Annotation, AnnotationSet } from './model.ts'
import { type ImportedSet, ImportFault, type JsonObject } from './model.ts'

/** A page with its annotations; `page` is null for a document that has no pages. */
export type PageGroup = {
  document: AnnotatedDocument
  page: AnnotatedPage | null
  annotations: Annotation[]
}

/**
 * The pages one by one with their annotations, those without any too; one page is held in memory.
 * @throws {RangeError} an annotation is out of order, or its page is not in the set: nothing is left out silently
 */
export async function* groupByPage(set: AnnotationSet): AsyncGenerator<PageGroup> {
  const groups = pagesOf(set)
  let group = groups.next().value
  for await (const annotation of set.annotations) {
    while (group && !belongs(annotation, group)) {
      yield group
      group = groups.next().value
    }
    if (!group) throw new RangeError(`Annotation ${annotation.id} has no page after the one before`)
    group.annotations.push(annotation)
  }
  for (; group; group = groups.next().value) yield group
}

function belongs({ documentId, page }: Annotation, group: PageGroup): boolean {
  return documentId === group.document.id && page === group.page?.number
}

function* pagesOf(set: AnnotationSet): Generator<PageGroup, undefined> {
  for (const document of set.documents) {
    if (document.pages.length === 0) yield { document, page: null, annotations: [] }
    for (const page of document.pages) yield { document, page, annotations: [] }
  }
}

/** A document without its pages. */
export type DocumentHead = Omit<AnnotatedDocument, 'pages'>

/** Gathers what an import finds, and puts it in order at the end. */
export class SetBuilder {
  private readonly documents = new Map<
    string,
    DocumentHead & { pages: Map<number, AnnotatedPage> }
  >()
  private readonly annotations: Annotation[] = []

  /** The first mention of a document counts. */
  addDocument(head: DocumentHead): void {
    if (!this.documents.has(head.id)) this.documents.set(head.id, { ...head, pages: new Map() })
  }

  /** For formats that name a page many times; the first mention counts. */
  addPage(head: DocumentHead, page: AnnotatedPage): void {
    this.addDocument(head)
    const pages = this.documents.get(head.id)?.pages
    if (pages && !pages.has(page.number)) pages.set(page.number, page)
  }

  /** @throws {ImportFault} the page was mentioned before: which of the two counts, nobody knows */
  addNewPage(head: DocumentHead, page: AnnotatedPage, place: string): void {
    if (this.documents.get(head.id)?.pages.has(page.number))
      throw new ImportFault(place, `page ${page.number} of document ${head.id} occurs twice`)
    this.addPage(head, page)
  }

  /** @throws {ImportFault} the annotation's page is not in the file */
  addAnnotation(annotation: Annotation, place: string): void {
    if (!this.documents.get(annotation.documentId)?.pages.has(annotation.page))
      throw new ImportFault(place, `page ${annotation.page} of its document is not in the file`)
    this.annotations.push(annotation)
  }

  build(attributes: JsonObject = {}): ImportedSet {
    const documents = [...this.documents.values()].map(({ pages, ...head }) => ({
      ...head,
      pages: [...pages.values()],
    }))
    const places = new Map(documents.map(({ id }, index) => [id, index]))
    const orders = new Map(
      documents.map(({ id, pages }) => [id, new Map(pages.map(({ number }, at) => [number, at]))]),
    )
    const documentPlace = ({ documentId }: Annotation) => places.get(documentId) ?? 0
    const pagePlace = ({ documentId, page }: Annotation) => orders.get(documentId)?.get(page) ?? 0
    const annotations = this.annotations.toSorted(
      (a, b) => documentPlace(a) - documentPlace(b) || pagePlace(a) - pagePlace(b),
    )
    return { documents, annotations, attributes }
  }
}

/** A name for the image of a page that is safe in archives and differs from all that were given before. */
export function pageStem(documentId: string, page: number, given: Set<string>): string {
  const safeId = documentId.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 100) || '_'
  const stem = `${safeId}-page-${page}`
  let unique = stem
  for (let count = 2; given.has(unique.toLowerCase()); count++) unique = `${stem}-${count}`
  given.add(unique.toLowerCase())
  return unique
}
