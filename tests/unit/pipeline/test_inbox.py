"""What is dealt from the inbox, in which order."""

from __future__ import annotations

from itertools import count

import pytest
from doubles.clocks import SetClock
from doubles.stores import HookedStore

from watcher.domain.document import Layout
from watcher.pipeline.inbox import NEIGHBOURS, WINDOW, Inbox
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


def test_two_replicas_seldom_reach_for_the_same_document_first() -> None:
    store = filled(*(f"{number:03d}.pdf" for number in range(200)))
    orders = []
    for seed in (3, 7):
        numbers = count(seed)
        box = Inbox(store, Layout(), (), lambda: 0.0, lambda numbers=numbers: next(numbers) * 0.618 % 1, 30)
        orders.append(dealt(box))
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    ranks = [int(name[:3]) for name in orders[0]]
    assert all(abs(rank - place) <= NEIGHBOURS for place, rank in enumerate(ranks))


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
