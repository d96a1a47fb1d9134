"""What lies in the inbox, dealt a window at a time: before the listing ends, oldest first, and with no key left waiting for ever.

Replicas share nothing, so each begins with the oldest. One that finds others there first moves to another place of the window, and then on to
another window: soon each has a stretch of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from itertools import islice

from watcher.domain.doctor import SCRATCH_NAME
from watcher.domain.document import Document, Layout
from watcher.storage.port import ObjectInfo, Store

WINDOW = 1000
"""Objects of one window: what S3 lists in one request."""
MOST_TOLD = 10_000
"""Ignored keys that a replica names in its log; of more it does not speak."""
PATIENCE = 3
"""After so many documents of a window at which others were first, it is left to them, and the next window begun."""


@dataclass(frozen=True)
class Dealt:
    """A document of the inbox, and when the request that listed it was sent."""

    document: Document
    listed_at: float


class Inbox:
    """`jitter` gives numbers in [0, 1); `ignore` are patterns for each part of a path below the inbox.

    `passed_over` is told once of each key that matches one, and why.
    """

    def __init__(
        self,
        store: Store,
        layout: Layout,
        ignore: tuple[str, ...],
        monotonic: Callable[[], float],
        jitter: Callable[[], float],
        stale_seconds: float,
        passed_over: Callable[[str, str], None] = lambda key, reason: None,
    ) -> None:
        self._store = store
        self._layout = layout
        self._ignore = ignore
        self._monotonic = monotonic
        self._jitter = jitter
        self.stale_seconds = stale_seconds
        self._passed_over = passed_over
        self._told: set[str] = set()
        self.waiting = 0
        """Listed documents of the present window that were not dealt yet."""
        self.abandoned = False
        """Whether the last round left a window to others, so that another round at once may find more."""
        self._cursor = ""
        self._contentions = 0
        self._patience = PATIENCE
        self._elsewhere = False  # whether to go on at another place than the one where we are
        self._place = datetime.min.replace(tzinfo=timezone.utc)

    def deal(self) -> Iterator[Dealt]:
        """One round over the inbox, from where the last round was left to the end and from the start up to there.

        A window that was not dealt within `stale_seconds` is listed again.
        """
        self.abandoned = False
        start = self._cursor
        yield from self._deal_until(None)
        self._cursor = ""
        if start:
            yield from self._deal_until(start)
            self._cursor = ""

    def contended(self) -> None:
        """Another replica was at a dealt document first: what lies next to it is probably taken too. Any thread may call it."""
        self._contentions += 1

    def _deal_until(self, end: str | None) -> Iterator[Dealt]:
        dealt: set[str] = set()
        while True:
            listing = self._store.list(self._layout.incoming, after=self._cursor)
            while True:
                listed_at = self._monotonic()
                window = list(islice(listing, WINDOW))
                if not window:
                    return
                if not (yield from self._deal_window(window, listed_at, dealt)):
                    break
                dealt.clear()
                self._cursor = window[-1].key
                if end is not None and self._cursor >= end:
                    return

    def _deal_window(self, window: list[ObjectInfo], listed_at: float, dealt: set[str]) -> Generator[Dealt, None, bool]:
        """Oldest first from the place where we are. False where the window is to be listed again: it grew stale, or others have been at it."""
        self._tell_of_ignored(window)
        documents = [info for info in window if is_document(info.key, self._layout.incoming, self._ignore) and info.key not in dealt]
        line = deque(sorted(documents, key=lambda info: info.modified))
        if not dealt:
            self._patience = PATIENCE
        if self._elsewhere:
            line.rotate(-int(self._jitter() * len(line)))
        else:
            line.rotate(-sum(info.modified <= self._place for info in line) if dealt else 0)
        seen = self._contentions
        while line:
            self._elsewhere = self._contentions > seen
            if self._elsewhere:
                self._patience -= 1
                self.abandoned = self._patience < 0
                return self.abandoned
            if self._monotonic() - listed_at > self.stale_seconds:
                return False
            info = line.popleft()
            self.waiting = len(line)
            dealt.add(info.key)
            self._place = info.modified
            yield Dealt(self._layout.document(info.key, info.etag, info.size, info.modified), listed_at)
        return True

    def _tell_of_ignored(self, window: list[ObjectInfo]) -> None:
        for info in window:
            ignored = not info.key.endswith("/") and not is_document(info.key, self._layout.incoming, self._ignore)
            ignored = ignored and not info.key.startswith(self._layout.incoming + SCRATCH_NAME)  # of a moment: nobody dropped it
            if ignored and info.key not in self._told and len(self._told) < MOST_TOLD:
                self._told.add(info.key)
                self._passed_over(info.key, "its name matches a pattern of watch.ignore")


def is_document(key: str, incoming: str, ignore: tuple[str, ...]) -> bool:
    """Neither a folder's placeholder nor scratch of `watcher doctor`, and no part of its path matches an ignored pattern."""
    relative = key.removeprefix(incoming)
    if not relative or relative.endswith("/") or relative.startswith(SCRATCH_NAME):
        return False
    return not any(fnmatchcase(part, pattern) for part in relative.split("/") for pattern in ignore)
