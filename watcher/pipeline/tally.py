"""How many documents ended, and when, by listings alone: however many they are, nothing of them is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.domain.document import Layout
from watcher.domain.fleet import Ends
from watcher.results.names import MANIFEST
from watcher.storage.port import Store

OBJECTS_A_STEP = 1000
"""What S3 lists in one request."""
_RESULT = re.compile(rf"(?P<document>.+/[0-9a-f]{{12}})(?:-[1-9][0-9]*)?/{re.escape(MANIFEST)}")


@dataclass
class Tally:
    """Counts as it is told. `now` is what the last hour and the last day end with."""

    now: datetime
    documents: int = 0
    last_hour: int = 0
    last_day: int = 0

    def add(self, ended_at: datetime, *, again: bool = False) -> None:
        """`again`: the document is counted, only this end of it is not."""
        self.documents += not again
        self.last_hour += self.now - ended_at <= timedelta(hours=1)
        self.last_day += self.now - ended_at <= timedelta(days=1)

    def ends(self) -> Ends:
        return Ends(documents=self.documents, last_hour=self.last_hour, last_day=self.last_day)


def count_finished(store: Store, layout: Layout, now: datetime) -> Iterator[Ends]:
    """What was counted so far, at least once for each `OBJECTS_A_STEP` that are listed; the last one is the whole. Raises `StoreError`.

    A document is counted once however often it was read: the folders of its readings follow each other in a listing. Each reading is an end.
    """
    tally, document = Tally(now), ""
    for number, info in enumerate(store.list(layout.processed), 1):
        if match := _RESULT.fullmatch(info.key):
            tally.add(info.modified, again=match["document"] == document)
            document = match["document"]
        if number % OBJECTS_A_STEP == 0:
            yield tally.ends()
    yield tally.ends()
