"""What is dealt from the inbox, in which order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from doubles.clocks import SetClock
from doubles.stores import HookedStore

from watcher.domain.document import Layout
from watcher.pipeline.inbox import ALONE, CERTAIN, FARTHEST, MOST_IN_VAIN, WINDOW, Inbox
from watcher.storage.memory import MemoryStore

IGNORE = (".*", "~$*", "*.part", "Thumbs.db")


def inbox(store: HookedStore, time: SetClock, jitter: float = 0.0) -> Inbox:
    return Inbox(store, Layout(), IGNORE, lambda: time.seconds, lambda: jitter, stale_seconds=30)


def filled(*names: str) -> HookedStore:
    time = SetClock()
    store = HookedStore(MemoryStore(time.clock.now))
    for name in names:
        store.put(f"incoming/{name}", name.encode(), "")
        time.advance(1)
    return store


def dealt(box: Inbox) -> list[str]:
    return [one.document.key.removeprefix("incoming/") for one in box.deal()]


def test_oldest_first() -> None:
    assert dealt(inbox(filled("c.pdf", "a.pdf", "b.pdf"), SetClock())) == ["c.pdf", "a.pdf", "b.pdf"]


@pytest.mark.parametrize("name", ["folder/", ".hidden", "a/.hidden/b.pdf", "~$letter.docx", "b.pdf.part", "x/Thumbs.db"])
def test_what_is_no_document_is_passed_over(name: str) -> None:
    assert dealt(inbox(filled(name, "a.pdf"), SetClock())) == ["a.pdf"]


def test_who_finds_others_there_first_moves_to_another_place() -> None:
    box = inbox(filled(*(f"{number:03d}.pdf" for number in range(100))), SetClock(), jitter=0.5)
    names = []
    for one in box.deal():
        names.append(one.document.key.removeprefix("incoming/"))
        if len(names) == 2:
            box.contended()
    assert names[:4] == ["000.pdf", "001.pdf", "051.pdf", "052.pdf"]
    assert sorted(names) == [f"{number:03d}.pdf" for number in range(100)]


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("watcher.pipeline.inbox.WINDOW", 10)
    return 10


def test_a_window_where_others_are_busy_is_left_to_them_and_met_again_in_another_round(small_windows: int) -> None:
    box = inbox(filled(*(f"{number:05d}.pdf" for number in range(2 * small_windows))), SetClock())
    rounds = []
    for taken in (f"incoming/{small_windows:05d}.pdf", ""):
        rounds.append([])
        for one in box.deal():
            rounds[-1].append(one.document.key)
            if one.document.key < taken:
                box.contended()
            else:
                box.claimed()
        assert box.abandoned is bool(taken)
    assert len(rounds[0]) == small_windows + 1
    assert len(set(rounds[1])) == 2 * small_windows


def test_who_finds_others_in_window_after_window_goes_farther_and_farther(small_windows: int) -> None:
    box = inbox(filled(*(f"{number:06d}.pdf" for number in range(80 * small_windows))), SetClock(), jitter=0.999)
    windows = []
    for _ in range(3):
        for one in box.deal():
            windows.append(int(one.document.key[9:15]) // small_windows)
            box.contended()
            box.claimed()
    steps = [after - before - 1 for before, after in pairwise(windows)]
    assert steps[:5] == [1, 3, 7, 15, 31]
    assert max(steps) < FARTHEST


def test_a_round_ends_where_all_is_in_work_and_the_next_gives_up_sooner_until_a_document_is_ours() -> None:
    box = inbox(filled(*(f"{number:03d}.pdf" for number in range(100))), SetClock(), jitter=0.3)

    def tried_in_vain() -> int:
        tried = 0
        for _ in box.deal():
            tried += 1
            box.contended()
        return tried

    tries = [tried_in_vain() for _ in range(5)]
    assert tries == [MOST_IN_VAIN, MOST_IN_VAIN // 2, MOST_IN_VAIN // 4, 1, 1]
    for _ in range(4):
        box.claimed()
    assert tried_in_vain() == MOST_IN_VAIN


def test_no_document_is_left_out_by_replicas_that_move_about(small_windows: int) -> None:
    """Taken by another, each is passed over once; in the end all have been dealt, though others were first at two of three."""
    names = [f"{number:04d}.pdf" for number in range(3 * small_windows)]
    box, seen = inbox(filled(*names), SetClock(), jitter=0.7), set()
    for _ in range(len(names)):
        for one in box.deal():
            key = one.document.key.removeprefix("incoming/")
            if key in seen:
                continue  # known to be held: the dispatcher does not try it
            seen.add(key)
            if int(key[:4]) % 3:
                box.contended()
            else:
                box.claimed()
        if len(seen) == len(names):
            break
    assert seen == set(names)


def test_a_replica_is_wary_at_its_start_and_after_it_met_others_until_several_documents_were_uncontested() -> None:
    box = inbox(filled(), SetClock())
    assert box.wary
    box.claimed()
    assert not box.wary
    box.contended()
    for _ in range(ALONE):
        assert box.wary
        box.claimed()
    assert not box.wary


def test_a_replica_is_certain_to_be_alone_after_many_documents_that_nobody_contested() -> None:
    box = inbox(filled(), SetClock())
    box.contended()
    for _ in range(CERTAIN):
        assert not box.certain
        box.claimed()
    assert box.certain
    box.contended()
    assert not box.certain


def test_a_store_that_lists_more_slowly_than_windows_grow_stale_is_read_from_all_the_same() -> None:
    time = SetClock()
    store = filled("a.pdf", "b.pdf", "c.pdf")
    store.before.append(lambda verb, key: time.advance(100))
    assert dealt(inbox(store, time)) == ["a.pdf", "b.pdf", "c.pdf"]


def test_documents_of_the_same_moment_are_gone_on_with_where_the_stale_window_was_left() -> None:
    """Stores that tell seconds only give many documents the same time."""
    time = SetClock()
    store = HookedStore(MemoryStore(time.clock.now))
    for number in range(10):
        store.put(f"incoming/{number}.pdf", b"", "")
    box, names = inbox(store, time), []
    for one in box.deal():
        names.append(one.document.key)
        if len(names) == 4:
            time.advance(31)
            store.put("incoming/00.pdf", b"", "")
    assert names[4] == "incoming/4.pdf"


def test_each_ignored_key_is_told_once() -> None:
    store, told = filled(".hidden.pdf", "folder/", "a.pdf"), []
    box = Inbox(store, Layout(), IGNORE, lambda: 0.0, lambda: 0.0, 30, lambda key, reason: told.append(key))
    for _ in range(2):
        dealt(box)
    assert told == ["incoming/.hidden.pdf"]


def test_dealing_begins_before_the_listing_ends() -> None:
    store = filled(*(f"{number:05d}.pdf" for number in range(3)))
    listed = []

    class Endless(HookedStore):
        def list(self, prefix: str, after: str = ""):
            for info in self.inner.list(prefix, after):
                for copy in range(10 * WINDOW):
                    listed.append(copy)
                    yield info

    next(inbox(Endless(store.inner), SetClock()).deal())
    assert len(listed) == WINDOW


def test_a_round_left_in_the_middle_goes_on_there_so_that_late_keys_do_not_starve() -> None:
    store = filled(*(f"{number:05d}.pdf" for number in range(WINDOW + 5)))
    box = inbox(store, SetClock())
    first = box.deal()
    for _ in range(WINDOW + 2):
        next(first)
    first.close()
    second = dealt(box)
    assert second[0] == f"{WINDOW:05d}.pdf"
    assert sorted(set(second)) == sorted(f"{number:05d}.pdf" for number in range(WINDOW + 5))


def test_a_window_that_grew_stale_is_listed_again_and_nothing_in_it_is_dealt_twice() -> None:
    time = SetClock()
    store = filled("a.pdf", "b.pdf", "c.pdf")
    box = inbox(store, time)
    names = []
    for one in box.deal():
        names.append(one.document.key)
        if len(names) == 1:
            time.advance(31)
            store.delete("incoming/b.pdf")
    assert names == ["incoming/a.pdf", "incoming/c.pdf"]
    assert [key for verb, key in store.requests if verb == "list"] == ["incoming/"] * 2
