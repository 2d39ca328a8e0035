import * as z from 'zod'
import { deadlineKinds } from '../../db/schema/conferences.ts'

const box = z.tuple([z.number(), z.number(), z.number(), z.number()])
const range = z.tuple([z.int(), z.int()])

/** What every hit shows of its text. */
const shown = {
  snippet: z.string().meta({ description: 'Plain text around the hits.' }),
  highlights: z.array(range).meta({
    description: '`[start, end]` in `snippet`, in UTF-16 units, as `String.slice` takes them.',
  }),
}

export const PageHit = z
  .object({
    type: z.literal('page'),
    document_id: z.uuid(),
    page: z.int().meta({ description: 'From 1.' }),
    filename: z.string(),
    title: z.string().nullable(),
    ...shown,
    boxes: z.array(box).meta({
      description: '`[x, y, width, height]` in 0..1 of the page of the words hit, at most 100.',
    }),
  })
  .meta({ id: 'PageHit', description: 'One page that matches.' })

export const MessageHit = z
  .object({
    type: z.literal('message'),
    message_id: z.uuid(),
    channel_id: z.uuid(),
    channel_name: z.string().nullable().meta({ description: '`null` for direct channels.' }),
    seq: z.int().meta({ description: 'In its channel, from 1.' }),
    author: z.object({ user_id: z.uuid(), name: z.string() }).meta({
      description: 'With the name of then. The user may be gone.',
    }),
    created_at: z.iso.datetime(),
    ...shown,
  })
  .meta({ id: 'MessageHit', description: 'One message that matches.' })

export const ArtifactHit = z
  .object({
    type: z.literal('artifact'),
    artifact_id: z.uuid(),
    version: z.int().meta({
      description: 'The latest complete one, whose text was searched; without one, the latest.',
    }),
    title: z.string(),
    media_type: z.string(),
    channel_id: z.uuid().nullable().meta({ description: 'Who sees it sees the artifact.' }),
    message_id: z.uuid().nullable(),
    document_id: z.uuid().nullable(),
    created_at: z.iso.datetime(),
    ...shown,
  })
  .meta({
    id: 'ArtifactHit',
    description: 'One artifact that matches. Its snippet is of its title, a space and its text.',
  })

export const PlaceHit = z
  .object({
    type: z.literal('place'),
    place_id: z.uuid(),
    name: z.string().meta({ description: 'May be empty.' }),
    collection: z.string(),
    longitude: z.number(),
    latitude: z.number(),
    created_at: z.iso.datetime(),
    ...shown,
  })
  .meta({
    id: 'PlaceHit',
    description: 'One place that matches. Its snippet is of its name, other names and description.',
  })

const rank = z.string().nullable()

export const ConferenceHit = z
  .object({
    type: z.literal('conference'),
    conference_id: z.uuid(),
    title: z.string(),
    description: z.string().meta({ description: 'What the title stands for.' }),
    sub: z.string().meta({ description: 'Its area.' }),
    rank: z.object({ ccf: rank, core: rank, thcpl: rank }),
    next_deadline: z
      .object({
        kind: z.enum(deadlineKinds),
        at: z.iso.datetime(),
        is_estimate: z.boolean().meta({ description: 'Made of earlier years, not announced.' }),
      })
      .nullable()
      .meta({ description: 'The next one of any edition; `null`: none is known.' }),
    ...shown,
  })
  .meta({
    id: 'ConferenceHit',
    description: 'One conference that matches. Its snippet is of all that it is found by.',
  })

export const Hit = z
  .discriminatedUnion('type', [PageHit, MessageHit, ArtifactHit, PlaceHit, ConferenceHit])
  .meta({
    id: 'Hit',
    description: 'One page, message, artifact, place or conference that matches.',
  })
