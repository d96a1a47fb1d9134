"""Wake-ups and looks into the inbox: none is lost, and a flood of them is one look."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from doubles.clocks import SetClock

from watcher.pipeline.rounds import WAKE_SECONDS, Rounds


class Inbox:
    """Counts the looks into it. `during` is called within each."""

    def __init__(self) -> None:
        self.looks = 0
        self.during: Callable[[], None] = lambda: None
        self.due: list[tuple[Callable[[], None], float]] = []
        self.time = SetClock()
        self.rounds = Rounds(self.scan, lambda run, seconds: self.due.append((run, seconds)), self.time.clock.monotonic)

    def scan(self) -> None:
        self.looks += 1
        self.during()

    def run_due(self) -> list[float]:
        """Runs what was due, and says after how many seconds it was."""
        due, self.due = self.due, []
        for run, _ in due:
            run()
        return [seconds for _, seconds in due]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def test_a_wake_up_looks_at_once(inbox: Inbox) -> None:
    inbox.rounds.wake()
    assert inbox.run_due() == [0]
    assert inbox.looks == 1


def test_wake_ups_before_the_look_begins_share_it(inbox: Inbox) -> None:
    for _ in range(1000):
        inbox.rounds.wake()
    assert len(inbox.due) == 1
    inbox.run_due()
    assert (inbox.looks, inbox.due) == (1, [])


def test_wake_ups_during_a_look_lead_to_one_more_after_it(inbox: Inbox) -> None:
    def woken_often() -> None:
        for _ in range(1000):
            inbox.rounds.wake()
        assert inbox.due == []
        inbox.during = lambda: None

    inbox.during = woken_often
    inbox.rounds.run()
    assert inbox.looks == 1
    assert len(inbox.due) == 1
    inbox.run_due()
    assert (inbox.looks, inbox.due) == (2, [])


def test_a_poll_that_begins_after_the_wake_up_is_its_look(inbox: Inbox) -> None:
    inbox.rounds.wake()
    inbox.rounds.run()
    inbox.during = inbox.rounds.wake
    inbox.run_due()
    assert len(inbox.due) == 1  # for the wake-up during the second look alone


def test_looks_for_wake_ups_keep_a_distance(inbox: Inbox) -> None:
    inbox.rounds.run()
    inbox.time.advance(WAKE_SECONDS / 4)
    inbox.rounds.wake()
    assert inbox.run_due() == [pytest.approx(WAKE_SECONDS * 3 / 4)]
    inbox.time.advance(WAKE_SECONDS)
    inbox.rounds.wake()
    assert inbox.run_due() == [0]


def test_there_are_never_two_looks_at_once(inbox: Inbox) -> None:
    def polled_meanwhile() -> None:
        other = threading.Thread(target=inbox.rounds.run)
        other.start()
        other.join(30)
        assert not other.is_alive()

    inbox.during = polled_meanwhile
    inbox.rounds.run()
    assert inbox.looks == 1


def test_a_look_that_fails_loses_no_wake_up(inbox: Inbox) -> None:
    def fail() -> None:
        inbox.rounds.wake()
        raise RuntimeError("of the test")

    inbox.during = fail
    with pytest.raises(RuntimeError):
        inbox.rounds.run()
    inbox.during = lambda: None
    inbox.run_due()
    assert inbox.looks == 2
