from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.results import names

COORDINATE = st.integers(min_value=0, max_value=100_000)


def test_page_files_sort_by_page_up_to_9999() -> None:
    assert [names.page_json(1), names.page_json(9999), names.page_picture(12)] == ["pages/0001.json", "pages/9999.json", "pages/0012.jpg"]
    assert names.page_json(12345) == "pages/12345.json"


def test_a_figure_is_named_by_page_label_and_box() -> None:
    assert names.figure(3, "Header Image", (1, 2, 30, 40)) == "images/p0003_header_image_1_2_30_40.jpg"


@given(st.integers(1, 99_999), st.text(max_size=300), st.tuples(COORDINATE, COORDINATE, COORDINATE, COORDINATE), st.text(max_size=30))
def test_names_hold_plain_characters_only_and_stay_short(number: int, label: str, box: tuple[int, int, int, int], extension: str) -> None:
    for name in (names.figure(number, label, box), names.source_name(extension)):
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_./")
        assert len(name) < 110
        assert ".." not in name


@pytest.mark.parametrize(
    ("extension", "name"),
    [(".PDF", "source.pdf"), ("tiff", "source.tiff"), ("", "source"), (".a b", "source"), (".", "source"), (".пдф", "source")],
)
def test_the_original_keeps_a_plain_extension(extension: str, name: str) -> None:
    assert names.source_name(extension) == name


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("document.md", "text/markdown; charset=utf-8"),
        ("manifest.json", "application/json"),
        ("preview.html", "text/html; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("pages/0001.jpg", "image/jpeg"),
        ("source.PDF", "application/pdf"),
        ("source.heic", "image/heic"),
        ("source", "application/octet-stream"),
    ],
)
def test_content_types(name: str, media_type: str) -> None:
    assert names.content_type(name) == media_type


@pytest.mark.parametrize("extension", ["html", "svg", "xhtml", "xml", "js"])
def test_an_original_that_browsers_would_run_is_stored_as_bytes(extension: str) -> None:
    assert names.content_type(names.source_name(extension)) == "application/octet-stream"
