"""How replicas come to agree on bids."""

from __future__ import annotations

from itertools import count

import pytest
from doubles.clocks import START, SetClock
from doubles.stores import HookedStore, once

from watcher.domain.claim import Outcome, Phase
from watcher.domain.manifest import Source
from watcher.domain.retry import RetryPolicy
from watcher.lease.acquire import Acquirer
from watcher.lease.appending import Append
from watcher.lease.bids import Bids
from watcher.lease.claim import Claim, Identity
from watcher.lease.log import ClaimLog
from watcher.lease.mode import AgreedAppender, Mode
from watcher.lease.names import EntryName
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import UnavailableError

S = "claims/a.pdf/0123456789ab/"
MARKER = "claims/.bids"
SOURCE = Source(key="incoming/a.pdf", etag="e", size=8, dropped_at=START)


class Replica:
    def __init__(self, name: str, store: HookedStore, mode: Mode = Mode.CONDITIONAL) -> None:
        numbers = count()
        self.reasons: list[str] = []
        self.time = SetClock()
        self.appender = AgreedAppender(store, MARKER, mode, Bids(lambda seconds: None), self.reasons.append)
        self.identity = Identity(name, 60, self.time.clock, lambda: f"{name}-{next(numbers)}")
        self.acquirer = Acquirer(store, self.identity, RetryPolicy(3, 30, 3600), keeps_source=False, appender=self.appender)

    def hold(self) -> Claim:
        claim = self.acquirer.acquire(S, SOURCE)
        assert isinstance(claim, Claim), claim
        return claim


@pytest.fixture
def store() -> HookedStore:
    return HookedStore(MemoryStore())


@pytest.fixture
def one(store: HookedStore) -> Replica:
    return Replica("one", store)


@pytest.fixture
def two(store: HookedStore) -> Replica:
    return Replica("two", store)


def replace_entry(store: HookedStore, replica: Replica) -> None:
    """What a store that lets several racing creates win does."""
    entry = replica.identity.entry(Phase.HELD, SOURCE, attempts=1)
    store.inner.put(f"{S}000001", entry.model_dump_json().encode(), "application/json")


def names(store: HookedStore) -> list[str]:
    return [info.key for info in store.inner.list("claims/")]


def test_conditions_that_hold_are_used(store: HookedStore, one: Replica, two: Replica) -> None:
    held = one.hold()
    assert held.renew()
    assert held.close(Outcome.DONE)
    one.appender.obey()
    assert (one.appender.mode, one.reasons) == (Mode.CONDITIONAL, [])
    assert names(store) == [f"{S}000001", f"{S}000001.beat", f"{S}000002"]


def test_a_replaced_entry_fences_its_owner_and_is_told_to_all(store: HookedStore, one: Replica, two: Replica) -> None:
    held = one.hold()
    replace_entry(store, two)
    assert not held.renew()
    assert held.fenced
    assert one.appender.mode is Mode.BIDS
    two.appender.obey()
    assert two.appender.mode is Mode.BIDS
    assert len(one.reasons) == len(two.reasons) == 1


def test_a_replaced_entry_is_noticed_at_the_end_where_no_beat_was_due(store: HookedStore, one: Replica, two: Replica) -> None:
    held = one.hold()
    replace_entry(store, two)
    ClaimLog(store, S).append(2, two.identity.entry(Phase.CLOSED, SOURCE, attempts=1, outcome=Outcome.DONE))
    assert not held.close(Outcome.DONE)
    assert (one.appender.mode, MARKER in names(store)) == (Mode.BIDS, True)


def test_an_end_that_another_forestalled_by_rights_changes_nothing(store: HookedStore, one: Replica, two: Replica) -> None:
    held = one.hold()
    ClaimLog(store, S).append(2, two.identity.entry(Phase.HELD, SOURCE, attempts=2))
    assert not held.close(Outcome.DONE)
    assert (one.appender.mode, MARKER in names(store)) == (Mode.CONDITIONAL, False)


def test_it_is_not_renewed_while_the_others_cannot_be_told(store: HookedStore, one: Replica, two: Replica) -> None:
    held = one.hold()
    replace_entry(store, two)
    store.before.append(once("put", MARKER, UnavailableError("down")))
    assert not held.renew()
    assert one.appender.mode is Mode.CONDITIONAL
    assert not held.renew()
    assert one.appender.mode is Mode.BIDS


def test_a_claim_held_at_the_change_ends_by_a_bid(store: HookedStore, one: Replica) -> None:
    held = one.hold()
    store.inner.put(MARKER, b"{}", "application/json")
    one.appender.obey()
    assert held.renew()
    assert held.close(Outcome.DONE)
    assert names(store) == [MARKER, f"{S}000001", f"{S}000001.beat", f"{S}000002-one-1"]


def test_after_the_change_an_entry_of_either_form_is_respected(store: HookedStore, one: Replica) -> None:
    one.hold()
    bidder = Replica("bidder", store, Mode.BIDS)
    assert not isinstance(bidder.acquirer.acquire(S, SOURCE), Claim)
    bidder.time.advance(60)
    assert bidder.hold().number == 2
    assert not isinstance(Replica("creator", store).acquirer.acquire(S, SOURCE), Claim)


def test_a_single_replica_goes_on_creating(store: HookedStore) -> None:
    alone = Replica("alone", store, Mode.SINGLE)
    store.inner.put(MARKER, b"{}", "application/json")
    alone.appender.obey()
    assert alone.hold().close(Outcome.DONE)
    assert (alone.appender.mode, alone.reasons) == (Mode.SINGLE, [])


def test_on_a_store_that_ignores_conditions_two_creators_notice_each_other() -> None:
    store = HookedStore(MemoryStore(conditions=Conditions.IGNORED))
    one, two = Replica("one", store), Replica("two", store)
    first, second = one.hold(), two.hold()
    assert not first.renew()
    assert second.renew()
    assert one.appender.mode is Mode.BIDS


def test_bids_are_appended_in_the_mode_of_bids(store: HookedStore) -> None:
    bidder = Replica("bidder", store, Mode.BIDS)
    entry = bidder.identity.entry(Phase.HELD, SOURCE, attempts=1)
    assert bidder.appender.append(store, S, 1, entry, frozenset()) is Append.WON
    assert names(store) == [S + str(EntryName(1, entry.nonce))]
