"""The fleet drawn again and again, over a store and a clock that tests set."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from doubles.clocks import START, SetClock
from doubles.failed import fail
from doubles.replica import LAYOUT, drop
from doubles.stores import HookedStore
from rich.console import Console

from watcher.cli.watching import Watching
from watcher.pipeline.survey import Bounds, Surveyor
from watcher.storage.memory import MemoryStore
from watcher.storage.port import RefusedError, UnavailableError

EVERY = 5.0


class Watched:
    """`seconds` is what each request to the store takes; every request counts."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.time = SetClock()
        self.seconds = seconds
        self.store = HookedStore(MemoryStore(clock=self.time.clock.now))
        self.store.before.append(lambda verb, key: self.time.advance(self.seconds))
        self.paused: list[float] = []
        self.console = Console(file=io.StringIO(), width=100, height=30)
        self.watching = Watching(
            Surveyor(self.store, LAYOUT, (), keeps_source=False, bounds=Bounds()),
            self.store,
            LAYOUT,
            EVERY,
            self.console,
            self.time.clock,
            lambda: len(self.store.requests),
            self._pause,
        )

    def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.time.advance(seconds)

    def fail(self, error: Exception | None) -> None:
        def hook(verb: str, key: str) -> None:
            if error:
                raise error

        self.store.before[1:] = [hook]

    def finish(self, number: int) -> None:
        self.store.inner.put(f"processed/{number}.pdf/0123456789ab/manifest.json", b"{}", "")

    def drawn(self) -> list[str]:
        with self.console.capture() as capture:
            self.console.print(self.watching.drawn())
        return [" ".join(line.split()) for line in capture.get().splitlines()]

    def lists(self, prefix: str) -> int:
        return self.store.requests.count(("list", prefix))


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_before_the_first_picture_it_says_what_it_does(watched: Watched) -> None:
    assert watched.drawn()[0] == "looking at memory ..."


def test_each_turn_draws_the_fleet_as_it_is_then(watched: Watched) -> None:
    watched.watching.turn()
    assert "pending 0" in watched.drawn()
    drop(watched.store, "a.pdf", "one")
    watched.watching.turn()
    assert "pending 1 oldest 5 s: a.pdf" in watched.drawn()
    assert watched.paused == [EVERY, EVERY]


def test_what_is_finished_is_counted_between_two_pictures(watched: Watched) -> None:
    for number in range(3):
        watched.finish(number)
    watched.watching.turn()
    assert "finished 3 3 3" in watched.drawn()


def test_how_many_requests_a_picture_takes_is_told(watched: Watched) -> None:
    watched.watching.turn()
    assert watched.drawn()[-1].endswith("every 5 s · 3 requests a picture · Ctrl-C ends")


def test_pictures_that_take_long_come_less_often() -> None:
    watched = Watched(seconds=10.0)  # three listings: 30 s
    watched.watching.turn()
    watched.watching.turn()
    assert watched.lists("incoming/") == 2
    assert watched.time.seconds == pytest.approx(2 * 90, abs=25)  # a count of 10 s may begin at the end of a turn


def test_a_count_that_takes_long_is_not_begun_again_at_once() -> None:
    watched = Watched(seconds=1.0)
    for _ in range(12):
        watched.watching.turn()
    assert watched.lists("incoming/") == 12
    assert 4 <= watched.lists("processed/") <= watched.time.seconds / 10 + 1


def test_an_outage_is_told_with_the_age_of_what_is_shown_and_ends_nothing(watched: Watched) -> None:
    drop(watched.store, "a.pdf", "one")
    watched.watching.turn()
    watched.fail(UnavailableError("the store does not answer\x1b[2J"))
    watched.watching.turn()
    told = "the store does not answer\\x1b[2J (shown is what stood 10 s ago, tried again every 5 s, Ctrl-C ends)"
    assert told in " ".join(watched.drawn())
    assert "pending 1 oldest 10 s: a.pdf" in watched.drawn()

    watched.fail(None)
    watched.store.delete("incoming/a.pdf")
    watched.watching.turn()
    assert "pending 0" in watched.drawn()
    assert "the store does not answer" not in watched.drawn()[-1]


def test_a_store_that_is_away_from_the_start_is_asked_again(watched: Watched) -> None:
    watched.fail(UnavailableError("the store does not answer"))
    watched.watching.turn()
    assert "the store does not answer (tried again every 5 s, Ctrl-C ends)" in watched.drawn()[-1]
    watched.fail(None)
    watched.watching.turn()
    assert "pending 0" in watched.drawn()


def test_a_store_that_refuses_the_first_picture_ends_it(watched: Watched) -> None:
    watched.fail(RefusedError("wrong key"))
    with pytest.raises(RefusedError):
        watched.watching.turn()


def test_a_refusal_later_does_not(watched: Watched) -> None:
    watched.watching.turn()
    watched.fail(RefusedError("wrong key"))
    watched.watching.turn()
    assert "wrong key" in watched.drawn()[-1]


def test_a_long_reason_is_told_whole_below_a_full_screen(watched: Watched) -> None:
    for number in range(60):
        fail(watched.store.inner, LAYOUT, f"{number}.pdf", "corrupt_pdf", START)
    watched.watching.turn()
    assert len(watched.drawn()) <= watched.console.height
    watched.fail(UnavailableError("word " * 30 + "end"))
    watched.watching.turn()
    assert len(watched.drawn()) <= watched.console.height
    assert "word end (shown is" in " ".join(watched.drawn())


def test_a_count_that_was_broken_off_leaves_the_number_before_it(watched: Watched) -> None:
    watched.finish(1)
    watched.watching.turn()
    watched.finish(2)

    def fail_to_count(verb: str, key: str) -> None:
        if key == LAYOUT.processed:
            raise UnavailableError("the store does not answer")

    watched.store.before.append(fail_to_count)
    watched.watching.turn()
    assert "finished 1 1 1" in watched.drawn()


def test_ages_go_on_between_two_pictures(watched: Watched) -> None:
    drop(watched.store, "a.pdf", "one")
    watched.watching.turn()
    watched.time.advance(55)
    assert watched.time.clock.now() == START + timedelta(seconds=60)
    assert "pending 1 oldest 1 min: a.pdf" in watched.drawn()
