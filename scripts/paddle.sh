#!/usr/bin/env bash
# Makes build/paddle-3.3 and build/paddle-3.7: virtual environments with PaddleOCR's real packages for the tests in tests/paddle. Apart from .venv, since
# they and RapidOCR each bring an OpenCV of their own. Where one cannot be made, one line says what goes without it, and the command that called goes
# on: only in CI (the variable CI is set) is that an error.
#   scripts/paddle.sh            make both
#   scripts/paddle.sh test       run the tests of both that are there
set -euo pipefail
cd "$(dirname "$0")/.."

versions=(3.3 3.7)

make_environment() { # version
  local folder=build/paddle-$1 wanted=tests/paddle/requirements-$1.txt log=build/paddle-$1.log
  local made=$folder/.installed python=.venv/bin/python
  # the project is installed as it lies here, without looking for what it needs: that is in the list
  if cmp -s "$wanted" "$made"; then return 0; fi
  [ -x "$python" ] || python=python3
  mkdir -p build
  rm -f "$made"
  echo "Making $folder, PaddleOCR $1 for the tests (about 1 GB) ..."
  # one that is there already is brought up to date, which takes seconds
  if "$python" -m venv "$folder" > "$log" 2>&1 &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >> "$log" 2>&1 &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --editable . >> "$log" 2>&1; then
    cp "$wanted" "$made"
    return 0
  fi
  tail -n 5 "$log" >&2
  rm -rf "$folder"
  echo "Not installed: PaddleOCR $1 for $("$python" --version) (see $log); without: the tests of PaddleOCR-VL with it are not run." >&2
  return 1
}

run_tests() { # version
  local python=build/paddle-$1/bin/python
  if [ -e "build/paddle-$1/.installed" ]; then
    "$python" -m pytest tests/paddle
  else
    echo "Not run: the tests of PaddleOCR-VL with paddleocr $1; scripts/paddle.sh makes their environment." >&2
    [ -z "${CI:-}" ]
  fi
}

status=0
for version in "${versions[@]}"; do
  case "${1:-make}" in
    make) make_environment "$version" || [ -z "${CI:-}" ] || status=1 ;;
    test) run_tests "$version" || status=1 ;;
    *)
      echo "usage: $0 [test]" >&2
      exit 2
      ;;
  esac
done
exit $status
