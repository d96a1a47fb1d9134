"""Where a document's things stand, whatever people call it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.document import MAX_KEY_BYTES, Layout, result_folder, split_result_folder, version_of

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


@pytest.mark.parametrize("part", ["0123456789ab", "0123456789ab-2", "index.html", "latest.json"])
def test_a_name_within_a_folder_is_never_one_that_stands_in_the_folder_of_a_document(part: str) -> None:
    assert path(part) == part
    assert path(f"a.png/{part}").startswith("~")
    assert path(f"a.png/{part}/b.png").startswith("~")


def test_each_reading_of_a_version_has_a_folder_of_its_own_and_shares_its_claims_and_its_place_in_failed() -> None:
    first = LAYOUT.document("incoming/a.pdf", "abc", 7, DROPPED)
    second = replace(first, generation=2)
    assert LAYOUT.result(first) == "processed/a.pdf/15e7694fb71b/"
    assert LAYOUT.result(second) == "processed/a.pdf/15e7694fb71b-2/"
    assert LAYOUT.claim_log(first) == LAYOUT.claim_log(second)
    assert LAYOUT.failure(first) == LAYOUT.failure(second)


@pytest.mark.parametrize("generation", [1, 2, 37])
def test_the_name_of_a_results_folder_tells_version_and_generation(generation: int) -> None:
    assert split_result_folder(result_folder("0123456789ab", generation)) == ("0123456789ab", generation)


@pytest.mark.parametrize("name", ["0123456789ab-", "0123456789ab-0", "0123456789ab-02", "0123456789abc", "-2", "0123456789ab-2\n"])
def test_what_is_no_name_of_a_results_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the folder of a result"):
        split_result_folder(name)


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


def test_a_file_that_is_named_like_the_hash_of_another_has_a_place_of_its_own() -> None:
    hashed = LAYOUT.path("incoming/../a.pdf")
    assert LAYOUT.path(f"incoming/{hashed}") not in (hashed, LAYOUT.path("incoming/../a.pdf"))
    assert LAYOUT.path(f"incoming/{hashed}/b.pdf") != f"{hashed}/b.pdf"
