"""PaddleOCR-VL: a layout model finds the blocks of a page, and a small vision language model reads each; here, or in a model server."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version as package_version
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from watcher.domain.page import Box, EngineInfo
from watcher.engines.model_servers.client import ModelServers, ServerOptions
from watcher.engines.paddle.blocks import Seen, read_blocks, scaled_back, with_lost
from watcher.engines.paddle.marks import LostAnswerError, Marks
from watcher.engines.paddle.memory import read_within_memory
from watcher.engines.paddle.models import Models
from watcher.engines.paddle.pipeline import Pipeline, build
from watcher.engines.paddle.runtime import package_versions, prepare, release, settle, start
from watcher.engines.paddle.structure import asked, revisions
from watcher.engines.port import Engine, EngineFaultError, PageImage, PageReading, PlacedBlock, ReadBlock, Revision

_FIGURE_QUALITY = 90


class ResultCountError(EngineFaultError):
    """The pipeline returned another number of results than it was given pages."""


def load(
    *,
    version: str,
    layout: str,
    language: str | None,
    backend: str,
    device: str,
    charts: bool,
    seals: bool,
    max_new_tokens: int,
    page_seconds: float,
    server: ServerOptions | None,
) -> Engine:
    """`version` of the pipeline, and the folders of its models; `language` None, and `server` given, where `backend` is a model server.

    `device`: `auto`, `cpu` or `gpu:N`. `charts`, `seals`: read them, too, where this version can. `page_seconds` for each page of a call bounds what the server is waited for.
    Raises EngineWaitError where no model server answers, UnknownPaddleError, and whatever the framework raises.
    """
    prepare()
    marks = Marks(secrets.token_hex(8), max_new_tokens)
    servers = None if server is None else ModelServers(server, backend, marks.observe)
    if servers is not None:
        servers.check()
    device = start(device)
    models = Models(version, Path(layout), Path(language) if language else None)
    pipeline = build(
        pipeline_version=version,
        layout=models.layout,
        language=models.language,
        device=device,
        charts=charts,
        seals=seals,
        max_new_tokens=max_new_tokens,
        observe=marks.observe,
        servers=servers,
    )
    info = EngineInfo(
        name="paddleocr-vl",
        version=package_version("paddleocr"),
        models={**models.names, **({"language": server.model} if server is not None and server.model else {})},
        packages=package_versions(),
    )
    read_labels = tuple(label for label, read in (("chart", charts), ("seal", pipeline.reads_seals)) if read)
    engine = _Structuring if pipeline.restructures else _Reading
    settle()
    return engine(pipeline, marks, servers, info, device, page_seconds, read_labels)


class _Reading:
    def __init__(
        self,
        pipeline: Pipeline,
        marks: Marks,
        servers: ModelServers | None,
        info: EngineInfo,
        device: str,
        page_seconds: float,
        read_labels: Sequence[str],
    ) -> None:
        self.info = info
        self._pipeline = pipeline
        self._marks = marks
        self._servers = servers
        self._release = partial(release, device)
        self._page_seconds = page_seconds
        self._read_labels = read_labels

    def read(self, pages: Sequence[PageImage]) -> list[PageReading]:
        started = time.perf_counter()
        found = read_within_memory(pages, self._read_at, self._release)
        seconds = (time.perf_counter() - started) / len(pages) if pages else 0.0
        self._release()
        return [_reading(page, blocks, scale, seconds) for page, (blocks, scale) in zip(pages, found, strict=True)]

    def _read_at(self, pages: Sequence[PageImage], scale: float) -> list[tuple[ReadBlock, ...]]:
        """Blocks of each page, in pixels of the page times `scale`."""
        images = [_pixels(page, scale) for page in pages]
        if self._servers is not None:
            self._servers.begin_call(self._page_seconds * len(pages))
        self._marks.begin()
        results = self._pipeline.predict(images)
        if len(results) != len(pages):
            raise ResultCountError(f"{len(results)} results of {len(pages)} pages")
        found = [self._blocks(result, image) for result, image in zip(results, images, strict=True)]
        if lost := self._marks.left():
            if len(pages) > 1:
                raise LostAnswerError(f"{len(lost)} answers of the model are in no block of {len(pages)} pages")
            found = [with_lost(found[0], lost, _size(images[0]))]
        return found

    def _blocks(self, result: Any, image: Any) -> tuple[ReadBlock, ...]:
        blocks = [Seen(block.label, tuple(block.bbox), block.content or "") for block in result["parsing_res_list"]]
        pictures = [
            Seen(picture.get("label") or _label(picture["path"]), tuple(picture["coordinate"]), path=picture["path"])
            for picture in result["imgs_in_doc"]
        ]
        return read_blocks(blocks, pictures, _size(image), self._marks.take, partial(_jpeg, image), self._read_labels)


class _Structuring(_Reading):
    def restructure(self, pages: Sequence[Sequence[PlacedBlock]]) -> list[Revision]:
        return revisions(pages, self._pipeline.restructure(asked(pages)))


def _reading(page: PageImage, blocks: Sequence[ReadBlock], scale: float, seconds: float) -> PageReading:
    told = () if scale == 1 else (f"read at {scale:.0%} of its resolution: the GPU's memory was not enough",)
    return PageReading(scaled_back(blocks, scale, (page.width, page.height)), seconds, told)


def _pixels(page: PageImage, scale: float) -> Any:
    """[height, width, 3] of bytes, blue first. By OpenCV, which PaddleX brings: reversing the channels of an A4 page by NumPy takes several times as long."""
    import cv2
    import numpy

    with Image.open(page.path) as file:
        image = file if file.mode in ("L", "RGB") else file.convert("RGB")
        if scale != 1:
            size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
            image = image.resize(size, Image.Resampling.LANCZOS)
        pixels = numpy.asarray(image)
    return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR if pixels.ndim == 2 else cv2.COLOR_RGB2BGR)


def _size(image: Any) -> tuple[int, int]:
    return int(image.shape[1]), int(image.shape[0])


def _jpeg(image: Any, box: Box) -> bytes:
    left, top, right, bottom = box
    body = BytesIO()
    Image.fromarray(image[top:bottom, left:right, ::-1].copy()).save(body, "JPEG", quality=_FIGURE_QUALITY)
    return body.getvalue()


def _label(path: str) -> str:
    """Of a picture: PaddleX names it `imgs/img_in_<label>_box_<sides>.jpg`."""
    return path.rpartition("/")[2].removeprefix("img_in_").partition("_box_")[0]
