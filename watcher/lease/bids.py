"""Appending by bids, on a store that lets several racing creates win.

To append entry n is to bid for it: PUT S/n-<nonce>, then LIST S. The bid wins if that listing shows it, shows no other bid for n, nothing
above n, and at n-1 nothing that the decision to append did not know. A bid that may not win is withdrawn, by its owner alone; the lowest of
several first looks again for a while, since the others withdraw. A bid that won is never withdrawn, and one whose PUT was not answered is
given up at once: its nonce is never used again, and should it arrive later it stands there as that of a crashed bidder does.

What the store must give: a PUT or DELETE takes effect at one moment, for every reader and every listing alike, and one that was answered
has taken effect (strong read-after-write and list-after-write consistency). The probe looks for a store that does not.

Why no two win number n. Suppose A and B do. A's PUT was answered before A's listing was sent, and A's bid was never withdrawn, so every
listing sent after A's answer shows it; B's winning listing does not, so it was sent before A's PUT was answered. In the same way A's was sent
before B's PUT was answered. But each sends its listing after its own answer: A's answer is before A's listing, which is before B's answer,
before B's listing, before A's answer. Contradiction. Late requests cannot matter: a bid that arrives after its owner gave it up never wins,
and one that disappears never won.

Why a winner of n+1 knew the winner of n. Suppose C wins n+1, and A wins n though C's decision did not know A's bid. C's listing does not show
A's bid, so it was sent before A's PUT was answered, hence C's PUT was answered before A's listing was sent, which shows C's bid above n: A
does not win. So C waited out the lease of A's entry like that of any other.

Who removes the bid of a crashed bidder: nobody. It takes part in nothing but two ways: while it stands alone at the end of a log, it is
waited out like any held entry (unchanged for a lease on the observer's own monotonic clock), and then overtaken by n+1; beside a winner of
n, it makes n read as the most cautious of its entries (`watcher.domain.claim.standing`), so that a log may stay open for one lease more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from watcher.domain.claim import Entry
from watcher.lease.appending import JSON, Append
from watcher.lease.names import EntryName, entry_names
from watcher.storage.port import Store, StoreError

LEASE_SHARE = 1 / 6
"""The longest part of a lease that a bidder waits for others to withdraw: well within the two thirds after which its claim is void."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.8


class Chance(Enum):
    """What one listing means for a bid."""

    WON = "won"
    OPEN = "open"  # the lowest of several: the others withdraw
    LOST = "lost"


def chance(standing: Sequence[EntryName], bid: EntryName, known: frozenset[EntryName] | None) -> Chance:
    """`standing` are all entries of the log as one listing, sent after the bid was stored, shows them."""
    if bid not in standing or any(entry.number > bid.number for entry in standing):
        return Chance.LOST
    if known is not None and any(entry.number == bid.number - 1 and entry not in known for entry in standing):
        return Chance.LOST
    bids = [entry for entry in standing if entry.number == bid.number]
    if bids == [bid]:
        return Chance.WON
    return Chance.OPEN if bid == min(bids) else Chance.LOST


@dataclass(frozen=True)
class Bids:
    """`pause` sleeps for so many seconds; the lowest bidder waits `patience_seconds` in all, and no more than a part of its lease."""

    pause: Callable[[float], None]
    patience_seconds: float = 5.0

    def append(self, store: Store, prefix: str, number: int, entry: Entry, known: frozenset[EntryName] | None) -> Append:
        if number == 1 and _standing(store, prefix):
            return Append.LOST  # the first entry is bid for without a look at the log: a bid in vain would disturb those who watch it
        bid = EntryName(number, entry.nonce)
        try:
            store.put(prefix + str(bid), entry.model_dump_json().encode(), JSON)
            won = self._wins(store, prefix, bid, known, entry.lease_seconds)
        except StoreError:
            _withdraw(store, prefix, bid)
            raise
        if not won:
            _withdraw(store, prefix, bid)
        return Append.WON if won else Append.LOST

    def overtaken(self, store: Store, prefix: str, number: int) -> bool:
        return any(entry.number > number for entry in _standing(store, prefix))

    def replaced(self, store: Store, prefix: str, number: int, entry: Entry) -> bool:
        """Never: a bid's name is its own. An entry that was created before the change to bids is left to its lease."""
        return False

    def _wins(self, store: Store, prefix: str, bid: EntryName, known: frozenset[EntryName] | None, lease_seconds: float) -> bool:
        pauses = _pauses(min(self.patience_seconds, LEASE_SHARE * lease_seconds))
        while (seen := chance(_standing(store, prefix), bid, known)) is Chance.OPEN:
            pause = next(pauses, None)
            if pause is None:
                return False
            self.pause(pause)
        return seen is Chance.WON


def _pauses(seconds: float) -> Iterator[float]:
    pause = _FIRST_PAUSE
    while seconds > 0:
        yield min(pause, seconds)
        seconds -= pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def _standing(store: Store, prefix: str) -> tuple[EntryName, ...]:
    return entry_names(info.key.removeprefix(prefix) for info in store.list(prefix))


def _withdraw(store: Store, prefix: str, bid: EntryName) -> None:
    with suppress(StoreError):  # a bid that stays is one of a crashed bidder
        store.delete(prefix + str(bid))
