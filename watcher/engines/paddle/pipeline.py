"""PaddleOCR-VL's pipeline, built from folders on the disk and made to show what it hides: why each answer ended, and what it would cut.

It has no hooks for that. So the client of the model server, or the model that runs here, is replaced on the built object by one that watches, and the
function that silently shortens repetition by one that leaves text as it is (`repetition.py` does it, and says so). Both are looked for by name, in
PaddleX 3.3 to 3.7; one that is missing ends the loading, since text would be lost unseen.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from watcher.engines.model_servers.chat import Answer
from watcher.engines.model_servers.client import ModelServers
from watcher.engines.paddle.marks import Observe

_NOWHERE = "http://127.0.0.1:9/v1"  # for PaddleX's own client, which is never used
_LONGEST = 100  # times as long as wide; the model's preprocessing refuses what is beyond 200
_TRUNCATE = "truncate_repetitive_content"


class UnknownPaddleError(Exception):
    """The installed paddleocr is not as this version knows it. The text says what is missing."""


class Pipeline:
    """`reads_seals`: this version can, and is asked to. `restructures`: it can look at all pages of a document."""

    def __init__(self, paddle: Any, max_new_tokens: int, *, reads_seals: bool) -> None:
        self._paddle = paddle
        self.reads_seals = reads_seals
        self._max_new_tokens = max_new_tokens
        self.restructures = hasattr(paddle, "restructure_pages")

    def predict(self, images: Sequence[Any]) -> list[Any]:
        """One call for all. `images`: arrays [height, width, 3] of bytes, blue first."""
        return list(self._paddle.predict_iter(list(images), use_queues=False, max_new_tokens=self._max_new_tokens))

    def restructure(self, pages: Sequence[dict[str, object]]) -> list[Any]:
        return list(self._paddle.restructure_pages(list(pages)))


def build(
    *,
    pipeline_version: str,
    layout: Path,
    language: Path | None,
    device: str,
    charts: bool,
    seals: bool,
    max_new_tokens: int,
    observe: Observe,
    servers: ModelServers | None,
) -> Pipeline:
    """Imports the framework, and loads the models: `language` here, unless `servers` have it. Raises UnknownPaddleError."""
    from paddleocr import PaddleOCRVL

    known = inspect.signature(PaddleOCRVL.__init__).parameters
    if "pipeline_version" not in known and pipeline_version != "v1":
        raise UnknownPaddleError(
            f"paddleocr {version('paddleocr')} reads with models of v1 alone, and those of {pipeline_version} were chosen"
        )
    optional = {"pipeline_version": pipeline_version, "use_seal_recognition": seals, "use_queues": False}
    model = (
        {"vl_rec_model_dir": str(language)}
        if servers is None
        else {"vl_rec_backend": servers.backend, "vl_rec_server_url": _NOWHERE, "vl_rec_api_model_name": "none"}
    )
    paddle = PaddleOCRVL(
        layout_detection_model_dir=str(layout),
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_chart_recognition=charts,
        device=device,
        **model,
        **{name: value for name, value in optional.items() if name in known},
    )
    inner = _part(paddle, "paddlex_pipeline", "_pipeline")
    _leave_repetition(inner)
    _bound_crops(inner)
    if servers is None:
        _watch_model(_part(inner, "vl_rec_model"), observe)
    else:
        _part(inner, "vl_rec_model", "_genai_client")
        inner.vl_rec_model._genai_client = servers
    return Pipeline(paddle, max_new_tokens, reads_seals=seals and "use_seal_recognition" in known)


def _part(owner: Any, *names: str) -> Any:
    for name in names:
        if not hasattr(owner, name):
            raise UnknownPaddleError(
                f"paddleocr {version('paddleocr')} with paddlex {version('paddlex')} is not known: {type(owner).__name__} has no {name}. "
                "Install a version from 3.3 to 3.7"
            )
        owner = getattr(owner, name)
    return owner


def _leave_repetition(inner: Any) -> None:
    module = sys.modules[type(inner).__module__]
    _part(module, _TRUNCATE)
    setattr(module, _TRUNCATE, _unchanged)


def _unchanged(content: str, **_: object) -> str:
    return content


def _bound_crops(inner: Any) -> None:
    """Crops that would fail the whole call: of no pixels, on which PaddleX 3.3 fails, and so long that the model's preprocessing refuses them."""
    crop = _part(inner, "crop_by_boxes")

    def bounded(image: Any, boxes: Sequence[Any], *rest: object) -> list[dict[str, Any]]:
        return [{**block, "img": _padded(block["img"])} for block in crop(image, boxes, *rest) if block["img"].size]

    inner.crop_by_boxes = bounded


def _padded(crop: Any) -> Any:
    """White to the right or below, which moves no pixel. [height, width, 3]"""
    import numpy

    height, width = crop.shape[:2]
    shortest = -(-max(height, width) // _LONGEST)
    missing = max(0, shortest - height), max(0, shortest - width)
    return numpy.pad(crop, ((0, missing[0]), (0, missing[1]), (0, 0)), constant_values=255) if any(missing) else crop


def _watch_model(predictor: Any, observe: Observe) -> None:
    """`process` reads one batch of crops: `generate` makes tokens of them, of which only the text leaves `process`."""
    ends = _part(predictor, "processor", "tokenizer", "eos_token_id")
    _part(predictor, "infer", "generate")
    process: Callable[..., dict[str, list[Any]]] = _part(predictor, "process")
    model = _WatchedModel(predictor.infer)

    def observed(data: Sequence[dict[str, Any]], *args: object, **options: object) -> dict[str, list[Any]]:
        answers = process(data, *args, **options)
        texts = [
            observe(crop["query"], Answer(text, "stop" if ended else "length"))
            for crop, text, ended in zip(data, answers["result"], model.ended(ends), strict=True)
        ]
        return {**answers, "result": texts}

    predictor.infer = model
    predictor.process = observed


class _WatchedModel:
    """Remembers the tokens of the last batch."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._tokens: list[list[int]] = []

    def generate(self, *args: object, **options: object) -> Any:
        generated = self._model.generate(*args, **options)
        self._tokens = generated[0].tolist()
        return generated

    def ended(self, end: int) -> Iterator[bool]:
        """Whether the model ended each answer by itself."""
        tokens, self._tokens = self._tokens, []
        return (end in answer for answer in tokens)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)
