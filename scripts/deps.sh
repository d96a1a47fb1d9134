#!/usr/bin/env bash
# Installs missing system packages by apt, as root or with a passwordless sudo. Elsewhere one line says what is missing and what goes
# without it, and the command that called goes on: only in CI (the variable CI is set) is a missing package an error.
#   scripts/deps.sh run|test
set -euo pipefail

case "${1:-}" in
  run)
    packages=(tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd tesseract-ocr-rus)
    without="documents are read by RapidOCR alone, which finds hardly any Russian words"
    # Debian's and Ubuntu's python3 comes without the means to make a virtual environment
    if python3 -c '' 2>/dev/null && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then packages+=(python3-venv); fi
    ;;
  test)
    packages=(radosgw ceph-mon ceph-osd fonts-dejavu-core buildah debootstrap docker-compose curl)
    # Ubuntu has Chromium as a snap alone, which apt-get cannot install without a running snapd
    grep -qs '^ID=ubuntu' /etc/os-release || packages+=(chromium chromium-driver)
    without="the tests on a real S3 server (Ceph), of how the samples are made, of the container image, of deploy/compose.yaml, and of the preview in a browser are skipped"
    ;;
  *)
    echo "usage: $0 run|test" >&2
    exit 2
    ;;
esac

installed() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

give_up() { # reason
  echo "Not installed: ${missing[*]} ($1). Install with 'sudo apt-get install ${missing[*]}'; without: $without." >&2
  if [ -n "${CI:-}" ]; then exit 1; fi
  exit 0
}

command -v apt-get > /dev/null || give_up "there is no apt-get here"
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  give_up "neither root nor a passwordless sudo"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing ${missing[*]} ..."
apt() { "${as_root[@]+"${as_root[@]}"}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" < /dev/null >> "$log" 2>&1; }
# the package lists of a fresh machine are empty, and a machine without network may have the packages at hand
apt update || true
if ! apt install --yes --no-install-recommends "${missing[@]}"; then
  tail -n 15 "$log" >&2
  give_up "apt-get failed, see above"
fi
