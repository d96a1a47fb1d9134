#!/usr/bin/env bash
# Makes .venv and installs the project there with the versions of constraints.txt.
#   scripts/venv.sh [PYTHON]        without PYTHON: the first that is recent enough
set -euo pipefail
cd "$(dirname "$0")/.."

recent_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }

choose_python() {
  local candidate
  for candidate in ${1:-python3 python3.13 python3.12 python3.11 python3.10}; do
    if recent_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  if [ -n "${1:-}" ]; then
    echo "PYTHON=$1 is $("$1" --version 2>&1 || true): Python 3.10 or newer is needed." >&2
  else
    echo "No Python 3.10 or newer was found (python3 is $(python3 --version 2>&1 || true)). Install one, or name it: make venv PYTHON=/path/to/python3" >&2
  fi
  return 1
}

python=$(choose_python "${1:-}")
echo "Making .venv with $("$python" --version); the first time takes a minute or two."
if ! "$python" -m venv .venv; then
  echo "$python cannot make virtual environments. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2
  exit 1
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[cpu,dev]'
