"""What lies in the inbox, dealt a window at a time: before the listing ends, oldest first, and with no key left waiting for ever.

Replicas share nothing, so each begins with the oldest. One that finds others there first moves to another place of the window, and then on to
another window: soon each has a stretch of its own. It goes on to newer documents, since those that are older than one that is taken probably are, too.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from fnmatch import translate
from functools import lru_cache
from itertools import islice

from watcher.domain.doctor import SCRATCH_NAME
from watcher.domain.document import Document, Layout
from watcher.storage.port import ObjectInfo, Store

WINDOW = 1000
"""Objects of one window: what S3 lists in one request."""
MOST_TOLD = 10_000
"""Ignored keys that a replica names in its log; of more it does not speak."""
ALONE = 24
"""After so many documents in a row that nobody contested, a replica that has met others believes that it is alone here."""
CERTAIN = 64
"""After so many it is certain."""
CROWDED = 6
"""So many times sooner a window is listed again while others are about."""
FARTHEST = 64
"""Windows to pass by at most, where one after the other was left to others."""
MOST_IN_VAIN = 8
"""After so many documents in a row at which others were first, a round ends: what is left is probably all in work. After half as many the next
round in which that happens, until a document is ours."""


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
        self.wary = True
        """Others are about, or may be: the last document that was tried was theirs, or none was tried yet."""
        self._contentions = 0
        self._in_vain = 0
        self._bold = MOST_IN_VAIN
        self._alone = ALONE - 1  # documents in a row that nobody contested: at the start one is enough
        self._stride = 1
        self._skip = 0  # windows to be left to others
        self._elsewhere = False  # whether to go on at another place than the one where we are
        self._place = datetime.min.replace(tzinfo=timezone.utc), ""

    def deal(self) -> Iterator[Dealt]:
        """One round over the inbox, from where the last round was left to the end and from the start up to there.

        A window that was not dealt within `stale_seconds` is listed again.
        """
        self.abandoned = False
        start = self._cursor
        if not (yield from self._deal_until(None)):
            return
        self._cursor = ""
        if start and (yield from self._deal_until(start)):
            self._cursor = ""

    def contended(self) -> None:
        """Another replica was at a dealt document first: what lies next to it is probably taken too. Any thread may call it."""
        self._contentions += 1
        self._in_vain += 1
        self._alone = 0
        self.wary = True

    def claimed(self) -> None:
        """A dealt document is ours. Any thread may call it."""
        self._in_vain = 0
        self._bold = min(2 * self._bold, MOST_IN_VAIN)
        self._alone += 1
        self.wary = self._alone < ALONE

    @property
    def certain(self) -> bool:
        """Nobody else is about: documents need not be tried one after the other."""
        return self._alone >= CERTAIN

    def _deal_until(self, end: str | None) -> Generator[Dealt, None, bool]:
        """False where the round ends early."""
        dealt: set[str] = set()
        windows = 0
        while True:
            listing = self._store.list(self._layout.incoming, after=self._cursor)
            while True:
                listed_at = self._monotonic()
                window = list(islice(listing, WINDOW))
                if not window:
                    self._skip = min(self._skip, int(self._jitter() * windows))
                    return True
                if self._skip:
                    self._skip -= 1
                elif not (yield from self._deal_window(window, listed_at, dealt)):
                    break
                windows += 1
                dealt.clear()
                self._cursor = window[-1].key
                if end is not None and self._cursor >= end:
                    return True
            if self._in_vain >= self._bold:
                self._in_vain, self._bold = 0, max(1, self._bold // 2)
                self.abandoned = False
                return False

    def _deal_window(self, window: list[ObjectInfo], listed_at: float, dealt: set[str]) -> Generator[Dealt, None, bool]:
        """Oldest first from the place where we are. False where the window is to be listed again: it grew stale, or others have been at it."""
        line = deque(sorted((info for info in self._documents(window) if info.key not in dealt), key=_age))
        older = sum(_age(info) <= self._place for info in line) if dealt else 0
        self._go_on(line, older)
        listed = len(line)
        while line:
            if self._elsewhere:
                if self._in_vain >= self._bold:
                    return False
                if len(window) == WINDOW:
                    return self._abandon()
                self._go_on(line, 0)
            stale = self._monotonic() - listed_at > self.stale_seconds / (CROWDED if self.wary else 1)
            if stale and len(line) < listed:  # one at least is dealt, however slowly the store lists
                return False
            info = line.popleft()
            self.waiting = len(line)
            dealt.add(info.key)
            self._place = _age(info)
            seen = self._contentions
            yield Dealt(self._layout.document(info.key, info.etag, info.size, info.modified), listed_at)
            self._elsewhere = self._contentions > seen
        self._stride = max(1, self._stride // 2)
        return True

    def _go_on(self, line: deque[ObjectInfo], older: int) -> None:
        """Behind the `older` ones, or, where others are there, somewhere among the newer ones."""
        line.rotate(-older - int(self._jitter() * (len(line) - older)) if self._elsewhere else -older)
        self._elsewhere = False

    def _abandon(self) -> bool:
        """The window is left to others, and the more windows in a row were, the farther we go."""
        self.abandoned = True
        self._stride = min(2 * self._stride, FARTHEST)
        self._skip = int(self._jitter() * self._stride)
        return True

    def _documents(self, window: list[ObjectInfo]) -> list[ObjectInfo]:
        """Tells of those that are ignored."""
        documents = []
        for info in window:
            if is_document(info.key, self._layout.incoming, self._ignore):
                documents.append(info)
            elif not info.key.endswith("/"):
                self._tell_of_ignored(info.key)
        return documents

    def _tell_of_ignored(self, key: str) -> None:
        of_a_moment = key.startswith(self._layout.incoming + SCRATCH_NAME)  # nobody dropped it
        if not of_a_moment and key not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(key)
            self._passed_over(key, "its name matches a pattern of watch.ignore")


def _age(info: ObjectInfo) -> tuple[datetime, str]:
    """Orders the oldest first; those of the same moment, as stores that tell seconds only have many, by their keys."""
    return info.modified, info.key


def is_document(key: str, incoming: str, ignore: tuple[str, ...]) -> bool:
    """Neither a folder's placeholder nor scratch of `watcher doctor`, and no part of its path matches an ignored pattern."""
    relative = key.removeprefix(incoming)
    if not relative or relative.endswith("/") or relative.startswith(SCRATCH_NAME):
        return False
    ignored = _ignored(ignore)
    return not any(ignored(part) for part in relative.split("/"))


@lru_cache(maxsize=16)
def _ignored(patterns: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    """All of them at once: a backlog has a million names to look at."""
    return re.compile("|".join(map(translate, patterns)) or "(?!)").match
