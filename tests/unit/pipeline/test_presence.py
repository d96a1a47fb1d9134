"""How a replica shows that it is there."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
import structlog
from doubles.clocks import START
from doubles.stores import HookedStore
from structlog.testing import capture_logs

from watcher.domain.document import Layout
from watcher.domain.presence import Presence, is_presence, presence_name
from watcher.lease.names import split_log_object
from watcher.pipeline.presence import Beacon
from watcher.pipeline.sweep import Sweep
from watcher.storage.memory import MemoryStore
from watcher.storage.port import UnavailableError

LAYOUT = Layout()
PREFIX = "claims/.replicas/"


class Told:
    """What a replica says of itself, and the clock that it and its store go by."""

    def __init__(self) -> None:
        self.now = START
        self.in_progress = 0
        self.store = HookedStore(MemoryStore(clock=lambda: self.now))

    def describe(self) -> Presence:
        return Presence(
            replica="one",
            nonce="0123456789abcdef",
            version="2.0.0",
            engine="fake",
            phase="ready",
            started_at=START,
            every_seconds=60,
            in_progress=self.in_progress,
            finished=0,
            failed=0,
        )

    def beacon(self) -> Beacon:
        return Beacon(self.store, LAYOUT, self.describe, lambda: self.now, structlog.get_logger())

    def keys(self) -> list[str]:
        return [info.key for info in self.store.inner.list("")]


@pytest.fixture
def told() -> Told:
    return Told()


def test_each_time_it_tells_how_it_is_by_one_request(told: Told) -> None:
    beacon = told.beacon()
    for in_progress in (0, 3):
        told.in_progress = in_progress
        beacon.tell()
        assert Presence.model_validate_json(told.store.inner.get(beacon.key)[1]) == told.describe()
    assert told.store.requests == [("put", beacon.key)] * 2
    assert told.keys() == [f"{PREFIX}one-01234567.json"]


@pytest.mark.parametrize(
    ("replica", "name"),
    [
        ("ocr-7d9c5b6f4-2xkqp", "ocr-7d9c5b6f4-2xkqp"),
        ("Бухгалтерия, сервер № 2", "Бухгалтерия-сервер-2"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\x1b[2J\u202eb", "a-2J-b"),
        ("///", "replica"),
        ("я" * 200, "я" * 60),
    ],
)
def test_its_name_is_one_that_every_store_can_hold_and_no_claim_log_has(replica: str, name: str) -> None:
    key = LAYOUT.claims + presence_name(replica, "0123456789abcdef")
    assert key == f"{PREFIX}{name}-01234567.json"
    assert split_log_object(key) is None
    assert is_presence(key.removeprefix(LAYOUT.claims))


def test_two_of_one_name_do_not_overwrite_each_other() -> None:
    assert presence_name("one", "a" * 32) != presence_name("one", "b" * 32)


def test_a_failure_is_told_once_and_that_it_is_over_once(told: Told) -> None:
    beacon, failing = told.beacon(), [True]

    def fail(verb: str, key: str) -> None:
        if failing:
            raise UnavailableError("the store does not answer")

    told.store.before.append(fail)
    with capture_logs() as logs:
        for _ in range(3):
            beacon.tell()
        failing.clear()
        for _ in range(2):
            beacon.tell()
    assert [(log["log_level"], log["event"]) for log in logs] == [("warning", "presence_not_told"), ("info", "presence_told_again")]
    assert logs[0]["reason"] == "the store does not answer"


def test_at_the_end_it_is_gone_and_stays_so(told: Told) -> None:
    beacon = told.beacon()
    beacon.tell()
    beacon.end(60)
    beacon.tell()
    assert told.keys() == []


def test_an_end_before_anything_was_told_asks_nothing(told: Told) -> None:
    told.beacon().end(60)
    assert told.store.requests == []


def test_a_store_that_does_not_answer_holds_the_end_up_no_longer_than_allowed(told: Told) -> None:
    beacon, answer = told.beacon(), threading.Event()
    beacon.tell()
    told.store.before.append(lambda verb, key: answer.wait(60) and None)
    beacon.end(0.01)
    assert told.keys() == [beacon.key]
    answer.set()


def test_a_request_that_is_on_its_way_at_the_end_does_not_bring_it_back(told: Told) -> None:
    beacon, sent, answer = told.beacon(), threading.Event(), threading.Event()

    def hang(verb: str, key: str) -> None:
        if verb == "put":
            sent.set()
            assert answer.wait(60)

    told.store.before.append(hang)
    telling = threading.Thread(target=beacon.tell)
    telling.start()
    assert sent.wait(60)
    ending = threading.Thread(target=beacon.end, args=(60,))
    ending.start()
    answer.set()
    telling.join(60)
    ending.join(60)
    assert told.keys() == []


def test_those_that_fell_silent_a_day_ago_are_removed_and_nothing_else(told: Told) -> None:
    def put(key: str, at: datetime) -> None:
        told.now = at
        told.store.inner.put(key, b"{}", "")

    beacon = told.beacon()
    put(f"{PREFIX}dead-1.json", START)
    put(f"{PREFIX}silent-1.json", START + timedelta(seconds=1))
    put(beacon.key, START)
    put("claims/.bids", START)
    put(f"{PREFIX}document.json/0123456789ab/000001", START)
    put("claims/a.pdf/0123456789ab/000001", START)
    told.now = START + timedelta(days=1)
    beacon.sweep()
    assert told.keys() == [
        "claims/.bids",
        f"{PREFIX}document.json/0123456789ab/000001",
        beacon.key,
        f"{PREFIX}silent-1.json",
        "claims/a.pdf/0123456789ab/000001",
    ]


def test_the_sweep_of_claims_passes_over_them(told: Told) -> None:
    beacon = told.beacon()
    beacon.tell()
    sweep = Sweep(told.store, LAYOUT, timedelta(0))
    assert (list(sweep.orphans()), sweep.settled(), sweep.prune(START + timedelta(days=400))) == ([], frozenset(), 0)
    assert sweep.unreadable == set()
    assert told.keys() == [beacon.key]
