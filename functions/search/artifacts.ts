import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { artifacts } from '../../db/schema/index.ts'
import { isArtifactVisibleTo } from '../../domain/artifacts/access.ts'
import type { Reader } from '../../domain/channels/access.ts'
import type { Source } from './blocks.ts'
import { isAsked } from './conditions.ts'
import type { Filter } from './filters.ts'
import * as texts from './texts.ts'
import { isMadeWithin } from './times.ts'

const isReadableBy = (reader: Reader): SQL =>
  sql`${artifacts.tenantId} = ${reader.tenantId} and ${isArtifactVisibleTo(reader)}`

/** Artifacts that a reader sees, by title and by the text of their latest complete version. */
export function artifactsSource(reader: Reader, filter: Filter): Source {
  return {
    from: sql`${artifacts}`,
    where: sql`${isReadableBy(reader)} ${conditions(filter)}`,
    id: sql`${artifacts.id}`,
    number: sql`0::integer`,
    search: sql`${artifacts.search}`,
    textBytes: sql`octet_length(${artifacts.title}) + coalesce(octet_length(${artifacts.text}), 0)`,
  }
}

const conditions = (filter: Filter): SQL =>
  sql.join([
    isAsked(artifacts.documentId, filter.documentId),
    isAsked(artifacts.channelId, filter.channelId),
    isAsked(artifacts.createdByUserId, filter.userId),
    isMadeWithin(filter, { id: sql`${artifacts.id}`, at: sql`${artifacts.createdAt}` }),
  ])

type ArtifactColumns = {
  id: string
  version: number // of which the text is; of the latest one, as long as none is complete
  title: string
  mediaType: string
  channelId: string | null
  messageId: string | null
  documentId: string | null
  createdAt: string
}
export type ArtifactHit = texts.HitOf<'artifact', ArtifactColumns>

/** An artifact that has gone meanwhile is left out, and so is one that is not the reader's to see any more. */
export async function loadArtifacts(
  db: Db,
  { reader, keys, words }: texts.Load,
): Promise<ArtifactHit[]> {
  // The text is that of the generated column.
  const text = sql`${artifacts.title} || ' ' || coalesce(left(${artifacts.text}, 200000), '')`
  const rows = await db.execute<ArtifactColumns & texts.FoundTextRow>(sql`
    select ${artifacts.id}, coalesce(${artifacts.textNumber}, ${artifacts.latestNumber}) as version,
      ${artifacts.title}, ${artifacts.mediaType} as "mediaType", ${artifacts.channelId} as "channelId",
      ${artifacts.messageId} as "messageId", ${artifacts.documentId} as "documentId",
      ${texts.contractTime(sql`${artifacts.createdAt}`)} as "createdAt",
      ${texts.foundText(text, sql`${artifacts.search}`, words)}
    from ${artifacts} where ${isReadableBy(reader)} and ${texts.isWanted(artifacts.id, keys)}`)
  return texts.toHits('artifact', rows)
}
