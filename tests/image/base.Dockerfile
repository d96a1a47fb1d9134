# A stand-in for the base image that `Dockerfile` builds on, so that the rest can be built and run for real where the real one (tens of
# gigabytes, for a GPU) cannot be had. It follows PaddleOCR's own recipe, deploy/paddleocr_vl_docker/accelerators/gpu-sm120/pipeline.Dockerfile:
# its variables, folders, user, port and command, and the versions of PaddleOCR and PaddlePaddle (tests/paddle/requirements-3.3.txt).
#
# Other than there: Python is Debian's, not 3.10; PaddlePaddle is the build for CPUs; the models have the real files and random weights.
FROM scratch
# made by debootstrap
ADD rootfs.tar /

# where a build finds this machine's way to the package index (see package_index.py); nothing of it is left in a layer
RUN mkdir -p /srv/pip/config /srv/pip/0 /srv/pip/1 /srv/pip/2 /srv/pip/3 && ln -s /srv/pip/config/pip.conf /etc/pip.conf

ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
ENV DEBIAN_FRONTEND=noninteractive
ENV PIP_NO_CACHE_DIR=0
ENV PYTHONUNBUFFERED=1
ENV PYTHONDONTWRITEBYTECODE=1

# Python and its packages stand where the official image of Python has them
RUN python3 -m venv /usr/local
COPY constraints.txt /tmp/
RUN export PIP_CONSTRAINT=/tmp/constraints.txt \
    && python -m pip install --quiet --disable-pip-version-check paddlepaddle "paddleocr[doc-parser]" \
    && paddlex --install serving > /dev/null

RUN groupadd -g 1000 paddleocr \
    && useradd -m -s /bin/bash -u 1000 -g 1000 paddleocr
ENV HOME=/home/paddleocr
WORKDIR /home/paddleocr

COPY stand_ins /tmp/stand_ins
RUN models="${HOME}/.paddlex/official_models" \
    && python /tmp/stand_ins/layout.py "${models}/PP-DocLayoutV2" PP-DocLayoutV2 '[["text", 0.1, 0.1, 0.9, 0.3]]' \
    && python /tmp/stand_ins/language.py "${models}/PaddleOCR-VL" PaddleOCR-VL-0.9B \
    && chown -R paddleocr:paddleocr "${HOME}" \
    && rm -rf /tmp/* /root/.cache

USER paddleocr
EXPOSE 8080
CMD ["paddlex", "--serve", "--pipeline", "/home/paddleocr/pipeline_config_vllm.yaml"]
