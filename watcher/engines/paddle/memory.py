"""What to try when a GPU's memory is not enough: fewer pages at once, then fewer pixels, then give up the page. Pure, but for what it is given to call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from watcher.engines.port import EngineMemoryError

_P = TypeVar("_P")
_R = TypeVar("_R")

SCALES = (0.5**0.5, 0.5)
"""Of a page's sides: half of its pixels, then a quarter. Below that, small print is lost."""

_SIGNS = ("out of memory", "resourceexhausted", "cuda_error_out_of_memory", "cublas_status_alloc_failed", "cudnn_status_alloc_failed")


def read_within_memory(
    pages: Sequence[_P], read: Callable[[Sequence[_P], float], list[_R]], release: Callable[[], None]
) -> list[tuple[_R, float]]:
    """What `read(pages, scale)` returns of each page, and the scale at which it was read: 1, or one of SCALES.

    `release` frees what a failed attempt holds of the device's memory. Raises EngineMemoryError where the smallest attempt fails, and
    whatever else `read` raises.
    """
    if (readings := _attempt(pages, 1.0, read, release)) is not None:
        return [(reading, 1.0) for reading in readings]
    if len(pages) > 1:
        half = (len(pages) + 1) // 2
        return [found for part in (pages[:half], pages[half:]) for found in read_within_memory(part, read, release)]
    for scale in SCALES:
        if (readings := _attempt(pages, scale, read, release)) is not None:
            return [(reading, scale) for reading in readings]
    raise EngineMemoryError(f"the GPU's memory was not enough for one page, even at {SCALES[-1]:.0%} of its resolution")


def is_out_of_memory(error: BaseException) -> bool:
    """By its own type and text, and by what it was raised from: Paddle has no type of its own in all versions."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        told = f"{type(cause).__name__} {cause}".lower()
        if isinstance(cause, MemoryError) or any(sign in told for sign in _SIGNS):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _attempt(
    pages: Sequence[_P], scale: float, read: Callable[[Sequence[_P], float], list[_R]], release: Callable[[], None]
) -> list[_R] | None:
    try:
        return read(pages, scale)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    release()  # here, since the exception would hold the attempt's tensors
    return None
