# A conference comes in by a file, changes nothing the second time, and its deadline stands in a calendar at its exact instant.
cat >"$work/sp.yml" <<'YAML'
- title: S&P
  description: IEEE Symposium on Security and Privacy
  sub: SC
  rank: { ccf: A, core: A*, thcpl: A }
  dblp: sp
  confs:
    - year: 2098
      id: sp98
      link: https://example.com/sp98
      timeline:
        - deadline: '2098-06-11 23:59:59'
      timezone: AoE
      date: May 17-20, 2098
      place: Montreal, Canada
YAML
cd "$work"
imported=$(curl -fsS -H "Authorization: Bearer $KEY" -H 'Content-Type: application/yaml' --data-binary @sp.yml "$BASE/v1/conferences/import")
again=$(curl -fsS -H "Authorization: Bearer $KEY" -H 'Content-Type: application/yaml' --data-binary @sp.yml "$BASE/v1/conferences/import")
cd - >/dev/null
expect 'import of a conference, and again' "$(field .conferences[0].verdict <<<"$imported"), $(field .conferences[0].verdict <<<"$again")" 'created, unchanged'
upcoming=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/conferences/upcoming?kind=paper&limit=10")
expect 'deadline, anywhere on Earth' "$(field .items[0].title <<<"$upcoming") $(field .items[0].at <<<"$upcoming")" 'S&P 2098-06-12T11:59:59.000Z'
calendar=$(curl -fsS -G -H "Authorization: Bearer $KEY" --data-urlencode 'q=S&P' "$BASE/v1/conferences/calendar.ics")
expect 'events of the calendar' "$(grep -c "^DTSTART:20980612T115959Z" <<<"$calendar")" '1'
listed=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/conferences?sub=SC&ccf=A")
changes=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/conferences/changes?limit=10")
expect 'conferences, changes' "$(field .items.length <<<"$listed"), $(field .items[0].sentence <<<"$changes")" '1, S&P was added with one edition.'
found=$(curl -fsS -G -H "Authorization: Bearer $KEY" --data-urlencode 'q=S&P' "$BASE/v1/search?type=conference")
expect 'conference that is found' "$(field .items[0].title <<<"$found")" 'S&P'
link=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"name":"Security papers","filter":{"sub":["SC"],"kind":["paper"]}}' "$BASE/v1/conferences/subscriptions")
curl -fsS "$BASE$(field .url <<<"$link")" >"$work/subscribed.ics"
expect 'events of the link, without a key' "$(grep -c '^BEGIN:VEVENT' "$work/subscribed.ics")" '1'

planned=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"name":"Conferences","kind":"conferences.refresh","cron":"0 6 * * MON","payload":{"source":{"url":"https://example.com/conferences.yml"}}}' "$BASE/v1/schedules")
sources=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/conferences/refresh")
expect 'scheduled refresh, sources so far' "$(field .kind <<<"$planned"), $(field .items.length <<<"$sources")" 'conferences.refresh, 0'

# A place made by hand, more from a file, then boxes and distances; a page that mentions one of them, and the suggestion accepted.
cat >"$work/cities.geojson" <<'JSON'
{"type":"FeatureCollection","features":[
{"type":"Feature","id":1,"geometry":{"type":"Point","coordinates":[178.4417,-18.1333]},"properties":{"name":"Suva"}},
{"type":"Feature","id":2,"geometry":{"type":"Point","coordinates":[-171.7667,-13.8333]},"properties":{"name":"Apia"}}]}
JSON
made=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"name":"Montréal","aliases":["Montreal"],"longitude":-73.5674,"latitude":45.5019}' "$BASE/v1/places")
PLACE=$(field .id <<<"$made")
cd "$work"
imported=$(curl -fsS -H "Authorization: Bearer $KEY" -H 'Content-Type: application/geo+json' --data-binary @cities.geojson "$BASE/v1/places/import?collection=cities")
cd - >/dev/null
expect 'places of a file' "$(field .totals.created <<<"$imported")" '2'
exported=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/places/export?collection=cities")
expect 'places in the export' "$(field '.features.map((one) => one.properties.name).join(" ")' <<<"$exported")" 'Suva Apia'
boxed=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/places?bbox=-74,45,-73,46")
across=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/places?bbox=170,-20,-170,-10")
expect 'places in a box, across the antimeridian' "$(field .items.length <<<"$boxed"), $(field .items.length <<<"$across")" '1, 2'
nearest=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/places/nearest?longitude=-73.6&latitude=45.5&limit=3")
expect 'nearest place, in km' "$(field .items[0].name <<<"$nearest") $(field '.items[0].distance_m / 1000 | 0' <<<"$nearest")" 'Montréal 2'
linked=$(curl -fsS -X PUT -H "Authorization: Bearer $KEY" --json '{"pages":[1],"note":"Where it was written"}' "$BASE/v1/places/$PLACE/documents/$DOCUMENT")
expect 'note of the link' "$(field .note <<<"$linked")" 'Where it was written'
ofDocument=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/places?document_id=$DOCUMENT")
expect 'places of the document' "$(field .items[0].name <<<"$ofDocument")" 'Montréal'
first=$DOCUMENT
DOCUMENT=$(printf 'From Suva they sailed on. %s' "$MARK" | curl -fsS -H "Authorization: Bearer $KEY" -H 'Content-Type: text/plain' --data-binary @- "$BASE/v1/documents?filename=voyage.txt" | field .id)
run=$(curl -fsS -H "Authorization: Bearer $KEY" --json "{\"document_id\":\"$DOCUMENT\"}" "$BASE/v1/places/suggestions")
curl -fsS -N -m 30 -H "Authorization: Bearer $KEY" "$BASE/v1/jobs/$(field .job_id <<<"$run")/events" >/dev/null
suggested=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/places/suggestions?document_id=$DOCUMENT")
SUGGESTION=$(field .items[0].id <<<"$suggested")
expect 'suggested place' "$(field .items[0].place.name <<<"$suggested"), page $(field .items[0].pages[0] <<<"$suggested")" 'Suva, page 1'
accepted=$(curl -fsS -X PATCH -H "Authorization: Bearer $KEY" --json '{"state":"accepted"}' "$BASE/v1/places/suggestions/$SUGGESTION")
expect 'the suggestion' "$(field .state <<<"$accepted")" 'accepted'
DOCUMENT=$first
