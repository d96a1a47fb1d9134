"""What is asked of the pipeline about a whole document, and what becomes of its answer."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from watcher.engines.paddle.structure import asked, revisions
from watcher.engines.port import PlacedBlock, Revision

TABLE = "<table><tr><td>1</td></tr></table>"
PAGES = [
    [
        PlacedBlock("doc_title", (0, 0, 9, 9), "Title"),
        PlacedBlock("text", (0, 9, 9, 19), "secret words"),
        PlacedBlock("table", (0, 19, 9, 29), TABLE),
    ],
    [PlacedBlock("table", (0, 0, 9, 9), TABLE), PlacedBlock("paragraph_title", (0, 9, 9, 19), "1 One")],
]


def judged(*contents: tuple[str, int | None]) -> dict[str, object]:
    return {
        "parsing_res_list": [
            SimpleNamespace(content=content, **({} if level is None else {"title_level": level})) for content, level in contents
        ]
    }


def test_only_titles_and_tables_are_sent_with_their_text() -> None:
    sent = [[block["block_content"] for block in page["res"]["parsing_res_list"]] for page in asked(PAGES)]  # type: ignore[index]
    assert sent == [["Title", "", TABLE], [TABLE, "1 One"]]


def test_merged_tables_and_levels_become_revisions() -> None:
    answer = [judged(("Title", None), ("", None), ("<table>both</table>", None)), judged(("", None), ("1 One", 1))]
    assert revisions(PAGES, answer) == [
        Revision(0, 0, level=1),
        Revision(0, 2, text="<table>both</table>"),
        Revision(1, 0, text=""),
        Revision(1, 1, level=2),
    ]


@pytest.mark.parametrize(("judgement", "level"), [(-3, 2), (0, 2), (1, 2), (4, 5), (99, 6)])
def test_levels_stay_within_what_markdown_has(judgement: int, level: int) -> None:
    page = [PlacedBlock("paragraph_title", (0, 0, 9, 9), "x")]
    assert revisions([page], [judged(("x", judgement))]) == [Revision(0, 0, level=level)]


@pytest.mark.parametrize("span", ['colspan="1000000000"', "ROWSPAN = 99999", "colspan='x'", 'colspan="-1"', "colspan=", 'rowspan="²"'])
def test_tables_that_would_take_all_memory_are_not_sent(span: str) -> None:
    page = [PlacedBlock("table", (0, 0, 9, 9), f"<table><tr><td {span}>1</td></tr></table>")]
    assert asked([page])[0]["res"]["parsing_res_list"][0]["block_content"] == ""  # type: ignore[index]
    assert revisions([page], [judged(("", None))]) == []


def test_a_harmless_span_is_sent() -> None:
    page = [PlacedBlock("table", (0, 0, 9, 9), '<table><tr><td colspan="2">1</td></tr></table>')]
    assert asked([page])[0]["res"]["parsing_res_list"][0]["block_content"] == page[0].text  # type: ignore[index]


def test_other_blocks_than_were_asked_about_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        revisions(PAGES, [judged(("Title", None)), judged(("", None), ("1 One", 1))])
