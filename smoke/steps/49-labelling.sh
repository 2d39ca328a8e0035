# A template suggests where its labels stand; what is accepted becomes an annotation. Then lines in bulk, an export, and a batch of documents.
curl -fsS -X PATCH -H "Authorization: Bearer $KEY" --json '{"labels":[{"name":"animal","required":true,"places":[{"page":1,"box":[0.1,0.5,0.4,0.05]}]}]}' "$BASE/v1/templates/$TEMPLATE" >"$work/template.json"
applied=$(curl -fsS -H "Authorization: Bearer $KEY" --json "{\"document_id\":\"$DOCUMENT\"}" "$BASE/v1/templates/$TEMPLATE/apply")
expect 'suggestions of the template' "$(field .suggestions.created <<<"$applied")" '1'
listed=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/suggestions?document_id=$DOCUMENT")
SUGGESTION=$(field .items[0].id <<<"$listed")
accepted=$(curl -fsS -X POST -H "Authorization: Bearer $KEY" "$BASE/v1/suggestions/$SUGGESTION/accept")
expect 'accepted suggestion' "$(field .label_name <<<"$accepted")" 'animal'
for y in 0.6 0.7 0.8; do
  echo "{\"document_id\":\"$DOCUMENT\",\"page\":1,\"box\":[0.1,$y,0.2,0.05],\"label_name\":\"verb\",\"value\":\"jumps\"}"
done >"$work/annotations.ndjson"
cd "$work"
verdicts=$(curl -fsS -H "Authorization: Bearer $KEY" -H 'Content-Type: application/x-ndjson' --data-binary @annotations.ndjson "$BASE/v1/annotations/bulk")
cd - >/dev/null
expect 'annotations in bulk' "$(grep -c '"created"' <<<"$verdicts")" '3'
exported=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/annotations/export?document_id=$DOCUMENT&format=coco")
expect 'annotations in the export' "$(field .annotations.length <<<"$exported")" '5'
made=$(curl -fsS -H "Authorization: Bearer $KEY" --json "{\"operation\":\"apply_template\",\"parameters\":{\"template_id\":\"$TEMPLATE\"},\"document_ids\":[\"$DOCUMENT\"]}" "$BASE/v1/batches")
BATCH=$(field .id <<<"$made")
batch_has_ended() { [ "$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/batches/$BATCH" | tee "$work/batch.json" | field .status)" = completed ]; }
until_true 'end of the batch' batch_has_ended
expect 'items of the batch' "$(field .counts.completed <"$work/batch.json") of $(field .counts.total <"$work/batch.json")" '1 of 1'
open=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/templates/open-fields?document_id=$DOCUMENT")
expect 'required fields are there' "$(field .is_complete <<<"$open")" 'true'
shared=$(curl -fsS -H "Authorization: Bearer $KEY" --json "{\"document_id\":\"$DOCUMENT\",\"expires_in_seconds\":3600}" "$BASE/v1/shares")
opened=$(curl -fsS "$BASE$(field .urls.open <<<"$shared")")
expect 'shared document' "$(field .filename <<<"$opened")" 'paper.pdf'
drawn=$(curl -fsS -o "$work/page.jpg" -w '%{content_type}' -H "Authorization: Bearer $KEY" "$BASE/v1/documents/$DOCUMENT/pages/1/image?width=800")
expect 'page image' "$drawn $(head -c 2 "$work/page.jpg" | od -An -tx1 | tr -d ' ')" 'image/jpeg ffd8'
