"""Where a document's things stand, whatever people call it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.document import MAX_KEY_BYTES, Layout, version_of

LAYOUT = Layout()
DROPPED = datetime(2026, 1, 1, tzinfo=timezone.utc)
LONGEST_NAME = "images/p9999_" + "x" * 40 + "_99999_99999_99999_99999.jpg"


def path(key: str) -> str:
    return LAYOUT.document(f"incoming/{key}", "etag", 1, DROPPED).path


def test_a_version_is_12_hex_digits_of_etag_and_size() -> None:
    # printf 'abc\n7' | sha256sum
    assert version_of("abc", 7) == "15e7694fb71b"
    assert len({version_of("abc", 7), version_of("abc", 8), version_of("abd", 7)}) == 3


@pytest.mark.parametrize("key", ["a.pdf", "Договоры/2024/акт №7.pdf", "a b+c%d#e.png", "manifest.json", "index.html", "👍.png", "x" * 255])
def test_a_plain_name_is_kept_as_it_is(key: str) -> None:
    assert path(key) == key


@pytest.mark.parametrize(
    "key",
    [
        "../a.pdf",
        "a/../b.pdf",
        "./a.pdf",
        "/a.pdf",
        "a//b.pdf",
        "a\nb.pdf",
        "a\x1b[31m.pdf",
        "a\u202efdp.exe",
        "x" * 256,
        "a\\b.pdf",
        "ы" * 500,
    ],
)
def test_a_name_that_no_folder_or_terminal_should_meet_is_stored_under_its_hash(key: str) -> None:
    assert path(key).startswith("~")
    assert len(path(key)) == 65


@pytest.mark.parametrize("part", ["0123456789ab", "index.html", "latest.json"])
def test_a_name_within_a_folder_is_never_one_that_stands_in_the_folder_of_a_document(part: str) -> None:
    assert path(part) == part
    assert path(f"a.png/{part}").startswith("~")
    assert path(f"a.png/{part}/b.png").startswith("~")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1024))
def test_every_key_that_we_make_fits_and_stays_below_its_prefix(key: str) -> None:
    document = LAYOUT.document(f"incoming/{key}", "etag", 1, DROPPED)
    for prefix, place in (("processed/", LAYOUT.result), ("failed/", LAYOUT.failure), ("claims/", LAYOUT.claim_log)):
        made = place(document) + LONGEST_NAME
        assert made.startswith(prefix)
        assert len(made.encode()) <= MAX_KEY_BYTES
        assert not {"", ".", ".."} & set(made.split("/"))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_two_names_never_share_a_place(one: str, other: str) -> None:
    assert (path(one) == path(other)) == (one == other)
