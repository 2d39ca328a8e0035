# The phrase is found with its page and the boxes of its words.
found=$(curl -fsS -G -H "Authorization: Bearer $KEY" --data-urlencode 'q="quick brown fox"' "$BASE/v1/search")
expect 'document found' "$(field '.items[0].document_id' <<<"$found")" "$DOCUMENT"
expect 'page' "$(field '.items[0].page' <<<"$found")" '1'
expect 'boxes' "$(field '.items[0].boxes.length' <<<"$found")" '3'
