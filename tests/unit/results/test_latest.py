from __future__ import annotations

import json
from datetime import datetime, timezone

from watcher.results.latest import Latest, index_html

LATEST = Latest(version="0123456789ab", dropped_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))


def test_latest_names_the_files_of_the_newest_version() -> None:
    text = LATEST.model_dump_json()

    assert json.loads(text) == {
        "version": "0123456789ab",
        "generation": 1,
        "dropped_at": "2026-01-02T03:04:05Z",
        "preview": "0123456789ab/preview.html",
        "markdown": "0123456789ab/document.md",
        "document": "0123456789ab/document.json",
        "manifest": "0123456789ab/manifest.json",
    }
    assert Latest.model_validate_json(text) == LATEST


def test_a_version_that_was_read_anew_has_its_files_in_a_folder_of_that_reading() -> None:
    again = LATEST.model_copy(update={"generation": 2})

    assert (again.preview, again.manifest) == ("0123456789ab-2/preview.html", "0123456789ab-2/manifest.json")
    assert "url=0123456789ab-2/preview.html" in index_html(again)


def test_the_index_goes_on_to_the_preview_and_links_it() -> None:
    page = index_html(LATEST)

    assert '<meta http-equiv="refresh" content="0; url=0123456789ab/preview.html">' in page
    assert '<a href="0123456789ab/preview.html">' in page
    assert "2026-01-02 03:04:05 UTC" in page


def test_a_version_that_is_not_ours_stays_text_in_the_index() -> None:
    assert "<script" not in index_html(Latest(version='"><script>', dropped_at=LATEST.dropped_at))
