# The same facts in Postgres, by one question: an answer takes milliseconds, starting to ask takes longer.
rows=$(octavo sql "select d.status, d.page_count,
  (select count(*)::int from document_pages p where p.tenant_id = d.tenant_id and p.document_id = d.id) as pages,
  (select count(*)::int from api_keys k where k.tenant_id = d.tenant_id) as keys,
  (select a.value from annotations a where a.tenant_id = d.tenant_id and a.id = '$ANNOTATION') as annotation,
  (select count(*)::int from annotation_versions v where v.tenant_id = d.tenant_id and v.annotation_id = '$ANNOTATION') as versions,
  (select c.name from channels c where c.tenant_id = d.tenant_id and c.id = '$CHANNEL') as channel,
  (select m.text from messages m where m.tenant_id = d.tenant_id and m.id = '$MESSAGE') as message,
  (select h.message_seq::int from channel_heads h where h.tenant_id = d.tenant_id and h.channel_id = '$CHANNEL') as messages,
  (select t.name from templates t where t.tenant_id = d.tenant_id and t.id = '$TEMPLATE') as template
  from documents d where d.tenant_id = '$TENANT' and d.id = '$DOCUMENT'")
expect 'row in documents' "$(field .status <<<"$rows") $(field .page_count <<<"$rows")" 'completed 1'
expect 'rows in document_pages' "$(field .pages <<<"$rows")" '1'
expect 'rows in api_keys' "$(field .keys <<<"$rows")" '3'
expect 'rows of the annotation' "$(field .annotation <<<"$rows"), $(field .versions <<<"$rows") versions" 'quick fox, 2 versions'
expect 'row in templates' "$(field .template <<<"$rows")" 'Animals'
expect 'row in channels' "$(field .channel <<<"$rows")" 'animals'
expect 'rows in messages' "$(field .message <<<"$rows"), $(field .messages <<<"$rows") messages" 'A quick fox was seen, 2 messages'
