"""What the pipeline sees in a whole document: a table that goes on over the page, levels of headings; and the recogniser's whole way."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

import pytest
import structlog
from doubles.paddle_reader import INSTALLED, Draw, MakeReader, engine_options, models
from doubles.recognising import LIMITS
from servers.scripted_model import Script

from watcher.domain.clock import Clock
from watcher.engines.port import EngineSpec, PlacedBlock, Revision
from watcher.engines.recogniser import EngineLimits, Recogniser

ONE = [("text", 0.1, 0.1, 0.9, 0.3)]
HEAD = "<tr><td>Name</td><td>Sum</td></tr>"
TOP = f"<table>{HEAD}<tr><td>A</td><td>1</td></tr></table>"
REST = f"<table>{HEAD}<tr><td>B</td><td>2</td></tr></table>"
PAGES = [
    [
        PlacedBlock("doc_title", (100, 50, 500, 90), "Report"),
        PlacedBlock("paragraph_title", (100, 100, 400, 140), "1 Sums"),
        PlacedBlock("text", (100, 150, 500, 180), "Words."),
        PlacedBlock("table", (100, 200, 500, 700), TOP),
        PlacedBlock("footer", (100, 750, 500, 780), "Page 1"),
    ],
    [
        PlacedBlock("header", (100, 10, 500, 30), "Report"),
        PlacedBlock("table", (100, 50, 500, 300), REST),
        PlacedBlock("paragraph_title", (100, 320, 300, 345), "1.1 Details"),
    ],
    [],
]
structured = pytest.mark.skipif("v1.6" not in INSTALLED, reason="this paddleocr cannot look at several pages")


def test_only_newer_versions_restructure(open_reader: MakeReader, script: Script, newest: str) -> None:
    assert open_reader(newest, ONE, script.url).restructures() is not version("paddleocr").startswith("3.3.")


@structured
def test_a_table_that_goes_on_is_joined_and_headings_get_their_levels(open_reader: MakeReader, script: Script, release: str) -> None:
    revisions = open_reader(release, ONE, script.url).restructure(PAGES)
    joined = f"<table>{HEAD}<tr><td>A</td><td>1</td></tr><tr><td>B</td><td>2</td></tr></table>"
    assert revisions == [
        Revision(0, 0, level=1),
        Revision(0, 1, level=2),
        Revision(0, 3, text=joined),
        Revision(1, 1, text=""),
        Revision(1, 2, level=3),
    ]


@structured
@pytest.mark.parametrize(
    "pages",
    [
        [],
        [[]],
        [PAGES[0][2:3]],
        [[PlacedBlock("table", (0, 0, 1, 1), "")], [PlacedBlock("table", (0, 0, 1, 1), "")]],
        [[PlacedBlock("table", (0, 0, 100, 100), "<table></table>")], [PlacedBlock("table", (0, 0, 100, 100), TOP)]],
        [[PlacedBlock("table", (0, 0, 9, 9), "<table>" * 3000)], [PlacedBlock("table", (0, 0, 9, 9), "<table>" * 3000)]],
        [[PlacedBlock("table", (0, 0, 9, 9), '<table><tr><td colspan="99999999">1')], [PlacedBlock("table", (0, 0, 9, 9), TOP)]],
        [[PlacedBlock("paragraph_title", (0, 0, 1, 1), "")]],
        [[PlacedBlock("paragraph_title", (0, 0, 1, 1), "# " + "\n" * 5000)]],
    ],
    ids=["nothing", "no block", "no title", "no table", "no row", "deep", "huge span", "empty title", "many lines"],
)
def test_odd_documents_are_looked_at_without_an_error(
    open_reader: MakeReader, script: Script, newest: str, pages: list[list[PlacedBlock]]
) -> None:
    revisions = open_reader(newest, ONE, script.url).restructure(pages)
    assert all(revision.level is None or 1 <= revision.level <= 6 for revision in revisions)


def test_the_recogniser_reads_pages_of_many_documents_in_one_call(script: Script, newest: str, draw: Draw) -> None:
    limits = EngineLimits(**{**LIMITS, "batch_pages": 8, "page_seconds": 60.0, "load_seconds": 120.0})  # type: ignore[arg-type]
    clock = Clock(time.monotonic, lambda: datetime.now(timezone.utc))
    spec = EngineSpec("paddleocr-vl", engine_options(models(ONE), newest, script.url))
    recogniser = Recogniser({"cpu": spec}, limits, clock, structlog.get_logger())
    script.answer = lambda _, colour: (str(round(colour[0] / 10)), "stop")
    futures = [recogniser.submit(draw((10 * number, 0, 0))) for number in range(1, 7)]
    recogniser.start()
    try:
        found = [future.result(timeout=200) for future in futures]
        state = recogniser.state
    finally:
        recogniser.close()
    assert [recognition.reading.blocks[0].text for recognition in found] == ["1", "2", "3", "4", "5", "6"]
    assert not any(recognition.retried for recognition in found)
    assert state.phase == "ready"
    assert state.info is not None
    assert (state.info.name, state.info.version) == ("paddleocr-vl", version("paddleocr"))
    assert state.info.models["pipeline"] == newest
    assert state.info.models["layout"].startswith("PP-DocLayout")
    assert str(Path(str(spec.options["layout"])).parent) not in repr(state.info)  # names, not paths
