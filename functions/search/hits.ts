import type * as z from 'zod'
import { boxesOfRange, unpackWords } from '../../domain/documents/words.ts'
import type { ArtifactHit } from './artifacts.ts'
import type { ConferenceHit } from './conferences.ts'
import type * as contract from './contract-hits.ts'
import { matchedRanges, type Range, snippetOf } from './highlights.ts'
import type { MessageHit } from './messages.ts'
import type { PageHit } from './pages.ts'
import type { PlaceHit } from './places.ts'
import type { LoadedHit } from './queries.ts'
import type { FoundText } from './texts.ts'
import type { QueryNode } from './tsquery.ts'

const boxesMax = 100

/** A hit as the contract shows it. */
export function toItem(query: QueryNode, hit: LoadedHit): z.input<typeof contract.Hit> {
  const ranges = matchedRanges(query, hit.found)
  switch (hit.type) {
    case 'page':
      return pageItem(hit, ranges)
    case 'message':
      return messageItem(hit, ranges)
    case 'artifact':
      return artifactItem(hit, ranges)
    case 'place':
      return placeItem(hit, ranges)
    case 'conference':
      return conferenceItem(hit, ranges)
  }
}

function pageItem(hit: PageHit, ranges: readonly Range[]): z.input<typeof contract.PageHit> {
  const words = unpackWords(hit.words)
  // A set: two hits can lie in one word, as in `foo-bar`.
  const boxes = new Set(ranges.flatMap(([start, end]) => boxesOfRange(words, start, end)))
  return {
    type: 'page',
    document_id: hit.id,
    page: hit.number,
    filename: hit.filename,
    title: hit.title,
    ...shown(hit.found, ranges),
    boxes: [...boxes].slice(0, boxesMax),
  }
}

const messageItem = (
  hit: MessageHit,
  ranges: readonly Range[],
): z.input<typeof contract.MessageHit> => ({
  type: 'message',
  message_id: hit.id,
  channel_id: hit.channelId,
  channel_name: hit.channelName,
  seq: Number(hit.seq),
  author: { user_id: hit.authorUserId, name: hit.authorName },
  created_at: hit.createdAt,
  ...shown(hit.found, ranges),
})

const artifactItem = (
  hit: ArtifactHit,
  ranges: readonly Range[],
): z.input<typeof contract.ArtifactHit> => ({
  type: 'artifact',
  artifact_id: hit.id,
  version: hit.version,
  title: hit.title,
  media_type: hit.mediaType,
  channel_id: hit.channelId,
  message_id: hit.messageId,
  document_id: hit.documentId,
  created_at: hit.createdAt,
  ...shown(hit.found, ranges),
})

const placeItem = (hit: PlaceHit, ranges: readonly Range[]): z.input<typeof contract.PlaceHit> => ({
  type: 'place',
  place_id: hit.id,
  name: hit.name,
  collection: hit.collection,
  longitude: hit.longitude,
  latitude: hit.latitude,
  created_at: hit.createdAt,
  ...shown(hit.found, ranges),
})

const conferenceItem = (
  hit: ConferenceHit,
  ranges: readonly Range[],
): z.input<typeof contract.ConferenceHit> => ({
  type: 'conference',
  conference_id: hit.id,
  title: hit.title,
  description: hit.description,
  sub: hit.sub,
  rank: { ccf: hit.rankCcf, core: hit.rankCore, thcpl: hit.rankThcpl },
  next_deadline: hit.nextDeadline,
  ...shown(hit.found, ranges),
})

function shown({ text }: FoundText, ranges: readonly Range[]) {
  const { snippet, highlights } = snippetOf(text, ranges)
  return { snippet, highlights: highlights.map(([start, end]): [number, number] => [start, end]) }
}
