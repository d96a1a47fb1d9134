#!/usr/bin/env bash
# Makes build/swift, the virtual environment of the OpenStack Swift that tests run. Where it cannot be made, one line says what goes without it,
# and the command that called goes on: only in CI (the variable CI is set) is that an error.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=tests/servers/swift-requirements.txt
made=build/swift/.installed
if cmp -s "$wanted" "$made"; then exit 0; fi

rm -rf build/swift
mkdir -p build
log=build/swift.log
python=.venv/bin/python
[ -x "$python" ] || python=python3
echo "Making build/swift, an OpenStack Swift for the tests ..."
if "$python" -m venv build/swift > "$log" 2>&1 &&
  build/swift/bin/python -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >> "$log" 2>&1; then
  cp "$wanted" "$made"
  exit 0
fi
tail -n 5 "$log" >&2
rm -rf build/swift
echo "Not installed: OpenStack Swift (see $log); without: the tests on a store that lets several racing creates win are skipped." >&2
if [ -n "${CI:-}" ]; then exit 1; fi
