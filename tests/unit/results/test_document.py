from __future__ import annotations

from datetime import datetime, timezone
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.domain.manifest import Source
from watcher.domain.page import Output, Page, PageContent
from watcher.results.document import Document, document_json

SOURCE = Source(
    key='incoming/Отчёт "[],.pdf',
    etag="e",
    size=3,
    sha256="00",
    media_type="application/pdf",
    dropped_at=datetime(2026, 1, 2, tzinfo=timezone.utc),
)
stream = partial(document_json, version="0123456789ab", source=SOURCE)


def modelled(pages: list[Page]) -> Document:
    engines = [page.engine for page in pages if page.engine]
    distinct = [engine for position, engine in enumerate(engines) if engine not in engines[:position]]
    return Document(version="0123456789ab", source=SOURCE, pages=pages, engines=distinct)


def test_the_stream_equals_the_models_own_serialisation(report) -> None:
    text = "".join(stream(report))

    assert text == modelled(report).model_dump_json()
    assert [engine.version for engine in Document.model_validate_json(text).engines] == ["1", "2"]


def test_a_document_without_pages_is_valid_too() -> None:
    assert "".join(stream([])) == modelled([]).model_dump_json()


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=30), max_size=4))
def test_any_text_comes_back(make_page, texts: list[str]) -> None:
    read = Document.model_validate_json("".join(stream([make_page(*texts)])))

    assert [block.text for block in read.pages[0].blocks] == texts


def test_half_a_surrogate_pair_from_a_model_server_becomes_the_replacement_character(make_page) -> None:
    read = Document.model_validate_json("".join(stream([make_page("a\ud800b")])).encode())

    assert read.pages[0].blocks[0].text == "a\N{REPLACEMENT CHARACTER}b"


def test_it_says_nothing_of_when_or_how_fast_a_page_was_read(make_page) -> None:
    page = make_page("text")
    later = page.model_copy(update={"seconds": 9.5, "outputs": [Output(name="pages/0001.jpg", size=1, sha256="0", etag="0")]})

    assert list(stream([page])) == list(stream([later]))


def test_pages_hold_all_of_a_pages_content(report) -> None:
    assert Document.model_validate_json("".join(stream(report))).pages == [PageContent(**dict(page)) for page in report]


def test_memory_does_not_grow_with_pages(peak_of) -> None:
    assert peak_of(stream, 2000) < peak_of(stream, 200) + 200_000  # of 10 MB of text
