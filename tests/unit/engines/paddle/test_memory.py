"""What is tried when a GPU's memory is not enough. A function stands in for the GPU: it takes so many pixels and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from watcher.engines.paddle.memory import SCALES, is_out_of_memory, read_within_memory
from watcher.engines.port import EngineMemoryError


class ResourceExhaustedError(Exception):
    """As Paddle names it."""


class StandInGpu:
    """Pages are numbers: their pixels. It has place for so many at once, and is full until it was released."""

    def __init__(self, pixels: float) -> None:
        self.pixels = pixels
        self.calls: list[tuple[list[int], float]] = []
        self.full = False

    def read(self, pages: Sequence[int], scale: float) -> list[str]:
        assert not self.full, "the cache was not released"
        self.calls.append((list(pages), round(scale, 3)))
        if sum(pages) * scale**2 > self.pixels * 1.001:
            self.full = True
            raise ResourceExhaustedError("Out of memory error on GPU 0. Cannot allocate 1.0GB memory on GPU 0")
        return [f"page of {page}" for page in pages]

    def release(self) -> None:
        self.full = False


def test_what_fits_is_read_in_one_call() -> None:
    gpu = StandInGpu(100)
    assert read_within_memory([10, 20, 30], gpu.read, gpu.release) == [("page of 10", 1.0), ("page of 20", 1.0), ("page of 30", 1.0)]
    assert gpu.calls == [([10, 20, 30], 1.0)]


def test_calls_are_halved_until_they_fit_and_the_order_is_kept() -> None:
    gpu = StandInGpu(100)
    found = read_within_memory([60, 50, 40, 30, 90], gpu.read, gpu.release)
    assert found == [(f"page of {page}", 1.0) for page in (60, 50, 40, 30, 90)]
    assert gpu.calls == [
        ([60, 50, 40, 30, 90], 1.0),
        ([60, 50, 40], 1.0),
        ([60, 50], 1.0),
        ([60], 1.0),
        ([50], 1.0),
        ([40], 1.0),
        ([30, 90], 1.0),
        ([30], 1.0),
        ([90], 1.0),
    ]


@pytest.mark.parametrize(("pixels", "scale", "tries"), [(150, 0.707, 2), (300, 0.5, 3), (400, 0.5, 3)])
def test_a_page_too_large_alone_is_read_with_fewer_pixels(pixels: int, scale: float, tries: int) -> None:
    gpu = StandInGpu(100)
    ((_, found),) = read_within_memory([pixels], gpu.read, gpu.release)
    assert round(found, 3) == scale
    assert len(gpu.calls) == tries


def test_only_the_large_page_of_a_call_loses_pixels() -> None:
    gpu = StandInGpu(100)
    assert [round(scale, 3) for _, scale in read_within_memory([20, 150, 20], gpu.read, gpu.release)] == [1.0, 0.707, 1.0]


def test_a_page_that_never_fits_is_given_up_after_all_steps() -> None:
    gpu = StandInGpu(100)
    with pytest.raises(EngineMemoryError, match="even at 50% of its resolution"):
        read_within_memory([500], gpu.read, gpu.release)
    assert [scale for _, scale in gpu.calls] == [1.0, *(round(scale, 3) for scale in SCALES)]
    assert gpu.full is False


def test_other_errors_are_not_tried_again() -> None:
    calls = 0

    def read(_: Sequence[int], __: float) -> list[str]:
        nonlocal calls
        calls += 1
        raise ValueError("a bad page")

    with pytest.raises(ValueError, match="a bad page"):
        read_within_memory([1, 2], read, lambda: None)
    assert calls == 1


def test_nothing_is_asked_for_no_pages() -> None:
    assert read_within_memory([], lambda pages, _: list(pages), lambda: None) == []


def raised_from(cause: Exception) -> Exception:
    try:
        try:
            raise cause
        except Exception as inner:
            raise RuntimeError("Exception from the 'vlm' worker") from inner
    except RuntimeError as outer:
        return outer


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: ResourceExhaustedError("\n\nOut of memory error on GPU 0"), True),
        (lambda: RuntimeError("ResourceExhaustedError: ..."), True),
        (lambda: OSError("(External) CUDA error(2), cudaErrorMemoryAllocation: out of memory"), True),
        (lambda: RuntimeError("CUBLAS_STATUS_ALLOC_FAILED"), True),
        (lambda: MemoryError(), True),
        (lambda: raised_from(MemoryError()), True),
        (lambda: raised_from(ValueError("shape")), False),
        (lambda: RuntimeError("CUDA error(700), an illegal memory access"), False),
    ],
)
def test_running_out_of_memory_is_told_by_type_text_or_cause(make: Callable[[], Exception], expected: bool) -> None:
    assert is_out_of_memory(make()) is expected
