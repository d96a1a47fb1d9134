"""Appending to a claim log: what it answers, and the way it takes on a store that keeps racing creates apart."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from watcher.domain.claim import Entry
from watcher.lease.names import EntryName
from watcher.storage.port import AlreadyExistsError, NotFoundError, OutcomeUnknownError, Store

JSON = "application/json"
_CREATES_BEFORE_UNKNOWN = 2


class Append(Enum):
    WON = "won"
    LOST = "lost"
    UNKNOWN = "unknown"  # no usable answer, and nothing to read back: counts as not held


class Appender(Protocol):
    """A way to append to the log `prefix`, and to see that an entry of ours was lost.

    Every method raises `UnavailableError` or `RefusedError` where the store does not answer; an append then counts as not won.
    """

    def append(self, store: Store, prefix: str, number: int, entry: Entry, known: frozenset[EntryName] | None) -> Append:
        """The only claim primitive: of all that append the same number, at most one is told that it won.

        `known` are the entries of the number before on which the decision to append rests; None where that number is the appender's own.
        """
        ...

    def overtaken(self, store: Store, prefix: str, number: int) -> bool:
        """Whether another appended to the log after our entry `number`."""
        ...

    def replaced(self, store: Store, prefix: str, number: int, entry: Entry) -> bool:
        """Whether another's entry stands where the store said that ours was created: it does not keep creates apart."""
        ...


class Creates:
    """By one create of the bare number, and where the answer is not a plain yes, by reading back whose it is.

    `known` need not be looked at: a number that was taken stays taken.
    """

    def append(self, store: Store, prefix: str, number: int, entry: Entry, known: frozenset[EntryName] | None) -> Append:
        key = prefix + str(EntryName(number))
        for _ in range(_CREATES_BEFORE_UNKNOWN):
            try:
                store.create(key, entry.model_dump_json().encode(), JSON)
            except (AlreadyExistsError, OutcomeUnknownError):
                try:
                    standing = _read(store, key)
                except NotFoundError:
                    continue
                return Append.WON if standing.nonce == entry.nonce else Append.LOST
            return Append.WON
        return Append.UNKNOWN

    def overtaken(self, store: Store, prefix: str, number: int) -> bool:
        try:
            store.head(prefix + str(EntryName(number + 1)))
        except NotFoundError:
            return False
        return True

    def replaced(self, store: Store, prefix: str, number: int, entry: Entry) -> bool:
        try:
            return _read(store, prefix + str(EntryName(number))).nonce != entry.nonce
        except NotFoundError:
            return False


def _read(store: Store, key: str) -> Entry:
    return Entry.model_validate_json(store.get(key)[1])
