"""What stays behind in `claims/`: logs that a crash left open though their source has left the inbox, and logs that have long been closed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby

from watcher.domain.claim import Outcome, Phase
from watcher.domain.document import Document, Layout
from watcher.domain.manifest import Source
from watcher.lease.log import ClaimLog, UnreadableEntryError
from watcher.lease.names import EntryName, closed_name, last_entries, split_log_object
from watcher.storage.port import NotFoundError, Store
from watcher.storage.standing import stands


@dataclass(frozen=True)
class _Closed:
    """The end of a log that was seen closed."""

    entries: tuple[EntryName, ...]
    at: datetime
    source: Source
    outcome: Outcome | None
    generation: int


@dataclass
class Sweep:
    """Looks through all claim logs; a log that it once saw closed is not read again until it grows.

    `keep`: how long closed logs stay. `unreadable`: logs that no version like ours has written. Once `stopping` is set, whatever goes on ends early.
    """

    store: Store
    layout: Layout
    keep: timedelta = timedelta(days=30)
    stopping: threading.Event = field(default_factory=threading.Event)
    unreadable: set[str] = field(default_factory=set)
    _closed: dict[str, _Closed] = field(default_factory=dict)

    def settled(self) -> frozenset[str]:
        """Logs whose document is finished and stays in the inbox, as their hints say, by one listing; none that a crashed bidder left in doubt."""
        return frozenset(
            log for log, names in self._logs() if len(last := last_entries(names)) == 1 and closed_name(last[0].number) in names
        )

    def orphans(self) -> Iterator[Document]:
        """Documents whose log is open and whose source is gone or replaced."""
        for log, names in self._logs():
            entries = last_entries(names)
            seen = self._closed.get(log)
            if not entries or (seen is not None and seen.entries == entries):
                continue
            try:
                last = ClaimLog(self.store, log).read(entries)
            except NotFoundError:
                continue
            except UnreadableEntryError:
                self.unreadable.add(log)
                continue
            self.unreadable.discard(log)
            if last.phase is Phase.CLOSED:
                self._closed[log] = _Closed(entries, last.at, last.source, last.outcome, last.generation)
            elif not stands(self.store, last.source.key, last.source.etag):
                yield self.layout.document(last.source.key, last.source.etag, last.source.size, last.source.dropped_at)

    def prune(self, now: datetime) -> int:
        """Removes logs that were closed long before `now` and whose source is gone. Returns how many.

        Kept are those of documents that lie in `failed/`: their log tells whoever finishes them later that something is to be removed there; and
        those of documents that were taken away while they were read: it tells why pages stand without a manifest.

        By the wall clocks of whoever closed it and of ours: were they wrong, a document that is dropped again would be read again, no more.
        """
        pruned = 0
        for log, closed in list(self._closed.items()):
            if self.stopping.is_set():
                break
            if (
                now - closed.at >= self.keep
                and not stands(self.store, closed.source.key, closed.source.etag)
                and not self._is_told_of(closed)
            ):
                pruned += self._remove(log, closed.entries)
                del self._closed[log]
        return pruned

    def _remove(self, log: str, entries: tuple[EntryName, ...]) -> bool:
        """The entries that closed it last, so that at every moment the log is closed or gone. False where it has grown."""
        keys = [info.key for info in self.store.list(log) if (split := split_log_object(info.key)) and split[0] == log]
        if last_entries(key.removeprefix(log) for key in keys) != entries:
            return False
        last = [log + str(name) for name in entries]
        for key in [key for key in keys if key not in last] + last:
            self.store.delete(key)
        return True

    def _logs(self) -> Iterator[tuple[str, list[str]]]:
        found = (split for info in self.store.list(self.layout.claims) if (split := split_log_object(info.key)))
        for log, group in groupby(found, key=lambda split: split[0]):
            if self.stopping.is_set():
                return
            yield log, [name for _, name in group]

    def _is_told_of(self, closed: _Closed) -> bool:
        source = closed.source
        document = self.layout.document(source.key, source.etag, source.size, source.dropped_at)
        result = self.layout.result(replace(document, generation=closed.generation))
        prefixes = [self.layout.failure(document)] + ([result] if closed.outcome is not Outcome.DONE else [])
        return any(True for prefix in prefixes for _ in self.store.list(prefix))
