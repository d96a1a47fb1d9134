"""The append-only claim log of one document version: S/000001, 000002, ... created once, and S/<n>.beat."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from watcher.domain.claim import Beat, Entry
from watcher.storage.port import AlreadyExistsError, NotFoundError, OutcomeUnknownError, Store

_ENTRY = re.compile(r"\d{6}")
_CREATES_BEFORE_UNKNOWN = 2
JSON = "application/json"
CLOSED_HINT = "closed"
"""`S/closed`: the document is finished and stays in the inbox; one listing of all logs tells which ones."""


class Append(Enum):
    WON = "won"
    LOST = "lost"
    UNKNOWN = "unknown"  # no usable answer, and nothing to read back: counts as not held


@dataclass(frozen=True)
class Tail:
    """The end of a log as one listing shows it. Entries are never rewritten, so an entry's ETag stands for its nonce."""

    number: int
    entry_etag: str
    beat_etag: str | None


@dataclass(frozen=True)
class ClaimLog:
    """`prefix` is S, with its slash."""

    store: Store
    prefix: str

    def append(self, number: int, entry: Entry) -> Append:
        """The only claim primitive: creates entry `number`, and where the answer is not a plain yes, reads back whose it is.

        Raises `UnavailableError` or `RefusedError` where the store answers neither.
        """
        key = self._entry_key(number)
        body = entry.model_dump_json().encode()
        for _ in range(_CREATES_BEFORE_UNKNOWN):
            try:
                self.store.create(key, body, JSON)
            except (AlreadyExistsError, OutcomeUnknownError):
                try:
                    standing = self.read(number)
                except NotFoundError:
                    continue
                return Append.WON if standing.nonce == entry.nonce else Append.LOST
            return Append.WON
        return Append.UNKNOWN

    def read(self, number: int) -> Entry:
        """Raises `NotFoundError`."""
        return Entry.model_validate_json(self.store.get(self._entry_key(number))[1])

    def tail(self) -> Tail | None:
        """The last entry and its beat, by one listing; None for a log without entries."""
        etags = {info.key.removeprefix(self.prefix): info.etag for info in self.store.list(self.prefix)}
        entries = [name for name in etags if _ENTRY.fullmatch(name)]
        if not entries:
            return None
        last = max(entries)
        return Tail(int(last), etags[last], etags.get(f"{last}.beat"))

    def has(self, number: int) -> bool:
        try:
            self.store.head(self._entry_key(number))
        except NotFoundError:
            return False
        return True

    def beat(self, number: int, beat: Beat) -> None:
        """Rewrites the beat of an entry that is ours."""
        self.store.put(f"{self._entry_key(number)}.beat", beat.model_dump_json().encode(), JSON)

    def read_beat(self, number: int) -> Beat | None:
        try:
            return Beat.model_validate_json(self.store.get(f"{self._entry_key(number)}.beat")[1])
        except NotFoundError:
            return None

    def _entry_key(self, number: int) -> str:
        return f"{self.prefix}{number:06d}"
