"""A finished document is read anew, by a better engine: into a folder of its own, since results are never overwritten.

The wish is announced in the claim log before the original comes back into the inbox: else whoever sees it there first would find it finished, and
remove it. A sweep that finds the log open and the original not yet back closes it; it reopens, in the same generation, once it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from watcher.domain.claim import Entry, Phase
from watcher.domain.document import RESULT_FOLDER, Document, Layout
from watcher.domain.manifest import Source
from watcher.domain.waits import Wait
from watcher.lease.appending import Append, Appender
from watcher.lease.claim import Identity
from watcher.lease.log import ClaimLog, Tail, UnreadableEntryError
from watcher.pipeline.finished import Finished, finished_readings
from watcher.pipeline.restore import OTHER_STANDS, Answer, NotRestoredError, Original, path_of, put_back, require_key, standing_etag
from watcher.results.names import MANIFEST, is_source
from watcher.storage.port import NotFoundError, Store, UnstorableKeyError

_READING = re.compile(f"{RESULT_FOLDER.pattern}/")
_AT_WORK = "a replica is at work on it: wait until it is finished"


@dataclass(frozen=True)
class Redo:
    """`store` and `appender` must be those that the replicas use: see `suited` and `AgreedAppender`."""

    store: Store
    layout: Layout
    identity: Identity
    appender: Appender

    def run(self, places: Iterable[str]) -> Iterator[Answer]:
        """Has the newest finished version of each document read anew. Raises `StoreError` where the store does not answer."""
        for place in places:
            try:
                yield Answer(place, True, self._redo(path_of(self.layout, self.layout.processed, place)))
            except (NotRestoredError, UnstorableKeyError) as error:
                yield Answer(place, False, str(error))

    def _redo(self, path: str) -> str:
        finished = finished_readings(self.store, self.layout, path)
        if not finished:
            raise NotRestoredError(
                f"no finished result stands under {self.layout.processed}{path}/; of a document that failed, use `watcher retry`"
            )
        newest = finished[-1]
        source = newest.manifest.source
        require_key(self.layout, source.key, path, MANIFEST)
        original, archived_etag = _original(finished, newest)
        standing = standing_etag(self.store, source.key)
        if standing not in (None, source.etag, archived_etag):
            raise NotRestoredError(OTHER_STANDS)
        if standing is None and original is None:
            raise NotRestoredError("its original stands nowhere in the bucket: drop it under another name")
        expected = self.layout.document(source.key, standing or archived_etag or source.etag, source.size, source.dropped_at)
        generation = self._announce(expected)
        if standing is None and original is not None and put_back(self.store, original) != expected.version:
            return "restored as another version, since the store names it anew: it will be read"
        noticed = "" if original is not None else ", once a sweep has noticed (watch.sweep_seconds)"
        return f"will be read anew, into {self.layout.result(replace(expected, generation=generation))}{noticed}"

    def _announce(self, document: Document) -> int:
        """Opens its log for the next generation, where the one that was asked for last is finished. Returns the one that will be read."""
        log = ClaimLog(self.store, self.layout.claim_log(document), self.appender)
        tail, last = _end(log)
        asked = last.generation if last is not None else self._newest_generation(document)
        if not asked or not self._is_finished(replace(document, generation=asked)):
            return max(asked, 1)
        if last is not None and last.phase is not Phase.CLOSED:
            raise NotRestoredError(_AT_WORK)
        source = Source(key=document.key, etag=document.etag, size=document.size, dropped_at=document.modified)
        entry = self.identity.entry(Phase.WAITING, source, attempts=0, generation=asked + 1, reason=Wait.READ_ANEW.value)
        number, known = (tail.number + 1, tail.entries) if tail is not None else (1, frozenset())
        appended = log.append(number, entry, known)
        if appended is Append.LOST:
            raise NotRestoredError("somebody else was first to have it read: look again in a minute")
        if appended is Append.UNKNOWN:
            raise NotRestoredError("the store gave no usable answer: try again")
        return asked + 1

    def _newest_generation(self, document: Document) -> int:
        """Of a log that was pruned: what its results tell. 0 for none."""
        folder = self.layout.folder(document)
        matches = (_READING.match(info.key.removeprefix(folder)) for info in self.store.list(folder + document.version))
        return max((int(match["generation"] or 1) for match in matches if match), default=0)

    def _is_finished(self, document: Document) -> bool:
        return standing_etag(self.store, self.layout.result(document) + MANIFEST) is not None


def _original(finished: list[Finished], newest: Finished) -> tuple[Original | None, str | None]:
    """The archived bytes of the newest version, and the ETag that they had when they were stored in one request."""
    source = newest.manifest.source
    same = (one for one in finished if one.manifest.version == newest.manifest.version)
    for one in sorted(same, key=lambda one: one.age, reverse=True):
        for output in one.manifest.outputs:
            if is_source(output.name):
                return Original(one.folder + output.name, source.key, source.sha256), output.etag
    return None, None


def _end(log: ClaimLog) -> tuple[Tail | None, Entry | None]:
    tail = log.tail()
    try:
        return tail, log.read(tail.entries) if tail is not None else None
    except (NotFoundError, UnreadableEntryError):
        raise NotRestoredError(_AT_WORK) from None
