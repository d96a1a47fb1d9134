#!/bin/sh
# Starts the daemon in the container. A variable that is already set keeps its value.
set -eu

# where the base image keeps its models; PADDLEX_HOME is what the image documents, PADDLE_PDX_CACHE_HOME is what PaddleX reads
export PADDLEX_HOME="${PADDLEX_HOME:-/home/paddleocr/.paddlex}"
export PADDLE_PDX_CACHE_HOME="${PADDLE_PDX_CACHE_HOME:-/home/paddleocr/.paddlex}"
export HF_HOME="${HF_HOME:-/home/paddleocr/.cache/huggingface}"
export FLAGS_enable_eager_mode="${FLAGS_enable_eager_mode:-1}"
export FLAGS_eager_delete_tensor_gb="${FLAGS_eager_delete_tensor_gb:-0}"
export FLAGS_use_mkldnn="${FLAGS_use_mkldnn:-0}"

# exec: SIGTERM reaches the daemon itself, which then hands its documents back
exec watcher run "$@"
