"""The structure of whole documents: what it changes, what it must not change, and that a document ends without it as well."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doubles.replica import LAYOUT, InProcessReplica, drop, in_process_replica, manifest_of, names
from doubles.stores import HookedStore, once

from watcher.domain.document import Document
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.manifest import Scope
from watcher.domain.page import Block, Page, PageStatus, TextFormat
from watcher.engines.port import PlacedBlock, Revision
from watcher.engines.recogniser import EngineUnavailableError
from watcher.pipeline import structure
from watcher.pipeline.attempt import End
from watcher.pipeline.structure import place, revised_blocks
from watcher.results.structure import RevisedBlock, Structure
from watcher.storage.port import UnavailableError

JOINED = "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"
PAGES = "title One\ntable a b\ntable c d\ntitle Two"
BOX = (1, 2, 30, 40)


def joins(pages: Sequence[Sequence[PlacedBlock]]) -> list[Revision]:
    """Of the pages above: a table over pages 2 and 3, and the second title below the first."""
    return [Revision(0, 0, level=2), Revision(1, 0, JOINED), Revision(2, 0, ""), Revision(3, 0, level=3)]


def result(store: HookedStore, document: Document, name: str) -> str:
    return store.inner.get(LAYOUT.result(document) + name)[1].decode()


def blocks_of(store: HookedStore, document: Document) -> list[dict[str, Any]]:
    return [block for page in json.loads(result(store, document, "document.json"))["pages"] for block in page["blocks"]]


def test_headings_and_tables_are_those_of_the_whole_document(store: HookedStore, replica: InProcessReplica) -> None:
    replica.recogniser.structure = joins
    document = drop(store, "a.pdf", PAGES)
    assert replica.attempt(document) is End.DONE

    assert result(store, document, "document.md") == (
        "<!-- page 1 -->\n\n## One\n\n<!-- page 2 -->\n\n"
        "<table><tbody><tr><td>a</td><td>b</td></tr>\n<tr><td>c</td><td>d</td></tr>\n</tbody></table>\n"
        "\n<!-- page 3 -->\n\n<!-- continues the table of page 2 -->\n\n<!-- page 4 -->\n\n### Two\n"
    )
    blocks = blocks_of(store, document)
    assert [block["level"] for block in blocks] == [2, None, None, 3]
    assert [(block["text"], block["continues"]) for block in blocks[1:3]] == [(JOINED, None), ("", 2)]
    assert [(cell["row"], cell["column"], cell["text"]) for cell in blocks[1]["cells"]] == [
        (0, 0, "a"),
        (0, 1, "b"),
        (1, 0, "c"),
        (1, 1, "d"),
    ]
    assert blocks[2]["cells"] is None
    manifest = manifest_of(store, document)
    assert (manifest.structure, manifest.structure_note) == (Scope.DOCUMENT, "")
    assert "structure.json" in [output.name for output in manifest.outputs]


def test_page_files_and_the_preview_keep_what_stood_on_each_page(store: HookedStore, replica: InProcessReplica) -> None:
    replica.recogniser.structure = joins
    document = drop(store, "a.pdf", PAGES)
    replica.attempt(document)

    third = Page.model_validate_json(result(store, document, "pages/0003.json")).blocks[0]
    assert "<td>c" in third.text
    assert third.cells is not None
    assert third.continues is None
    assert "<td>c</td> <td>d</td>" in result(store, document, "preview.html").replace("</td><td>", "</td> <td>")


@pytest.mark.parametrize("known", [True, False])
def test_an_engine_that_sees_pages_only_leaves_no_structure_behind(store: HookedStore, replica: InProcessReplica, known: bool) -> None:
    asked: list[object] = []
    replica.recogniser.structure = lambda pages: asked.append(pages)
    if known:
        replica.recogniser.state = replace(replica.recogniser.state, restructures=False)
    document = drop(store, "a.pdf", PAGES)
    assert replica.attempt(document) is End.DONE

    manifest = manifest_of(store, document)
    assert (manifest.structure, manifest.structure_note) == (Scope.PAGES, "the engine sees one page at a time")
    assert "structure.json" not in names(store, LAYOUT.result(document))
    assert len(asked) == (0 if known else 1)
    assert [block["level"] for block in blocks_of(store, document)] == [None] * 4


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (DocumentError(ErrorCode.ENGINE_CRASHED), "the engine failed at it (engine_crashed)"),
        (DocumentError(ErrorCode.ENGINE_TIMEOUT, limit=120), "the engine failed at it (engine_timeout)"),
        (EngineUnavailableError("it restarts"), "the engine was not there when it was asked"),
        (ZeroDivisionError(), "a defect of this program"),
    ],
)
def test_a_document_is_finished_without_a_structure_that_cannot_be_had(
    store: HookedStore, replica: InProcessReplica, error: Exception, note: str
) -> None:
    def fails(pages: object) -> list[Revision]:
        raise error

    replica.recogniser.structure = fails
    document = drop(store, "a.pdf", PAGES)
    assert replica.attempt(document) is End.DONE

    manifest = manifest_of(store, document)
    assert (manifest.structure, manifest.structure_note) == (Scope.PAGES, note)
    assert json.loads(result(store, document, "structure.json"))["blocks"] == []
    assert "<td>c</td>" in result(store, document, "document.md")


def test_a_document_too_large_is_not_asked_about(store: HookedStore, replica: InProcessReplica, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    replica.recogniser.structure = lambda pages: asked.append(pages)
    monkeypatch.setattr(structure, "_MOST_BLOCKS", 3)
    document = drop(store, "a.pdf", PAGES)
    assert replica.attempt(document) is End.DONE

    assert asked == []
    assert "blocks" in manifest_of(store, document).structure_note


def test_a_document_without_titles_and_tables_is_not_asked_about(store: HookedStore, replica: InProcessReplica) -> None:
    def defect(pages: Sequence[Sequence[PlacedBlock]]) -> list[Revision]:
        raise AssertionError("it was asked")

    replica.recogniser.structure = defect
    document = drop(store, "a.pdf", "one\ntwo")
    assert replica.attempt(document) is End.DONE
    manifest = manifest_of(store, document)
    assert (manifest.structure, manifest.structure_note) == (Scope.DOCUMENT, "")
    assert "structure.json" not in [output.name for output in manifest.outputs]


def test_while_the_structure_is_looked_for_the_document_can_be_given_back(store: HookedStore, replica: InProcessReplica) -> None:
    never: Future[list[Revision] | None] = Future()
    give_back = threading.Event()

    class Slow(type(replica.recogniser)):  # type: ignore[misc]
        def restructure(self, pages: object) -> Future[list[Revision] | None]:
            give_back.set()
            return never

    ending = replace(replica, bench=replace(replica.bench, recogniser=Slow(), give_back=give_back))
    document = drop(store, "a.pdf", PAGES)
    assert ending.attempt(document) is End.GIVEN_BACK
    assert never.cancelled()
    assert replica.attempt(document) is End.DONE


def test_whoever_takes_over_goes_on_with_the_structure_that_stands(store: HookedStore, replica: InProcessReplica, tmp_path: Path) -> None:
    replica.recogniser.structure = joins
    store.before.append(once("create", "document.md", UnavailableError("an outage")))
    document = drop(store, "a.pdf", PAGES)
    assert replica.attempt(document) is End.WAITING
    standing = result(store, document, "structure.json")

    replica.time.advance(60)
    with in_process_replica("two", store, tmp_path / "two") as other:  # which sees pages only
        other.time.advance(120)
        assert other.attempt(document) is End.DONE
    assert result(store, document, "structure.json") == standing
    assert "### Two" in result(store, document, "document.md")
    assert manifest_of(store, document).structure is Scope.DOCUMENT


def test_whoever_takes_over_files_written_page_by_page_goes_on_so(store: HookedStore, replica: InProcessReplica, tmp_path: Path) -> None:
    store.before.append(once("create", "document.json", UnavailableError("an outage")))
    document = drop(store, "a.pdf", PAGES)
    assert replica.attempt(document) is End.WAITING
    assert "document.md" in names(store, LAYOUT.result(document))

    replica.time.advance(60)
    replica.recogniser.structure = joins
    assert replica.attempt(document) is End.DONE
    assert [block["level"] for block in blocks_of(store, document)] == [None] * 4
    assert "begun" in manifest_of(store, document).structure_note


def test_another_replicas_structure_is_adopted_where_both_looked_for_one(store: HookedStore, replica: InProcessReplica) -> None:
    theirs = Structure(scope=Scope.DOCUMENT, blocks=[RevisedBlock(page=1, block=0, level=6)])
    document = drop(store, "a.pdf", PAGES)

    def first(verb: str, key: str) -> None:
        if verb == "create" and key.endswith("structure.json"):
            store.before.remove(first)
            store.inner.create(key, theirs.model_dump_json().encode(), "application/json")

    store.before.append(first)
    replica.recogniser.structure = joins
    assert replica.attempt(document) is End.DONE
    assert "###### One" in result(store, document, "document.md")


def page(number: int, *blocks: dict[str, Any]) -> Page:
    made = [Block(**{"label": "text", "box": BOX, "order": order, **block}) for order, block in enumerate(blocks)]
    return Page(number=number, width=100, height=200, dpi=0, status=PageStatus.OK, blocks=made)


def test_the_engine_is_given_the_text_of_titles_and_whole_tables_alone() -> None:
    table = {"label": "table", "format": TextFormat.HTML, "text": "<table onclick=x><tr><td colspan=99999>a</table>"}
    pages = [page(1, {"label": "doc_title", "text": " A\r\nB\x00 "}, {"text": "secret"}, table), page(2, {**table, "missing": "cut"})]

    assert place(pages) == [
        [
            PlacedBlock("doc_title", BOX, "A\nB"),
            PlacedBlock("text", BOX, ""),
            PlacedBlock("table", BOX, "<table><tbody><tr><td>a</td></tr>\n</tbody></table>"),
        ],
        [PlacedBlock("table", BOX, "")],
    ]


@pytest.mark.parametrize(("limit", "most"), [("_MOST_BLOCKS", 2), ("_MOST_CHARACTERS", 5)])
def test_more_than_fits_is_not_placed(monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    pages = [page(1, {"label": "doc_title", "text": "abc"}), page(2, {"label": "doc_title", "text": "abc"}, {"text": "d"})]
    assert place(pages) is not None
    monkeypatch.setattr(structure, limit, most)
    assert place(pages) is None


TITLE, NAMED, PLAIN, TABLE = (
    PlacedBlock("doc_title", BOX, "A"),
    PlacedBlock("paragraph_title", BOX, "B"),
    PlacedBlock("text", BOX, ""),
    PlacedBlock("table", BOX, "<table>"),
)


@pytest.mark.parametrize(
    ("block", "revision", "level"),
    [
        (TITLE, None, 1),
        (TITLE, Revision(0, 0, level=3), 1),
        (NAMED, None, None),
        (NAMED, Revision(0, 0, level=1), 2),
        (NAMED, Revision(0, 0, level=2), 2),
        (NAMED, Revision(0, 0, level=6), 6),
        (NAMED, Revision(0, 0, level=9), 6),
        (NAMED, Revision(0, 0, level=-1), 2),
        (PLAIN, Revision(0, 0, level=1), None),
    ],
)
def test_levels_of_headings_go_from_the_documents_title_down_to_six(
    block: PlacedBlock, revision: Revision | None, level: int | None
) -> None:
    changes = revised_blocks([[block]], [revision] if revision else [])
    assert [change.level for change in changes] == ([level] if level else [])


def test_no_text_is_lost_that_was_not_joined_to_a_table_before() -> None:
    assert revised_blocks([[TABLE], [TABLE]], [Revision(0, 0, ""), Revision(1, 0, " ")]) == []
    assert revised_blocks([[NAMED, PLAIN]], [Revision(0, 0, ""), Revision(0, 1, "new")]) == []
    assert revised_blocks([[TABLE]], [Revision(7, 0, "x"), Revision(0, 7, "x"), Revision(-1, -1, "x")]) == []


def test_a_table_over_many_pages_and_the_next_one_are_told_apart() -> None:
    revisions = [Revision(4, 0, ""), Revision(3, 0, "second"), Revision(0, 0, "first"), Revision(1, 0, ""), Revision(2, 0, "")]
    assert revised_blocks([[TABLE]] * 5, revisions) == [
        RevisedBlock(page=1, block=0, text="first"),
        RevisedBlock(page=2, block=0, continues=1),
        RevisedBlock(page=3, block=0, continues=1),
        RevisedBlock(page=4, block=0, text="second"),
        RevisedBlock(page=5, block=0, continues=4),
    ]
