#!/usr/bin/env bash
# Builds the container image with docker, or else with buildah.
#   scripts/image.sh NAME [BASE_IMAGE [OPTION...]]     options are the builder's own; BUILDER=docker|buildah chooses it
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 base=${2:-}
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' watcher/__init__.py)
arguments=(
  --platform linux/amd64 --tag "$name:$version"
  --build-arg "VERSION=$version" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)"
)
if [ -n "$base" ]; then arguments+=(--build-arg "BASE_IMAGE=$base"); fi
arguments+=("${@:3}")

builder=${BUILDER:-}
if [ -z "$builder" ] && docker info > /dev/null 2>&1; then
  builder=docker
elif [ -z "$builder" ] && command -v buildah > /dev/null; then
  builder=buildah
fi

if [ "$builder" = docker ]; then
  DOCKER_BUILDKIT=1 docker build "${arguments[@]}" . # RUN --mount is BuildKit's
elif [ "$builder" = buildah ]; then
  buildah build --format docker "${arguments[@]}" . # the OCI format has no HEALTHCHECK
else
  echo "make image needs docker with a running engine, or buildah (sudo apt-get install buildah)." >&2
  exit 1
fi
