# The same facts in Postgres, by one question: an answer takes milliseconds, starting to ask takes longer.
rows=$(octavo sql "select d.status, d.page_count,
  (select count(*)::int from document_pages p where p.tenant_id = d.tenant_id and p.document_id = d.id) as pages,
  (select count(*)::int from api_keys k where k.tenant_id = d.tenant_id) as keys
  from documents d where d.tenant_id = '$TENANT' and d.id = '$DOCUMENT'")
expect 'row in documents' "$(field .status <<<"$rows") $(field .page_count <<<"$rows")" 'completed 1'
expect 'rows in document_pages' "$(field .pages <<<"$rows")" '1'
expect 'rows in api_keys' "$(field .keys <<<"$rows")" '3'
