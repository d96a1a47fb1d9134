"""What lies in the inbox, dealt a window at a time: early, in an order that replicas do not share, and with no key left waiting for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice

from watcher.domain.document import Document, Layout
from watcher.storage.port import ObjectInfo, Store

WINDOW = 1000
"""Objects of one window: what S3 lists in one request."""
NEIGHBOURS = 50
"""A document may be dealt before about so many older ones: replicas that see the same window seldom reach for the same document."""


@dataclass(frozen=True)
class Dealt:
    """A document of the inbox, and when the request that listed it was sent."""

    document: Document
    listed_at: float


class Inbox:
    """`jitter` gives numbers in [0, 1); `ignore` are patterns for each part of a path below the inbox."""

    def __init__(
        self,
        store: Store,
        layout: Layout,
        ignore: tuple[str, ...],
        monotonic: Callable[[], float],
        jitter: Callable[[], float],
        stale_seconds: float,
    ) -> None:
        self._store = store
        self._layout = layout
        self._ignore = ignore
        self._monotonic = monotonic
        self._jitter = jitter
        self.stale_seconds = stale_seconds
        self._cursor = ""
        self.waiting = 0
        """Listed documents of the present window that were not dealt yet."""

    def deal(self) -> Iterator[Dealt]:
        """One round over the inbox, from where the last round was left to the end and from the start up to there.

        A window that was not dealt within `stale_seconds` is listed again, since other replicas have been at it.
        """
        start = self._cursor
        yield from self._deal_until(None)
        self._cursor = ""
        if start:
            yield from self._deal_until(start)
            self._cursor = ""

    def _deal_until(self, end: str | None) -> Iterator[Dealt]:
        dealt: set[str] = set()
        while True:
            listed_at = self._monotonic()
            listing = self._store.list(self._layout.incoming, after=self._cursor)
            while window := list(islice(listing, WINDOW)):
                documents = [info for info in self._ordered(window) if info.key not in dealt]
                self.waiting = len(documents)
                for info in documents:
                    if self._monotonic() - listed_at > self.stale_seconds:
                        break
                    dealt.add(info.key)
                    self.waiting -= 1
                    yield Dealt(self._layout.document(info.key, info.etag, info.size, info.modified), listed_at)
                else:
                    dealt.clear()
                    self._cursor = window[-1].key
                    if end is not None and self._cursor >= end:
                        return
                    listed_at = self._monotonic()
                    continue
                break
            else:
                return

    def _ordered(self, window: list[ObjectInfo]) -> list[ObjectInfo]:
        """Oldest first, give or take."""
        documents = sorted(
            (info for info in window if is_document(info, self._layout.incoming, self._ignore)), key=lambda info: info.modified
        )
        ranks = {info.key: rank + self._jitter() * NEIGHBOURS for rank, info in enumerate(documents)}
        return sorted(documents, key=lambda info: ranks[info.key])


def is_document(info: ObjectInfo, incoming: str, ignore: tuple[str, ...]) -> bool:
    """Not a folder's placeholder, and no part of its path matches an ignored pattern."""
    relative = info.key.removeprefix(incoming)
    if not relative or relative.endswith("/"):
        return False
    return not any(fnmatchcase(part, pattern) for part in relative.split("/") for pattern in ignore)
