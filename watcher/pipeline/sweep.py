"""What a crash may leave behind: claim logs that nobody closed though their source has left the inbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from watcher.domain.claim import Entry, Phase
from watcher.domain.document import Document, Layout
from watcher.lease.log import ClaimLog
from watcher.lease.names import EntryName, closed_name, last_entries, split_log_object
from watcher.storage.port import NotFoundError, Store


@dataclass
class Sweep:
    """Looks through all claim logs; a log that it once saw closed is not read again until it grows."""

    store: Store
    layout: Layout
    _closed_at: dict[str, tuple[EntryName, ...]] = field(default_factory=dict)

    def settled(self) -> frozenset[str]:
        """Logs whose document is finished and stays in the inbox, as their hints say, by one listing."""
        return frozenset(log for log, names in self._logs() if (last := last_entries(names)) and closed_name(last[0].number) in names)

    def orphans(self) -> Iterator[Document]:
        """Documents whose log is open and whose source is gone or replaced."""
        for log, names in self._logs():
            entries = last_entries(names)
            if not entries or self._closed_at.get(log) == entries:
                continue
            try:
                last = ClaimLog(self.store, log).read(entries)
            except NotFoundError:
                continue
            if last.phase is Phase.CLOSED:
                self._closed_at[log] = entries
            elif not self._present(last):
                yield self.layout.document(last.source.key, last.source.etag, last.source.size, last.source.dropped_at)

    def _logs(self) -> Iterator[tuple[str, list[str]]]:
        found = (split for info in self.store.list(self.layout.claims) if (split := split_log_object(info.key)))
        for log, group in groupby(found, key=lambda split: split[0]):
            yield log, [name for _, name in group]

    def _present(self, entry: Entry) -> bool:
        try:
            return self.store.head(entry.source.key).etag == entry.source.etag
        except NotFoundError:
            return False
