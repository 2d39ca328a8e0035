# The same facts in Postgres.
row=$(octavo sql "select status, page_count from documents where tenant_id = '$TENANT' and id = '$DOCUMENT'")
expect 'row in documents' "$(field .status <<<"$row") $(field .page_count <<<"$row")" 'completed 1'
row=$(octavo sql "select count(*)::int as pages from document_pages where tenant_id = '$TENANT' and document_id = '$DOCUMENT'")
expect 'rows in document_pages' "$(field .pages <<<"$row")" '1'
row=$(octavo sql "select count(*)::int as keys from api_keys where tenant_id = '$TENANT'")
expect 'rows in api_keys' "$(field .keys <<<"$row")" '2'
