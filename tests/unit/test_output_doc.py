"""What docs/output.md says of the files is what the program writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from watcher.domain.manifest import ErrorReport, Manifest, Scope
from watcher.domain.page import Block, Page, PageStatus
from watcher.pipeline.assemble import INK_TO_BE_READ
from watcher.results import names
from watcher.results.cells import table_cells
from watcher.results.markdown import document_markdown

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "output.md").read_text(encoding="utf-8")
PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
EXAMPLES: list[Any] = [json.loads(example) for example in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]


def section(title: str) -> str:
    return PROSE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(title: str) -> list[str]:
    """Names in the first column of the section's tables."""
    rows = re.findall(r"^\| ((?:`[^|]+`(?:, )?)+) \|", section(title), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_every_field_of_a_block_is_told() -> None:
    block, _, _, _ = EXAMPLES
    assert first_cells("document.json") == list(block) == list(Block.model_fields)
    Block.model_validate(block)


def test_every_status_of_a_page_is_told() -> None:
    assert first_cells("manifest.json") == [status.value for status in PageStatus]
    assert f"more than {INK_TO_BE_READ * 100:g} % of its area" in section("manifest.json")
    assert all(f"`{scope.value}`" in section("manifest.json") for scope in Scope)


@pytest.mark.parametrize(("example", "model"), [(2, Manifest), (3, ErrorReport)])
def test_examples_of_records_hold_fields_that_there_are(example: int, model: type[Manifest | ErrorReport]) -> None:
    assert set(EXAMPLES[example]) - {"..."} <= set(model.model_fields)


def test_the_cells_of_the_example_are_those_of_its_table() -> None:
    html = re.search(r"`(<table>.*</table>)`", section("document.json"))
    assert html is not None
    assert [cell.model_dump() for cell in table_cells(html[1]) or []] == EXAMPLES[1]


def test_the_lines_of_ours_in_the_markdown_are_written_so() -> None:
    block = {"label": "text", "box": (0, 0, 1, 1), "order": 0}
    page = {"width": 1, "height": 1, "dpi": 0}
    told = "cut off at the model's limit of 4096 tokens (ocr.max_new_tokens)"
    pages = [
        Page(**page, number=1, status=PageStatus.TRUNCATED, blocks=[Block(**block, missing=told)]),
        Page(**page, number=2, status=PageStatus.BLANK, blocks=[Block(**block, continues=1)]),
        Page(**page, number=3, status=PageStatus.EMPTY),
        Page(**page, number=4, status=PageStatus.TRUNCATED, note="1 block: ..."),
        Page(**page, number=5, status=PageStatus.FAILED, note="..."),
    ]
    written = {line for line in "".join(document_markdown(pages, omitted=())).splitlines() if line}
    lines = set(first_cells("document.md"))
    assert lines == written - {f"<!-- page {number} -->" for number in (1, 3, 4, 5)}


def test_every_kind_of_file_stands_in_the_picture_of_the_folders() -> None:
    picture = section("Folders")
    fixed = [names.DOCUMENT_MD, names.DOCUMENT_JSON, names.PREVIEW_HTML, names.STRUCTURE, names.MANIFEST, names.LATEST, names.INDEX_HTML]
    made = [
        names.page_picture(1),
        names.page_json(1),
        names.figure(1, "chart", (96, 210, 800, 640)),
        names.source_name("pdf"),
        names.ERROR_JSON,
    ]
    assert [name for name in fixed + made if not re.search(rf"^\s+{re.escape(name)}\s", picture, re.MULTILINE)] == []
