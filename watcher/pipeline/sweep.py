"""What a crash may leave behind: claim logs that nobody closed though their source has left the inbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from watcher.domain.claim import Entry, Phase
from watcher.domain.document import Document, Layout
from watcher.lease.log import CLOSED_HINT, ClaimLog
from watcher.storage.port import NotFoundError, Store

_LOG_OBJECT = re.compile(r"(?P<log>.+/[0-9a-f]{12}/)(?P<name>\d{6}|\d{6}\.beat|closed)")


@dataclass
class Sweep:
    """Looks through all claim logs; a log that it once saw closed is not read again until it grows."""

    store: Store
    layout: Layout
    _closed_at: dict[str, str] = field(default_factory=dict)

    def settled(self) -> frozenset[str]:
        """Logs whose document is finished and stays in the inbox, as their hints say, by one listing."""
        return frozenset(log for log, names in self._logs() if CLOSED_HINT in names)

    def orphans(self) -> Iterator[Document]:
        """Documents whose log is open and whose source is gone or replaced."""
        for log, names in self._logs():
            entries = [name for name in names if name.isdigit()]
            if not entries or self._closed_at.get(log) == max(entries):
                continue
            try:
                last = ClaimLog(self.store, log).read(int(max(entries)))
            except NotFoundError:
                continue
            if last.phase is Phase.CLOSED:
                self._closed_at[log] = max(entries)
            elif not self._present(last):
                yield self.layout.document(last.source.key, last.source.etag, last.source.size, last.source.dropped_at)

    def _logs(self) -> Iterator[tuple[str, list[str]]]:
        matches = (match for info in self.store.list(self.layout.claims) if (match := _LOG_OBJECT.fullmatch(info.key)))
        for log, group in groupby(matches, key=lambda match: match["log"]):
            yield log, [match["name"] for match in group]

    def _present(self, entry: Entry) -> bool:
        try:
            return self.store.head(entry.source.key).etag == entry.source.etag
        except NotFoundError:
            return False
