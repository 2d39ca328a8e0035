# A channel, a message that shows the document, and the reader who joins, answers and is told what is unread. Then a text that an
# AI writes (offline, by a stub), and both are found.
made=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"kind":"public","name":"animals","topic":"What was seen"}' "$BASE/v1/channels")
CHANNEL=$(field .id <<<"$made")
said=$(curl -fsS -H "Authorization: Bearer $KEY" --json "{\"channel_id\":\"$CHANNEL\",\"text\":\"A quick fox was seen\",\"document_ids\":[\"$DOCUMENT\"]}" "$BASE/v1/messages")
MESSAGE=$(field .id <<<"$said")
expect 'number of the first message' "$(field .seq <<<"$said")" '1'
curl -fsS -X POST -H "Authorization: Bearer $READER_KEY" "$BASE/v1/channels/$CHANNEL/join" >/dev/null
curl -fsS -H "Authorization: Bearer $READER_KEY" --json "{\"channel_id\":\"$CHANNEL\",\"text\":\"Where, @Administrator?\",\"reply_to_seq\":1}" "$BASE/v1/messages" >/dev/null
unread=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/messages/unread")
expect 'unread messages, and those that name me' "$(field .items[0].unread_count <<<"$unread") $(field .items[0].mention_count <<<"$unread")" '1 1'
history=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/messages?channel_id=$CHANNEL")
expect 'messages of the channel, newest first' "$(field '.items.map((m) => m.seq).join(" ")' <<<"$history")" '2 1'
written=$(curl -fsS -H "Authorization: Bearer $KEY" --json "{\"title\":\"What the fox did\",\"channel_id\":\"$CHANNEL\",\"generate\":{\"prompt\":\"Say what the fox did.\"}}" "$BASE/v1/artifacts")
ARTIFACT=$(field .id <<<"$written")
artifact_is_complete() { [ "$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/artifacts/$ARTIFACT" | field .status)" = completed ]; }
until_true 'end of the artifact' artifact_is_complete
found=$(curl -fsS -G -H "Authorization: Bearer $KEY" --data-urlencode 'q=fox' "$BASE/v1/search?type=message,artifact")
expect 'found beside pages' "$(field '.items.map((hit) => hit.type).sort().join(" ")' <<<"$found")" 'artifact message'
