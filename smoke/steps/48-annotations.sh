# A region of the document's page is labelled, changed by who has read it, and refused to who has not.
made=$(curl -fsS -H "Authorization: Bearer $KEY" --json "{\"document_id\":\"$DOCUMENT\",\"page\":1,\"box\":[0.1,0.08,0.4,0.05],\"label_name\":\"animal\",\"value\":\"fox\"}" "$BASE/v1/annotations")
ANNOTATION=$(field .id <<<"$made")
changed=$(curl -fsS -X PATCH -H "Authorization: Bearer $KEY" -H 'If-Match: "v1"' --json '{"value":"quick fox"}' "$BASE/v1/annotations/$ANNOTATION")
expect 'annotation' "$(field .value <<<"$changed") $(field .version <<<"$changed")" 'quick fox 2'
stale=$(curl -sS -o "$work/stale.json" -w '%{http_code}' -X PATCH -H "Authorization: Bearer $KEY" -H 'If-Match: "v1"' --json '{"value":"slow fox"}' "$BASE/v1/annotations/$ANNOTATION")
expect 'stale save' "$stale $(field .errors[0].pointer <"$work/stale.json")" '412 /value'
listed=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/annotations?document_id=$DOCUMENT")
expect 'annotations of the document' "$(field .items.length <<<"$listed") $(field .items[0].label_name <<<"$listed")" '1 animal'
made=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"name":"Animals","labels":[{"name":"animal","hotkey":"a","required":true}]}' "$BASE/v1/templates")
TEMPLATE=$(field .id <<<"$made")
listed=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/templates")
expect 'templates' "$(field .items.length <<<"$listed") $(field .items[0].labels[0].name <<<"$listed")" '1 animal'
