"""Names of a claim log's objects, in both forms of entries."""

from __future__ import annotations

import pytest

from watcher.lease.names import EntryName, beat_name, entry_names, last_entries, split_log_object

LOG = "claims/scans/a.pdf/0123456789ab/"


@pytest.mark.parametrize("name", [EntryName(1), EntryName(42, "0f3c"), EntryName(999999, "one-7")])
def test_a_name_is_read_back(name: EntryName) -> None:
    assert entry_names([str(name)]) == (name,)


@pytest.mark.parametrize("name", [beat_name(1), "000002.closed", "1", "0000001", "000001-", "000001-a.beat", "000001-a/b", ".bids", ""])
def test_other_objects_are_no_entries(name: str) -> None:
    assert entry_names([name]) == ()


def test_entries_come_in_order_the_bare_number_first() -> None:
    assert entry_names(["000002", "000001-b", "000001", "000001-a"]) == (
        EntryName(1),
        EntryName(1, "a"),
        EntryName(1, "b"),
        EntryName(2),
    )


def test_the_last_entries_are_all_of_the_highest_number() -> None:
    assert last_entries(["000001", "000002-a", "000002", "000002-b", "000009.beat"]) == (EntryName(2), EntryName(2, "a"), EntryName(2, "b"))
    assert last_entries(["000002.closed", "000001.beat"]) == ()


@pytest.mark.parametrize("name", ["000001", "000001-0f3c", "000001.beat", "000002.closed"])
def test_an_object_is_split_into_its_log_and_its_name(name: str) -> None:
    assert split_log_object(LOG + name) == (LOG, name)


@pytest.mark.parametrize("key", ["claims/.bids", "claims/.probe/000001", LOG, LOG + "000001.tmp", "claims/a.pdf/XYZ/000001"])
def test_what_belongs_to_no_log_is_passed_over(key: str) -> None:
    assert split_log_object(key) is None
