"""Two witnesses that do not trust the daemon: what the server answered on the wire, and what its listings showed over time."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chaos.person import INBOX
from servers.proxy import Exchange

from watcher.storage.port import Store

_RESULT = re.compile(r"processed/.+/[0-9a-f]{12}/.+")
_CHECKPOINT = re.compile(r"processed/.+/[0-9a-f]{12}/pages/\d{4}\.json")
_PICTURE = re.compile(r"processed/.+/[0-9a-f]{12}/pages/\d{4}\.jpg")
_CLAIM = re.compile(r"claims/(.+)/[0-9a-f]{12}/\d{6}(-[0-9a-f]+)?")


@dataclass(frozen=True)
class Repeats:
    """How often something was done, and how often of these it had been done before."""

    times: int
    again: int


@dataclass
class Wire:
    """Everything that went through the proxies. Any thread may call it."""

    exchanges: list[Exchange] = field(default_factory=list)
    _claimed: deque[str] = field(default_factory=lambda: deque(maxlen=16))

    def note(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if exchange.method == "PUT" and exchange.status == 200 and (claim := _CLAIM.fullmatch(exchange.key)):
            self._claimed.append(INBOX + claim[1])

    def in_progress(self) -> Sequence[str]:
        """Keys whose claim log grew lately."""
        return list(self._claimed)

    def written_twice(self) -> list[str]:
        """Results that the server says it stored more than once."""
        written = Counter(one.key for one in self.exchanges if one.method == "PUT" and one.status == 200 and _RESULT.fullmatch(one.key))
        return sorted(key for key, times in written.items() if times > 1)

    def removed(self) -> list[str]:
        """Results that somebody asked to delete."""
        return sorted({one.key for one in self.exchanges if one.method == "DELETE" and _RESULT.fullmatch(one.key)})

    def pages_begun(self) -> Repeats:
        """Pages whose picture a replica tried to write, which is when they go to the engine."""
        return self._repeats(_PICTURE)

    def pages_read(self) -> Repeats:
        """Pages whose checkpoint a replica tried to write."""
        return self._repeats(_CHECKPOINT)

    def _repeats(self, pattern: re.Pattern[str]) -> Repeats:
        sent = Counter(one.key for one in self.exchanges if one.method == "PUT" and pattern.fullmatch(one.key))
        return Repeats(sent.total(), sent.total() - len(sent))

    def removals_around(self, key: str, began: float, ended: float) -> list[Exchange]:
        """Removals of a source that may have hit what was stored under its key in that time, though the look before them may have shown another version."""
        looks: dict[str, Exchange] = {}
        hits = []
        for one in sorted((one for one in self.exchanges if one.key == key), key=lambda one: one.sent_at):
            if one.method == "HEAD":
                looks[one.proxy] = one
            look = looks.get(one.proxy)
            if one.method == "DELETE" and one.status is not None and look and look.sent_at <= ended and one.answered_at >= began:
                hits.append(one)
        return hits


@dataclass
class Listings:
    """What listings showed of the results, from the moment each first stood there."""

    store: Store
    first: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)

    def look(self) -> None:
        standing = {info.key: (info.etag, info.modified) for info in self.store.list("processed/") if _RESULT.fullmatch(info.key)}
        self.changed += [key for key, seen in self.first.items() if standing.get(key) != seen]
        self.first |= standing

    def keep_looking(self, every_seconds: float, stop: threading.Event) -> None:
        while not stop.wait(every_seconds):
            self.look()
