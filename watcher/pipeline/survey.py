"""A picture of the whole bucket, as its markers tell it: what `watcher status` shows.

Three listings (the inbox, the claims, the failed documents), and a GET for each record that is new since the picture before: of what was
begun, of the newest failures, of replicas. How many of them are read is bounded; what was not looked at is told. While the picture is drawn,
a number is kept for each document of the inbox; of what is finished, nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest, nsmallest

from watcher.domain.claim import Entry, Outcome
from watcher.domain.document import Layout
from watcher.domain.fleet import Failed, FailedDocument, Fleet, Inbox, ReadDocument, WaitingDocument
from watcher.domain.manifest import ErrorReport
from watcher.domain.presence import Presence, is_presence
from watcher.pipeline.begun import BegunReader, ListedLog, listed_logs
from watcher.pipeline.inbox import is_document
from watcher.pipeline.muster import muster
from watcher.pipeline.recall import Recall, Spread
from watcher.pipeline.tally import Tally
from watcher.results.names import ERROR_JSON
from watcher.storage.port import ObjectInfo, Store
from watcher.storage.standing import stands

_ELDEST = 100
"""Documents whose names are kept, of which the first that nobody has begun is the oldest."""


@dataclass(frozen=True)
class Bounds:
    """How many records are read at most for one picture: of documents that were begun, of failures, of replicas. The newest come first."""

    claims: int = 500
    failures: int = 200
    replicas: int = 100


@dataclass(frozen=True)
class _Inbox:
    """What lies in the inbox: when each was dropped, by the hash of its claim log's prefix; and the oldest of them with their names."""

    dropped: dict[int, datetime]
    eldest: list[tuple[datetime, str, int]]

    def told(self, pending: set[int]) -> Inbox:
        return Inbox(
            pending=len(pending),
            oldest_at=min((self.dropped[log] for log in pending), default=None),
            oldest_key=next((key for _, key, log in self.eldest if log in pending), None),
        )


class Surveyor:
    """Draws pictures of one bucket, one after the other: what was read for one is not read again for the next while it stays the same.

    `ignore` are patterns for the inbox; `keeps_source`: finished documents stay there.
    """

    def __init__(
        self, store: Store, layout: Layout, ignore: tuple[str, ...], *, keeps_source: bool, bounds: Bounds, spread: Spread = map
    ) -> None:
        self._store = store
        self._layout = layout
        self._ignore = ignore
        self._keeps_source = keeps_source
        self._bounds = bounds
        self._begun = BegunReader(store, spread)
        self._reports = Recall(store, ErrorReport, spread)
        self._presences = Recall(store, Presence, spread)

    def look(self, now: datetime) -> Fleet:
        """Without the finished ones: to count them takes a request for each thousand objects. Raises `StoreError`."""
        inbox = self._list_inbox()
        logs, signs = self._list_claims(inbox)
        looked_at = nlargest(self._bounds.claims, logs, key=lambda log: log.seen_at)
        read = self._begun.read(looked_at, now)
        in_progress = tuple(
            sorted((one for one in read.values() if isinstance(one, ReadDocument)), key=lambda one: (not one.silent, one.since, one.key))
        )
        waiting = (one for one in read.values() if isinstance(one, WaitingDocument))
        over = {hash(log) for log, one in read.items() if isinstance(one, Entry) and self._is_over(one)}
        closed = {hash(log) for log, one in read.items() if isinstance(one, Entry)}
        unreadable = {hash(log.prefix) for log in looked_at} - {hash(log) for log in read}
        begun = {hash(log.prefix) for log in logs} - closed - unreadable
        told = self._presences.of(newest := nlargest(self._bounds.replicas, signs, key=lambda info: info.modified))
        return Fleet(
            store=self._store.location,
            at=now,
            replicas=muster([(info, presence) for info in newest if (presence := told.get(info.key))], in_progress, now),
            replicas_not_looked_at=len(signs) - len(newest),
            inbox=inbox.told(inbox.dropped.keys() - begun - over),
            in_progress=in_progress,
            waiting=tuple(sorted(waiting, key=lambda one: (one.not_before or now, one.key))),
            claims_not_looked_at=len(logs) - len(looked_at),
            pages_per_second=sum(one.pages_per_second or 0.0 for one in in_progress),
            failed=self._list_failed(inbox.dropped.keys() - over, now),
            finished=None,
        )

    def _list_inbox(self) -> _Inbox:
        dropped: dict[int, datetime] = {}

        def listed() -> Iterator[tuple[datetime, str, int]]:
            for info in self._store.list(self._layout.incoming):
                if is_document(info.key, self._layout.incoming, self._ignore):
                    document = self._layout.document(info.key, info.etag, info.size, info.modified)
                    log = hash(self._layout.claim_log(document))
                    dropped[log] = info.modified
                    yield info.modified, info.key, log

        eldest = nsmallest(_ELDEST, listed())
        return _Inbox(dropped, eldest)

    def _list_claims(self, inbox: _Inbox) -> tuple[list[ListedLog], list[ObjectInfo]]:
        """Logs of documents of the inbox that are not known to be finished; those that are, leave it. And what replicas tell of themselves."""
        signs: list[ObjectInfo] = []

        def of_logs() -> Iterator[ObjectInfo]:
            for info in self._store.list(self._layout.claims):
                if is_presence(info.key.removeprefix(self._layout.claims)):
                    signs.append(info)
                else:
                    yield info

        logs = []
        for log in listed_logs(of_logs()):
            if hash(log.prefix) not in inbox.dropped:
                continue
            if not log.settled:
                logs.append(log)
            elif self._keeps_source:
                del inbox.dropped[hash(log.prefix)]
        return logs, signs

    def _is_over(self, closed: Entry) -> bool:
        """Whether a document that the inbox showed before its log was seen closed is not to be read: it left the inbox meanwhile, or is kept there."""
        if self._keeps_source and closed.outcome is Outcome.DONE:
            return True
        return not stands(self._store, closed.source.key, closed.source.etag)

    def _list_failed(self, in_inbox: set[int], now: datetime) -> Failed:
        """Those that were put back into the inbox are no failures, until they fail again."""
        tally = Tally(now)

        def listed() -> Iterator[ObjectInfo]:
            for info in self._store.list(self._layout.failed):
                folder, _, name = info.key.rpartition("/")
                log = f"{self._layout.claims}{folder.removeprefix(self._layout.failed)}/"
                if name == ERROR_JSON and hash(log) not in in_inbox:
                    tally.add(info.modified)
                    yield info

        newest = nlargest(self._bounds.failures, listed(), key=lambda info: (info.modified, info.key))
        reports = self._reports.of(newest)
        documents = tuple(_failed(info, reports[info.key]) for info in newest if info.key in reports)
        codes = Counter(document.code for document in documents)
        return Failed(**tally.ends().model_dump(), looked_at=len(documents), by_code=dict(codes.most_common()), newest=documents)


def _failed(info: ObjectInfo, report: ErrorReport | None) -> FailedDocument:
    if report is None:
        return FailedDocument(key=info.key, code="", at=info.modified)
    return FailedDocument(key=report.source.key, code=report.code, at=info.modified)
