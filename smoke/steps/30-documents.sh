# A small PDF, written here with exact offsets, then uploaded and followed to its end.
write_pdf() { # file, text
  local stream="BT /F1 24 Tf 72 700 Td ($2) Tj ET" pdf offsets=() object
  pdf=$'%PDF-1.4\n'
  for object in \
    '<< /Type /Catalog /Pages 2 0 R >>' \
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>' \
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>' \
    "<< /Length ${#stream} >>"$'\n'"stream"$'\n'"$stream"$'\n'"endstream" \
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'; do
    offsets+=("${#pdf}")
    pdf+="${#offsets[@]} 0 obj"$'\n'"$object"$'\n'"endobj"$'\n'
  done
  local start=${#pdf} offset
  pdf+=$'xref\n0 6\n0000000000 65535 f \n'
  for offset in "${offsets[@]}"; do pdf+=$(printf '%010d 00000 n ' "$offset")$'\n'; done
  pdf+=$'trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n'"$start"$'\n%%EOF\n'
  printf '%s' "$pdf" >"$1"
}

write_pdf "$work/paper.pdf" "$MARK says: the quick brown fox jumps"
cd "$work"
uploaded=$(curl -fsS -H "Authorization: Bearer $KEY" -H 'Content-Type: application/pdf' --data-binary @paper.pdf "$BASE/v1/documents?filename=paper.pdf")
cd - >/dev/null
DOCUMENT=$(field .id <<<"$uploaded")
curl -fsS -N -m 30 -H "Authorization: Bearer $KEY" "$BASE/v1/documents/$DOCUMENT/events" >"$work/events"
grep -q '^event: document' "$work/events" || fail 'no event came'
document=$(curl -fsS -H "Authorization: Bearer $KEY" "$BASE/v1/documents/$DOCUMENT")
expect 'document' "$(field .status <<<"$document")" 'completed'
expect 'pages' "$(field .page_count <<<"$document")" '1'
