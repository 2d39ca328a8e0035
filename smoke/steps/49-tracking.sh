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
link=$(curl -fsS -H "Authorization: Bearer $KEY" --json '{"name":"Security papers","filter":{"sub":["SC"],"kind":["paper"]}}' "$BASE/v1/conferences/subscriptions")
curl -fsS "$BASE$(field .url <<<"$link")" >"$work/subscribed.ics"
expect 'events of the link, without a key' "$(grep -c '^BEGIN:VEVENT' "$work/subscribed.ics")" '1'
