import { conflict, invalid, missing, sameId } from './constraint-problems.ts'
import type { DatabaseProblem } from './errors.ts'

const unknownStatus = invalid('The status is not one of those that exist.')

/** The named constraints of artifacts, their versions and what is in them. */
export const artifactConstraints: Record<string, DatabaseProblem> = {
  artifacts_pkey: sameId,
  artifacts_tenant_exists: missing('The tenant does not exist.'),
  artifacts_channel_exists: missing('The channel does not exist.'),
  artifacts_message_exists: missing('The message does not exist.'),
  artifacts_document_exists: missing('The document does not exist.'),
  artifacts_title_length: invalid('A title has 1 to 200 characters.'),
  artifacts_media_type_is_known: invalid('The media type is not one of those that exist.'),
  artifacts_status_is_known: unknownStatus,
  artifacts_message_has_channel: invalid('The artifact of a message is in its channel.'),
  artifacts_text_length: invalid('The indexed text has at most 200,000 characters.'),
  artifacts_text_has_number: invalid('An indexed text is that of a version.'),
  artifacts_version_is_positive: invalid('Versions are numbered from 1.'),

  artifact_versions_pkey: conflict('The artifact has this version already.'),
  artifact_versions_artifact_exists: missing('The artifact does not exist.'),
  artifact_versions_number_is_positive: invalid('Versions are numbered from 1.'),
  artifact_versions_status_is_known: unknownStatus,
  artifact_versions_prompt_length: invalid('A prompt has at most 100,000 characters.'),
  artifact_versions_size_is_not_negative: invalid('A size is not negative.'),
  artifact_versions_sha256_is_sha256: invalid('A digest has 32 bytes.'),
  artifact_versions_complete_has_sha256: invalid(
    'A complete version, and only that, has a digest.',
  ),
  artifact_versions_failed_has_code: invalid('A failed version, and only that, says why.'),
  artifact_versions_ended_has_time: invalid('A version that has ended, and only that, has an end.'),

  artifact_pieces_pkey: conflict('These bytes are stored already.'),
  artifact_pieces_version_exists: missing('The version does not exist.'),
  artifact_pieces_offset_is_not_negative: invalid('An offset is not negative.'),
  artifact_pieces_bytes_length: invalid('A stored piece has 1 to 262,144 bytes.'),
}
