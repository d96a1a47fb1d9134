"""What the vitals tell of the documents in progress."""

from __future__ import annotations

import pytest
from doubles.clocks import SetClock

from watcher.pipeline.vitals import Vitals, Work


class Pages:
    """How far a document is, as its claim knows."""

    def __init__(self) -> None:
        self.done, self.total = 0, 0

    def __call__(self) -> tuple[int, int]:
        return self.done, self.total


@pytest.fixture
def time() -> SetClock:
    return SetClock(seconds=100)


@pytest.fixture
def vitals(time: SetClock) -> Vitals:
    return Vitals(time.clock.monotonic)


def test_a_document_is_told_from_its_beginning_to_its_end(vitals: Vitals, time: SetClock) -> None:
    pages = Pages()
    vitals.began("log/", "incoming/a.pdf", 7, pages)
    assert vitals.pulse.works == (Work(1, "incoming/a.pdf", 7, 0, 0, 0, 0.0),)
    time.advance(5)
    pages.done, pages.total = 3, 10  # two of them stood there before
    vitals.page_read("log/")
    time.advance(1)
    pulse = vitals.pulse
    assert pulse.works == (Work(1, "incoming/a.pdf", 7, 3, 10, 1, 6.0),)
    assert (pulse.in_progress, pulse.pages, pulse.idle_age, pulse.uptime) == (1, 1, 1.0, 6.0)
    vitals.ended("log/", "done")
    pulse = vitals.pulse
    assert (pulse.works, pulse.in_progress, pulse.ended, pulse.pages) == ((), 0, {"done": 1}, 1)


def test_numbers_are_given_once_and_kept(vitals: Vitals) -> None:
    for name in "abc":
        vitals.began(name, name, 1, Pages())
    vitals.ended("a", "done")
    vitals.began("d", "d", 1, Pages())
    vitals.began("a", "a", 1, Pages())
    assert [(one.number, one.key) for one in vitals.pulse.works] == [(2, "b"), (3, "c"), (4, "d"), (5, "a")]


def test_idle_is_who_gained_something_last(vitals: Vitals, time: SetClock) -> None:
    vitals.began("a", "a", 1, Pages())
    time.advance(10)
    vitals.began("b", "b", 1, Pages())
    time.advance(5)
    assert vitals.pulse.idle_age == 5
    vitals.page_read("a")
    assert vitals.pulse.idle_age == 0
