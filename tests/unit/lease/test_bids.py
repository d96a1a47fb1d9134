"""Appending by bids: every order of a few bidders' requests, with crashes, lost answers and late requests; and that the search has teeth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from doubles.interleaving import NOW, SOURCE, Answer, Bid, Bidder, End, S, Search
from doubles.stores import HookedStore, once

from watcher.domain.claim import Entry, Phase
from watcher.lease import bids
from watcher.lease.appending import Append
from watcher.lease.bids import Bids, Chance, chance
from watcher.lease.names import EntryName
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import OutcomeUnknownError, StoreError, UnavailableError

HELD_BY_H = frozenset({EntryName(1, "h")})
DEAD = EntryName(1, "x")

Scenario = tuple[frozenset[str], tuple[Bidder, ...]]
SCENARIOS: dict[str, Scenario] = {
    "two for the first entry": (frozenset(), (Bidder(Bid(1, "a")), Bidder(Bid(1, "b")))),
    "three for the first entry": (frozenset(), tuple(Bidder(Bid(1, nonce)) for nonce in "abc")),
    "one beside a crashed bidder's": (frozenset({"000002-a"}), (Bidder(Bid(2, "b")), Bidder(Bid(2, "c")))),
    "a holder and one that takes over": (frozenset({"000001-h"}), (Bidder(Bid(2, "b", None)), Bidder(Bid(2, "a", HELD_BY_H)))),
    "a holder and two that take over": (
        frozenset({"000001-h"}),
        (Bidder(Bid(2, "b", None)), Bidder(Bid(2, "a", HELD_BY_H)), Bidder(Bid(2, "c", HELD_BY_H))),
    ),
    "an entry created before the change to bids": (
        frozenset({"000001"}),
        (Bidder(Bid(1, "a")), Bidder(Bid(2, "b", frozenset({EntryName(1)}))), Bidder(Bid(2, "c", frozenset({EntryName(1)})))),
    ),
    # x bid, saw a lower bid that has gone since, and froze before it could withdraw; c waited x out and bids above, a finds the log empty
    "one that withdraws after it was waited out": (
        frozenset({"000001-x"}),
        (
            Bidder(Bid(1, "x"), (frozenset(), Answer.DONE, frozenset({"000001-w", "000001-x"}))),
            Bidder(Bid(1, "a")),
            Bidder(Bid(2, "c", frozenset({DEAD}))),
        ),
    ),
}
FAULTS = {2: 4, 3: 2}
"""How many faults a history may have, by the number of its bidders."""
ONE_MORE_LOOK = 0.05
TWO_MORE_LOOKS = 0.1


def no_pause(seconds: float) -> None:
    pass


def search(scenario: Scenario, appender: Bids, conditions: Conditions = Conditions.IGNORED, faults: int | None = None) -> Search:
    names, bidders = scenario
    found = Search(appender, conditions, FAULTS[len(bidders)] if faults is None else faults)
    found.run(names, *bidders)
    return found


@pytest.mark.parametrize(
    ("name", "conditions"),
    [(name, Conditions.IGNORED) for name in SCENARIOS]
    + [(name, Conditions.SEQUENTIAL) for name in SCENARIOS if len(SCENARIOS[name][1]) == 2],
)
def test_no_order_of_requests_lets_two_win_or_blocks_the_log(name: str, conditions: Conditions) -> None:
    scenario = SCENARIOS[name]
    patience = TWO_MORE_LOOKS if len(scenario[1]) == 2 else ONE_MORE_LOOK
    found = search(scenario, Bids(no_pause, patience), conditions)
    assert found.states > 1000
    assert any(End.CRASHED in ends for ends in found.ends)


@pytest.mark.parametrize("name", ["two for the first entry", "three for the first entry", "a holder and two that take over"])
def test_every_bidder_wins_in_some_order(name: str) -> None:
    found = search(SCENARIOS[name], Bids(no_pause, TWO_MORE_LOOKS), faults=0)
    bidders = len(SCENARIOS[name][1])
    assert {ends.index(End.WON) for ends in found.ends if End.WON in ends} == set(range(bidders))


def without_a_look(standing, bid, known):
    return Chance.WON


def lowest_at_once(standing, bid, known):
    return Chance.WON if chance(standing, bid, known) is Chance.OPEN else chance(standing, bid, known)


def whatever_is_above(standing, bid, known):
    return chance([entry for entry in standing if entry.number <= bid.number], bid, known)


def whatever_came_before(standing, bid, known):
    return chance(standing, bid, None)


@pytest.mark.parametrize(
    ("mistake", "name", "found"),
    [
        (without_a_look, "two for the first entry", "two winners of 1"),
        (lowest_at_once, "two for the first entry", "two winners of 1"),
        (whatever_is_above, "one that withdraws after it was waited out", "without knowing the winner before"),
        (whatever_came_before, "one that withdraws after it was waited out", "without knowing the winner before"),
    ],
)
def test_a_looser_rule_is_found_out(monkeypatch: pytest.MonkeyPatch, mistake: Callable[..., Chance], name: str, found: str) -> None:
    monkeypatch.setattr(bids, "chance", mistake)
    with pytest.raises(AssertionError, match=found):
        search(SCENARIOS[name], Bids(no_pause, ONE_MORE_LOOK), faults=0)


class BidsAgain(Bids):
    """Mistake: uses the nonce of an unanswered bid again."""

    def append(self, store, prefix, number, entry, known):
        try:
            return super().append(store, prefix, number, entry, known)
        except StoreError:
            return super().append(store, prefix, number, entry, known)


@dataclass(frozen=True)
class ClearsAway(Bids):
    """Mistake: removes the bids of others that stand in its way."""

    def append(self, store, prefix, number, entry, known):
        for info in list(store.list(prefix)):
            if info.key.startswith(f"{prefix}{number:06d}-"):
                store.delete(info.key)
        return super().append(store, prefix, number, entry, known)


@dataclass(frozen=True)
class TakesBack(Bids):
    """Mistake: withdraws a bid that has won, as if its claim had come too late."""

    def append(self, store, prefix, number, entry, known):
        if super().append(store, prefix, number, entry, known) is Append.WON:
            store.delete(prefix + str(EntryName(number, entry.nonce)))
            return Append.WON
        return Append.LOST


@pytest.mark.parametrize("mistake", [BidsAgain, ClearsAway, TakesBack])
def test_a_bid_that_is_removed_after_it_won_is_found_out(mistake: type[Bids]) -> None:
    with pytest.raises(AssertionError, match=r"two winners|is gone"):
        search(SCENARIOS["two for the first entry"], mistake(no_pause, ONE_MORE_LOOK), faults=3)


A, B, C = (EntryName(2, nonce) for nonce in "abc")
BEFORE = EntryName(1, "h")


@pytest.mark.parametrize(
    ("standing", "known", "expected"),
    [
        ([BEFORE, B], {BEFORE}, Chance.WON),
        ([BEFORE, B], None, Chance.WON),
        ([B], {BEFORE}, Chance.WON),
        ([BEFORE, A, B], {BEFORE}, Chance.LOST),
        ([BEFORE, B, C], {BEFORE}, Chance.OPEN),
        ([BEFORE, EntryName(2), B], {BEFORE}, Chance.LOST),
        ([BEFORE], {BEFORE}, Chance.LOST),
        ([], {BEFORE}, Chance.LOST),
        ([BEFORE, B, EntryName(3, "z")], {BEFORE}, Chance.LOST),
        ([BEFORE, EntryName(1, "late"), B], {BEFORE}, Chance.LOST),
        ([BEFORE, EntryName(1, "late"), B], None, Chance.WON),
    ],
)
def test_what_one_listing_means(standing: list[EntryName], known: set[EntryName] | None, expected: Chance) -> None:
    assert chance(standing, B, None if known is None else frozenset(known)) is expected


@pytest.fixture
def store() -> HookedStore:
    return HookedStore(MemoryStore(conditions=Conditions.IGNORED))


def append(store: HookedStore, nonce: str, number: int = 1, appender: Bids | None = None) -> Append:
    entry = Entry(phase=Phase.HELD, nonce=nonce, owner=nonce, source=SOURCE, at=NOW, attempts=1, lease_seconds=60)
    return (appender or Bids(no_pause)).append(store, S, number, entry, frozenset())


def names(store: HookedStore) -> list[str]:
    return [info.key.removeprefix(S) for info in store.inner.list(S)]


def test_a_first_bid_in_vain_does_not_touch_the_log(store: HookedStore) -> None:
    assert append(store, "one") is Append.WON
    assert append(store, "another") is Append.LOST
    assert [verb for verb, _ in store.requests] == ["list", "put", "list", "list"]
    assert names(store) == ["000001-one"]


def test_the_lowest_waits_for_the_others_to_withdraw(store: HookedStore) -> None:
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            store.inner.delete(f"{S}000001-z")

    store.before.append(lambda verb, key: store.inner.put(f"{S}000001-z", b"{}", "") if verb == "put" else None)
    assert append(store, "a", appender=Bids(pause)) is Append.WON
    assert pauses == [0.05, 0.1, 0.2]


def test_patience_ends_long_before_the_claim_would_be_void(store: HookedStore) -> None:
    pauses: list[float] = []
    store.before.append(lambda verb, key: store.inner.put(f"{S}000001-z", b"{}", "") if verb == "put" else None)
    assert append(store, "a", appender=Bids(pauses.append, patience_seconds=1000)) is Append.LOST
    assert sum(pauses) == pytest.approx(60 * bids.LEASE_SHARE)
    assert names(store) == ["000001-z"]


@pytest.mark.parametrize(("verb", "error"), [("put", UnavailableError), ("list", UnavailableError)])
def test_a_bid_that_is_not_answered_is_given_up(store: HookedStore, verb: str, error: type[StoreError]) -> None:
    if verb == "put":
        store.after.append(once("put", S, error("no answer")))
    else:
        store.after.append(lambda asked, _: store.before.append(once("list", S, error("no answer"))) if asked == "put" else None)
    with pytest.raises(error):
        append(store, "a")
    assert names(store) == []


def test_a_bid_that_cannot_be_withdrawn_is_waited_out_by_others(store: HookedStore) -> None:
    store.after.append(once("put", S, UnavailableError("no answer")))
    store.before.append(once("delete", S, OutcomeUnknownError("no answer")))
    with pytest.raises(UnavailableError):
        append(store, "dead")
    assert names(store) == ["000001-dead"]
    assert append(store, "b") is Append.LOST
    entry = Entry(phase=Phase.HELD, nonce="b", owner="b", source=SOURCE, at=NOW, attempts=2, lease_seconds=60)
    assert Bids(no_pause).append(store, S, 2, entry, frozenset({EntryName(1, "dead")})) is Append.WON
