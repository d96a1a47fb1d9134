"""Pages to render, as factories: a page is made where a test says what is special about it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from watcher.domain.page import Block, EngineInfo, Page, PageStatus, TextFormat

MakePage = Callable[..., Page]
PeakOf = Callable[[Callable[[Iterable[Page]], Iterator[str]], int], int]


def _block(order: int, text: str = "", **fields: Any) -> Block:
    return Block(**{"label": "text", "box": (10, 10 + 50 * order, 90, 50 + 50 * order), "order": order, "text": text, **fields})


def _page(*blocks: dict[str, Any] | str, number: int = 1, **fields: Any) -> Page:
    made = [_block(order, block) if isinstance(block, str) else _block(order, **block) for order, block in enumerate(blocks)]
    engine = EngineInfo(name="fake", version="1")
    base = {
        "number": number,
        "width": 100,
        "height": 1000,
        "dpi": 72.0,
        "status": PageStatus.OK,
        "image": f"pages/{number:04d}.jpg",
        "engine": engine,
    }
    return Page(**{**base, "blocks": made, **fields})


@pytest.fixture(scope="session")
def make_page() -> MakePage:
    """`make_page("text", {"label": "table", ...}, number=2)`: a page of these blocks, in this order."""
    return _page


@pytest.fixture(scope="session")
def report() -> list[Page]:
    """Five pages with one of everything: kinds of blocks, formats, states of pages."""
    return [
        _page(
            {"label": "header", "text": "Конфиденциально"},
            {"label": "doc_title", "text": "Отчёт\nза 2026 год"},
            {"text": "Первый абзац,\nв две строки.\n\n1. Второй <b>абзац</b>."},
            {"label": "paragraph_title", "text": "1. Results"},
            {
                "label": "table",
                "format": TextFormat.HTML,
                "text": "<table><tr><td onclick='x()' colspan=2>A<script>alert(1)</script></td></tr></table>",
            },
            {"label": "chart", "figure": "images/p0001_chart_1_2_3_4.jpg"},
            {"label": "figure_title", "text": "Рис. 1"},
            {"label": "formula", "format": TextFormat.LATEX, "text": "$$ a<b \\\\ 5% $$"},
            {"text": "with **bold** and $x_i$, <i>no</i> [link](https://a.b)", "format": TextFormat.MARKDOWN},
            {"label": "footnote", "text": "* Сноска"},
            {"label": "number", "text": "1"},
        ),
        _page(number=2, status=PageStatus.BLANK, note="one colour only"),
        _page(number=3, status=PageStatus.FAILED, note="engine_timeout", image=None, width=0, height=0, dpi=0, engine=None),
        _page("Начало текста", number=4, status=PageStatus.TRUNCATED, note="the engine stopped"),
        _page("Ещё текст", number=5, status=PageStatus.RETRIED, engine=EngineInfo(name="fake", version="2")),
    ]


@pytest.fixture(scope="session")
def peak_of() -> PeakOf:
    """`peak_of(render, count)`: the most bytes held at a time while so many pages of about 5,000 characters are made, rendered and thrown away."""

    def pages(count: int) -> Iterator[Page]:
        for number in range(1, count + 1):
            yield _page(*(f"{number} {order} " + "Слово & слово. " * 33 for order in range(10)), number=number)

    def peak(render: Callable[[Iterable[Page]], Iterator[str]], count: int) -> int:
        written = 0
        tracemalloc.start()
        try:
            for chunk in render(pages(count)):
                written += len(chunk)
            highest = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert written > count * 5000 * 0.9
        return highest

    return peak
