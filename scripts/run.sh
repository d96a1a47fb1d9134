#!/usr/bin/env bash
# The daemon on the folder ./data, with the sample documents in its inbox the first time.
set -euo pipefail
cd "$(dirname "$0")/.."

data=$PWD/data
if [ ! -e "$data/claims" ] && [ ! -e "$data/processed" ] && [ ! -e "$data/failed" ]; then
  mkdir -p "$data/incoming"
  for sample in samples/*.jpg samples/*.pdf samples/*.png; do
    name=${sample##*/}
    # by way of another name, so that an interrupted copy is never taken for a document
    cp "$sample" "$data/$name.part" && mv -n "$data/$name.part" "$data/incoming/$name"
    rm -f "$data/$name.part"
  done
  echo "Put three sample documents into data/incoming/."
fi

if [ -n "${CLOUDRU_S3_BUCKET:-}" ]; then
  echo "The CLOUDRU_S3_* variables are left aside here; for the bucket, run: .venv/bin/watcher run"
fi
export WATCHER_STORAGE__FOLDER=$data WATCHER_HTTP__HOST=${WATCHER_HTTP__HOST:-127.0.0.1} WATCHER_HTTP__PORT=${WATCHER_HTTP__PORT:-8081}
unset CLOUDRU_S3_ENDPOINT CLOUDRU_S3_BUCKET CLOUDRU_S3_ACCESS_KEY CLOUDRU_S3_SECRET_KEY

echo "Drop documents into data/incoming/ and find their text in data/processed/. Ctrl-C ends it."
echo "How the daemon is: http://127.0.0.1:$WATCHER_HTTP__PORT/health (another port: WATCHER_HTTP__PORT=8090 make run)"

# exec: Ctrl-C and make's signals reach the daemon itself, and its exit status is ours
exec .venv/bin/watcher run
