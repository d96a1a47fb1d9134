# The base image brings PaddlePaddle for its GPU, PaddleOCR and the models. This tag is built for Blackwell (sm_120);
# for another GPU: --build-arg BASE_IMAGE=...
ARG BASE_IMAGE=ccr-2vdh3abv-pub.cnc.bj.baidubce.com/paddlepaddle/paddleocr-vl:latest-gpu-sm120-offline
FROM ${BASE_IMAGE}

USER root
WORKDIR /app

COPY --chmod=755 start.sh /app/

# Without extras: `cpu` would bring a second OpenCV, `paddle` the package index's PaddlePaddle, which cannot use the GPU.
# base_pins.py holds the framework where it is and pins what the base lacks; --no-deps would leave pins to be kept complete by hand.
# The sources are lent, not copied, so that no layer has them; of the folder that they are lent at an empty one may stay. Building wants to
# write beside them: hence /tmp/source.
RUN --mount=type=bind,target=/tmp/lent \
    mkdir /tmp/source \
    && cp -r /tmp/lent/pyproject.toml /tmp/lent/README.md /tmp/lent/watcher /tmp/source \
    && python /tmp/lent/scripts/base_pins.py /tmp/lent/constraints.txt > /tmp/pins.txt \
    && python -m pip install --no-cache-dir --disable-pip-version-check --constraint /tmp/pins.txt /tmp/source \
    && rm -rf /tmp/source /tmp/pins.txt \
    && install -d -o 1000 -g 1000 /app/output /app/data

ENV WATCHER_OUTPUT__FOLDER=/app/output \
    WATCHER_STORAGE__FOLDER=/app/data \
    WATCHER_LOG__FORMAT=json

# the base image's user `paddleocr`; the platform wants a number, and no volumes
USER 1000
EXPOSE 8081

# curl may be absent; no proxy for the container itself; any status but 2xx raises
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os; from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:' + os.environ.get('WATCHER_HTTP__PORT', '8081') + '/health', timeout=8)"]

ENTRYPOINT ["/app/start.sh"]

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="paddleocr-watcher" \
      org.opencontainers.image.description="Drop a document into a bucket, get its text and structure back in the bucket." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
