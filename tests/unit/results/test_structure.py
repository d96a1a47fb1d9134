from __future__ import annotations

import json
import re
from datetime import datetime, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from watcher.domain.manifest import Scope, Source
from watcher.domain.page import TextFormat
from watcher.results.document import document_json
from watcher.results.markdown import document_markdown
from watcher.results.structure import RevisedBlock, Structure, revised

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SOURCE = Source(key="incoming/a.pdf", etag="e", size=3, dropped_at=datetime(2026, 1, 2, tzinfo=timezone.utc))
TABLE = {"label": "table", "format": TextFormat.HTML}


def whole(*blocks: RevisedBlock) -> Structure:
    return Structure(scope=Scope.DOCUMENT, blocks=list(blocks))


def test_only_what_changes_is_changed_and_only_on_its_page(make_page) -> None:
    heading, table = {"label": "paragraph_title", "text": "a"}, {**TABLE, "text": "<table><tr><td>b</table>", "cells": []}
    pages = [make_page(heading, table, number=number) for number in (1, 2)]
    change = whole(RevisedBlock(page=2, block=0, level=4), RevisedBlock(page=2, block=1, text="<table><tr><td>c</table>"))
    first, second = revised(pages, change)

    assert first is pages[0]
    assert [(block.level, block.text, [cell.text for cell in block.cells or []]) for block in second.blocks] == [
        (4, "a", []),
        (None, "<table><tr><td>c</table>", ["c"]),
    ]
    assert [block.model_dump(exclude={"level", "text", "cells"}) for block in second.blocks] == [
        block.model_dump(exclude={"level", "text", "cells"}) for block in pages[1].blocks
    ]


def test_blocks_are_counted_in_reading_order(make_page) -> None:
    page = make_page({"label": "text", "text": "a"}, {"label": "paragraph_title", "text": "b"})
    turned = page.model_copy(update={"blocks": page.blocks[::-1]})
    (shown,) = revised([turned], whole(RevisedBlock(page=1, block=1, level=3)))

    assert "".join(document_markdown([shown], omitted=())) == "<!-- page 1 -->\n\na\n\n### b\n"


def test_a_table_that_goes_on_stands_whole_where_it_begins_alone(make_page) -> None:
    part = {**TABLE, "text": "<table><tr><td>x</table>", "missing": "cut off"}
    pages = [make_page(part, number=1), make_page(part, number=2)]
    change = whole(RevisedBlock(page=1, block=0, text="<table><tr><td>xy</table>"), RevisedBlock(page=2, block=0, continues=1))

    text = "".join(document_markdown(revised(pages, change), omitted=()))
    assert re.findall(r"<td>\w+", text) == ["<td>xy"]
    assert "<!-- continues the table of page 1 -->\n\n> **Text is missing here:** cut off" in text
    told = json.loads("".join(document_json(revised(pages, change), "v", SOURCE)))["pages"][1]["blocks"][0]
    assert (told["text"], told["cells"], told["continues"]) == ("", None, 1)


def test_pages_of_a_document_without_structure_stay_as_they_are(report) -> None:
    assert list(revised(report, Structure(scope=Scope.PAGES, note="x"))) == report


PIECES = st.lists(
    st.sampled_from(["<table>", "<tr><td>", "</table>", "<script>x</script>", "<!-- page 9 -->", "-->", "[x](javascript:y)", "![x](//a.b)", "\n\n", "# ", "```", "$$", "<img src=x onerror=y>", "a", "\ud800"]),
    max_size=10,
).map("".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(joined=PIECES, part=PIECES)
def test_no_text_of_a_joined_table_makes_anything_but_a_table(make_page, joined: str, part: str) -> None:
    pages = [make_page({**TABLE, "text": part}, number=1), make_page({**TABLE, "text": part}, "the end", number=2)]
    change = whole(RevisedBlock(page=1, block=0, text=joined), RevisedBlock(page=2, block=0, continues=1))
    tokens = PARSER.parse("".join(document_markdown(revised(pages, Structure.model_validate_json(change.model_dump_json())), omitted=())))

    comments = ["<!-- page 1 -->", "<!-- page 2 -->", "<!-- continues the table of page 1 -->"]
    ours = [token.content.strip() for token in tokens if token.type == "html_block" and token.content.startswith("<!--")]
    assert ours == comments
    assert {token.type for token in tokens} <= {"html_block", "paragraph_open", "inline", "paragraph_close"}
    assert tokens[-2].content == "the end"
    for token in tokens:
        assert not re.search(r"<(?!/?(?:table|tbody|tr|td|div)>|!-- (?:page \d|continues) )[a-zA-Z/!]", token.content)
