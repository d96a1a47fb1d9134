"""The real pipeline of PaddleOCR-VL in real children, with stand-ins for its two models: run by the pythons that scripts/paddle.sh makes.

`build/paddle-3.7/bin/python -m pytest tests/paddle`, and the same with 3.3. Elsewhere nothing is collected here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.paddle_reader import INSTALLED, Boxes, Draw, MakeReader, Reader, engine_options, models
from PIL import Image
from servers.scripted_model import Script, scripted_server

from watcher.engines.port import PageImage

SIZE = (600, 800)

collect_ignore_glob = [] if INSTALLED else ["test_*.py"]


@pytest.fixture(scope="module", params=INSTALLED)
def release(request: pytest.FixtureRequest) -> str:
    """Each version of the pipeline that the installed paddleocr has and a stand-in is made for."""
    return str(request.param)


@pytest.fixture(scope="session")
def newest() -> str:
    """The newest of these, where the version makes no difference."""
    return INSTALLED[-1]


@pytest.fixture(scope="module")
def open_reader() -> Iterator[MakeReader]:
    """`open_reader(release, boxes, url="", **options)`: native, or with a model server at `url`. The same one for the same arguments in a module."""
    opened: dict[str, Reader] = {}

    def opener(release: str, boxes: Boxes, url: str = "", **options: object) -> Reader:
        key = repr((release, boxes, url, options))
        if key not in opened:
            opened[key] = Reader(engine_options(models(boxes), release, url, **options))
        return opened[key]

    try:
        yield opener
    finally:
        for reader in opened.values():
            reader.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Script]:
    with scripted_server() as found:
        yield found


@pytest.fixture
def script(server: Script) -> Script:
    """The model server of the module, answering plain words unless the test says otherwise."""
    server.answer = lambda _, __: ("words", "stop")
    server.asked.clear()
    return server


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """`draw(colour, size)`: a page of one colour, which the stand-ins take for a full one."""
    count = iter(range(1000))

    def drawn(colour: tuple[int, int, int] = (230, 230, 230), size: tuple[int, int] = SIZE) -> PageImage:
        path = tmp_path / f"page-{next(count)}.ppm"
        Image.new("RGB", size, color=colour).save(path)
        return PageImage(path, *size, dpi=150)

    return drawn
