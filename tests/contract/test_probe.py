"""What the probe finds on stores whose behaviour is known."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from servers.s3_server import S3Server

from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import (
    AlreadyExistsError,
    ConditionUnsupportedError,
    ObjectInfo,
    OutcomeUnknownError,
    RefusedError,
    Store,
    UnavailableError,
)
from watcher.storage.probe import ClaimMode, Round, judge, probe_conditions, probe_delete_condition, probe_listing
from watcher.storage.s3 import S3Store

SCRATCH = "claims/.probe/"


@pytest.fixture
def nonce() -> Callable[[], str]:
    numbers = itertools.count()
    return lambda: f"nonce-{next(numbers):06d}"


class Flawed(MemoryStore):
    """A memory store whose creates go through `flaw` first."""

    def __init__(self, flaw: Callable[[int], None], after: bool = False) -> None:
        super().__init__()
        self.flaw, self.after, self.calls = flaw, after, itertools.count()

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        number = next(self.calls)
        if not self.after:
            self.flaw(number)
        etag = super().create(key, body, content_type)
        if self.after:
            self.flaw(number)
        return etag


def test_every_store_under_contract_keeps_racing_creates_apart(store: Store, nonce: Callable[[], str]) -> None:
    result = probe_conditions(store, SCRATCH, nonce)
    assert result.verdict is ClaimMode.CONDITIONAL
    assert "5 races" in result.detail
    assert list(store.list("")) == []


@pytest.mark.parametrize(
    ("conditions", "verdict"),
    [(Conditions.ATOMIC, ClaimMode.CONDITIONAL), (Conditions.SEQUENTIAL, ClaimMode.RACY), (Conditions.IGNORED, ClaimMode.IGNORED)],
)
def test_weak_conditions_are_found_out(conditions: Conditions, verdict: ClaimMode, nonce: Callable[[], str]) -> None:
    store = MemoryStore(conditions=conditions)
    assert probe_conditions(store, SCRATCH, nonce).verdict is verdict
    assert list(store.list("")) == []


def test_a_versioned_bucket_of_ceph_ignores_the_condition(ceph: S3Server, nonce: Callable[[], str]) -> None:
    """Seen on Ceph 16.2: there a bucket with versioning answers 200 to every create."""
    store = S3Store(ceph.new_bucket(versioned=True))
    assert probe_conditions(store, SCRATCH, nonce).verdict is ClaimMode.IGNORED


def test_scratch_leaves_no_versions_behind(versioned_store: Store, nonce: Callable[[], str]) -> None:
    probe_conditions(versioned_store, SCRATCH, nonce, racers=2, rounds=1)
    assert versioned_store.versions(f"{SCRATCH}nonce-000000") == ()


def test_a_store_that_says_it_has_no_conditions_is_believed(nonce: Callable[[], str]) -> None:
    def unsupported(_: int) -> None:
        raise ConditionUnsupportedError("501")

    assert probe_conditions(Flawed(unsupported), SCRATCH, nonce).verdict is ClaimMode.IGNORED


def test_a_lost_answer_is_read_back(nonce: Callable[[], str]) -> None:
    def lose_the_winner_s_answer(number: int) -> None:
        raise OutcomeUnknownError("cut off")

    store = Flawed(lose_the_winner_s_answer, after=True)
    assert probe_conditions(store, SCRATCH, nonce).verdict is ClaimMode.CONDITIONAL


@pytest.mark.parametrize("error", [UnavailableError, RefusedError])
def test_an_outage_is_no_verdict(error: type[Exception], nonce: Callable[[], str]) -> None:
    def fail_late(number: int) -> None:
        if number == 20:
            raise error("down")

    with pytest.raises(error):
        probe_conditions(Flawed(fail_late), SCRATCH, nonce)


def test_creates_that_were_never_answered_nor_applied_are_no_verdict(nonce: Callable[[], str]) -> None:
    def never(_: int) -> None:
        raise OutcomeUnknownError("cut off")

    with pytest.raises(UnavailableError):
        probe_conditions(Flawed(never), SCRATCH, nonce)


def test_a_store_that_refuses_every_create_is_not_trusted(nonce: Callable[[], str]) -> None:
    def refuse(_: int) -> None:
        raise AlreadyExistsError("412")

    assert probe_conditions(Flawed(refuse), SCRATCH, nonce).verdict is ClaimMode.RACY


@pytest.mark.parametrize(
    ("rounds", "verdict"),
    [
        ([Round(1, True)], ClaimMode.CONDITIONAL),
        ([Round(1, True)] * 5, ClaimMode.CONDITIONAL),
        ([Round(1, True), Round(2, True), Round(1, True)], ClaimMode.RACY),
        ([Round(1, True), Round(0, True)], ClaimMode.RACY),
        ([Round(1, True), Round(1, False)], ClaimMode.IGNORED),
        ([Round(16, False)], ClaimMode.IGNORED),
    ],
)
def test_the_worst_round_decides(rounds: list[Round], verdict: ClaimMode) -> None:
    assert judge(rounds).verdict is verdict


def test_nothing_is_concluded_from_no_rounds() -> None:
    with pytest.raises(ValueError, match="no rounds"):
        judge([])


def test_conditional_deletes_are_trusted_only_where_they_are_honoured(
    request: pytest.FixtureRequest, store: Store, nonce: Callable[[], str]
) -> None:
    """Ceph 16.2, and the memory store as it comes, remove whatever stands there."""
    honoured = {"folder": True, "moto": True, "ceph": False, "memory": False}
    assert probe_delete_condition(store, SCRATCH, nonce) is honoured[request.node.callspec.params["store"]]
    assert list(store.list("")) == []


@pytest.mark.parametrize("versioned", [False, True])
def test_a_store_that_honours_conditional_deletes_is_trusted(versioned: bool, nonce: Callable[[], str]) -> None:
    store = MemoryStore(honours_delete_conditions=True, versioned=versioned)
    assert probe_delete_condition(store, SCRATCH, nonce)


def test_a_conditional_delete_that_never_removes_is_not_trusted(nonce: Callable[[], str]) -> None:
    class Stubborn(MemoryStore):
        def delete_matching(self, key: str, etag: str) -> None:
            raise AlreadyExistsError("412")

    assert not probe_delete_condition(Stubborn(), SCRATCH, nonce)


class LateCopies(MemoryStore):
    """A store behind a bad network: of every put that is repeated on the way, a copy arrives once the object was deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.puts: dict[str, bytes | Path] = {}

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        self.puts[key] = body
        return super().put(key, body, content_type)

    def delete(self, key: str) -> None:
        super().delete(key)
        if key in self.puts:
            super().put(key, self.puts.pop(key), "")

    def delete_matching(self, key: str, etag: str) -> None:
        self.delete(key)


def test_late_copies_of_its_own_requests_do_not_mislead_it(nonce: Callable[[], str]) -> None:
    assert probe_listing(LateCopies(), SCRATCH, nonce)
    assert not probe_delete_condition(LateCopies(), SCRATCH, nonce)


@pytest.mark.parametrize("probe", [probe_listing, probe_delete_condition])
def test_a_create_without_an_answer_is_no_verdict_on_listings_nor_on_deletes(
    probe: Callable[[Store, str, Callable[[], str]], bool], nonce: Callable[[], str]
) -> None:
    def never(_: int) -> None:
        raise OutcomeUnknownError("cut off")

    with pytest.raises(UnavailableError):
        probe(Flawed(never, after=True), SCRATCH, nonce)


def test_a_store_without_conditional_requests_is_probed_all_the_same(nonce: Callable[[], str]) -> None:
    def unsupported(_: int) -> None:
        raise ConditionUnsupportedError("501")

    assert probe_listing(Flawed(unsupported), SCRATCH, nonce)
    assert not probe_delete_condition(Flawed(unsupported), SCRATCH, nonce)


def test_a_racer_without_an_answer_is_judged_when_the_others_have_run(nonce: Callable[[], str]) -> None:
    looked = threading.Event()

    class Looking(Flawed):
        def get(self, key: str) -> tuple[ObjectInfo, bytes]:
            looked.set()
            return super().get(key)

    def first_fails_at_once(number: int) -> None:
        if number == 0:
            raise OutcomeUnknownError("503 SlowDown")
        looked.wait(0.2)  # where it is read back before they have run, nothing stands there

    assert probe_conditions(Looking(first_fails_at_once), SCRATCH, nonce, racers=4, rounds=1).verdict is ClaimMode.CONDITIONAL
