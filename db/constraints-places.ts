import { conflict, duplicate, invalid, missing, sameId } from './constraint-problems.ts'
import type { DatabaseProblem } from './errors.ts'

const placeMissing = missing('The place does not exist.')
const documentMissing = missing('The document does not exist.')

/** The named constraints of places. */
export const placeConstraints: Record<string, DatabaseProblem> = {
  places_pkey: sameId,
  places_tenant_exists: missing('The tenant does not exist.'),
  places_feature_is_unique: duplicate('The collection has this place already.'),
  places_longitude_is_on_earth: invalid('A longitude lies between -180 and 180 degrees.'),
  places_latitude_is_on_earth: invalid('A latitude lies between -90 and 90 degrees.'),
  places_altitude_is_finite: invalid('An altitude is a finite number of metres.'),
  places_name_length: invalid('The name of a place has at most 500 characters.'),
  places_collection_length: invalid('The name of a collection has 1 to 120 characters.'),
  places_description_length: invalid('A description has at most 20,000 characters.'),
  places_version_is_positive: invalid('Versions are numbered from 1.'),

  place_documents_pkey: duplicate('The place and the document are linked already.'),
  place_documents_place_exists: placeMissing,
  place_documents_document_exists: documentMissing,
  place_documents_source_is_known: invalid('The source of a link is not one of those that exist.'),
  place_documents_note_length: invalid('A note has at most 2,000 characters.'),

  place_suggestions_pkey: sameId,
  place_suggestions_place_exists: placeMissing,
  place_suggestions_document_exists: documentMissing,
  place_suggestions_place_is_suggested_once: conflict(
    'The place has been suggested for this document meanwhile. Try again.',
  ),
  place_suggestions_state_is_known: invalid('The state is not one of those that exist.'),
  place_suggestions_decision_has_user: invalid(
    'A decision, and only that, has somebody who made it.',
  ),
  place_suggestions_mentions_are_counted: invalid('What is suggested is mentioned at least once.'),
  place_suggestions_version_is_positive: invalid('Versions are numbered from 1.'),
}
