/**
 * Columns that hold the id of a user without a foreign key to `users`, whose rows a deletion moves or removes. Only a request
 * that was under way can leave one behind, for the reason why it needs no key.
 */
export const columnsOfWhatGoesWithTheUser: Readonly<Record<string, string>> = {
  'annotation_locks.user_id': 'Removed; a late one ends by itself within minutes.',
  'job_schedules.user_id': 'Moved to the heir, or to whoever deletes; who is gone makes none.',
}

/**
 * The others, and why they go on holding it when the user is deleted. A test fails for any column that means a user and is
 * neither a foreign key nor here: give it a key, or say what becomes of it.
 */
export const columnsThatOutliveTheUser: Readonly<Record<string, string>> = {
  'annotation_exports.user_id': 'The history of exports says who took data out.',
  'annotation_imports.user_id': 'The history of imports says who brought data in.',
  'annotation_versions.user_id': 'The history of a region says who changed it.',
  'annotations.created_by_user_id':
    'A region stays when whoever drew it goes; agreement compares them.',
  'annotations.updated_by_user_id': 'The same, for whoever changed it last.',
  'annotations.validated_by_user_id': 'The same, for whoever checked it.',
  'api_keys.created_by_user_id': "Others' keys go on with the rights that they had at that moment.",
  'artifact_versions.created_by_user_id': 'A version says who wrote it or had it written.',
  'artifacts.created_by_user_id': 'Artifacts are of their channel, document or tenant.',
  'audit_log.actor_user_id': 'The audit outlives what it speaks of.',
  'audit_log.subject_id': 'The audit outlives what it speaks of.',
  'batches.user_id': 'A batch is about documents of many, and runs to its end.',
  'channel_events.actor_user_id': 'The order of a channel is never changed behind its listeners.',
  'channel_events.subject_id': 'The same: `member.left` names who has left.',
  'channels.created_by_user_id': 'A channel is of those who are in it.',
  'channels.direct_key': 'The other one keeps what was said; the same two never meet again.',
  'document_versions.user_id':
    "A version of a document says who uploaded it, also to others' documents.",
  'games.created_by_user_id': 'A game is of those who play it.',
  'job_history.user_id': 'The history of jobs ends by retention.',
  'job_history.subject_id': 'The same; of `users.delete` it is the user.',
  'jobs.user_id': 'What was queued for the tenant is done all the same.',
  'jobs.subject_id': 'Of `users.delete` it is the user who is being deleted.',
  'messages.author_user_id': 'What was said stays said, under the name they had.',
  'place_documents.created_by_user_id': 'A link is of its place and its document.',
  'place_suggestions.decided_by_user_id': 'The same, for whoever decided it.',
  'places.created_by_user_id': 'Places are of the tenant.',
  'review_seen_pages.user_id': 'Agreement counts pages that somebody has looked at without a mark.',
  'suggestions.created_by_user_id': 'A suggestion is of its document.',
  'suggestions.decided_by_user_id': 'The same, for whoever decided it.',
  'template_applications.user_id': 'A document says who applied a template to it.',
  'template_versions.user_id': 'The history of a template says who changed it.',
  'templates.updated_by_user_id': 'Templates are of the tenant.',
  'webhook_endpoints.updated_by_user_id': 'Webhooks are of the tenant.',
}
