import type { Db } from '../../db/client.ts'
import { boxesOfRange, unpackWords } from '../../domain/documents/words.ts'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import type { Gazetteer, GazetteerScope } from '../../domain/places/gazetteer.ts'
import { mentionsOf, phrasesOf } from '../../domain/places/mentions.ts'
import { DocumentMentions } from '../../domain/places/suggesting.ts'
import {
  type DocumentRef,
  findTextState,
  listSettled,
  readPages,
  storeSuggestions,
} from './suggesting-queries.ts'

export const suggestionJobKind = 'places.suggest'

const readingsMax = 3
const boxesPerMentionMax = 12

type Suggesting = {
  scope: GazetteerScope
  gazetteer: Gazetteer
  at: Date
  /** Called now and then; it throws what is to end the work. */
  pause: () => void
  onPage: () => void
}

/** What became of one document; `null`: it is gone, or lies in the trash. */
type SuggestedInDocument = { open: number; isShortened: boolean } | null

/**
 * Reads a document and makes its open suggestions those that its text gives.
 * @throws {JobFailure} its text changes all the time
 */
export async function suggestInDocument(
  db: Db,
  of: DocumentRef,
  suggesting: Suggesting,
): Promise<SuggestedInDocument> {
  const { scope, at } = suggesting
  for (let reading = 0; reading < readingsMax; reading += 1) {
    const read = await findTextState(db, of)
    if (!read) return null
    const found = await mentionsIn(db, of, suggesting)
    const work = { of, scope, read, mentioned: found.places(), at }
    const open = await db.transaction((tx) => storeSuggestions(tx, work))
    if (open === 'gone') return null
    if (open !== 'changed') return { open, isShortened: found.isShortened }
  }
  throw new JobFailure('document_changes', 'The document is being read anew. Try again.', false)
}

async function mentionsIn(
  db: Db,
  of: DocumentRef,
  { gazetteer, pause, onPage }: Suggesting,
): Promise<DocumentMentions> {
  const found = new DocumentMentions(await listSettled(db, of))
  for await (const { number, text, words } of readPages(db, of)) {
    pause()
    const byKey = await gazetteer.placesOf(keysOf(text), pause)
    const mentions = mentionsOf(text, byKey)
    const boxed = mentions.length > 0 ? unpackWords(words) : []
    const boxesOf = (start: number, end: number) =>
      boxesOfRange(boxed, start, end).slice(0, boxesPerMentionMax)
    found.addPage(number, mentions, boxesOf)
    onPage()
  }
  return found
}

function* keysOf(text: string): Generator<string> {
  for (const { keys } of phrasesOf(text)) yield* keys
}
