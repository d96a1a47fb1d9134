"""What is dealt from the inbox, in which order."""

from __future__ import annotations

import pytest
from doubles.clocks import SetClock
from doubles.stores import HookedStore

from watcher.domain.document import Layout
from watcher.pipeline.inbox import PATIENCE, WINDOW, Inbox
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


def test_a_window_where_others_are_busy_is_left_to_them() -> None:
    box = inbox(filled(*(f"{number:05d}.pdf" for number in range(2 * WINDOW))), SetClock())
    dealt_from_first = 0
    for one in box.deal():
        if one.document.key < f"incoming/{WINDOW:05d}.pdf":
            dealt_from_first += 1
            box.contended()
    assert dealt_from_first == PATIENCE + 1
    assert box.abandoned
    box_again = list(box.deal())
    assert len(box_again) == 2 * WINDOW
    assert not box.abandoned


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
