"""The state of the whole bucket, as its markers tell it: what `watcher status` shows."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from watcher.domain.claim import Outcome, Phase
from watcher.domain.document import Document, Layout
from watcher.lease.log import ClaimLog, UnreadableEntryError
from watcher.pipeline.inbox import is_document
from watcher.results.names import ERROR_JSON, MANIFEST
from watcher.storage.port import NotFoundError, Store


@dataclass(frozen=True)
class InProgress:
    """A document that a replica holds. `pages_total` 0 while it is not known."""

    key: str
    owner: str
    attempt: int
    pages_done: int
    pages_total: int
    since: datetime


@dataclass(frozen=True)
class Waiting:
    """A document that is tried again later, and the word for why."""

    key: str
    attempts: int
    not_before: datetime | None
    reason: str


@dataclass(frozen=True)
class Survey:
    """Counts are of document versions."""

    pending: int
    oldest: datetime | None
    in_progress: tuple[InProgress, ...]
    waiting: tuple[Waiting, ...]
    failed: int
    finished: int


def survey(store: Store, layout: Layout, ignore: tuple[str, ...], *, keeps_source: bool) -> Survey:
    """Reads the listings of all prefixes, and the claim logs of what lies in the inbox alone."""
    logs = Counter(info.key.rpartition("/")[0] + "/" for info in store.list(layout.claims))
    in_progress: list[InProgress] = []
    waiting: list[Waiting] = []
    pending: list[datetime] = []
    for info in store.list(layout.incoming):
        if not is_document(info.key, layout.incoming, ignore):
            continue
        document = layout.document(info.key, info.etag, info.size, info.modified)
        state = _state(store, layout, document, keeps_source) if logs[layout.claim_log(document)] else None
        if isinstance(state, InProgress):
            in_progress.append(state)
        elif isinstance(state, Waiting):
            waiting.append(state)
        elif state is None:
            pending.append(info.modified)
    return Survey(
        pending=len(pending),
        oldest=min(pending, default=None),
        in_progress=tuple(in_progress),
        waiting=tuple(waiting),
        failed=sum(info.key.endswith(f"/{ERROR_JSON}") for info in store.list(layout.failed)),
        finished=_count_finished(store, layout.processed),
    )


def _state(store: Store, layout: Layout, document: Document, keeps_source: bool) -> InProgress | Waiting | str | None:
    """None: pending. A text: finished, and kept in the inbox."""
    log = ClaimLog(store, layout.claim_log(document))
    tail = log.tail()
    if tail is None:
        return None
    try:
        entry = log.read(tail.entries)
    except (NotFoundError, UnreadableEntryError):
        return None
    if entry.phase is Phase.CLOSED:
        return "kept" if keeps_source and entry.outcome is Outcome.DONE else None
    if entry.phase is Phase.WAITING:
        return Waiting(document.key, entry.attempts, entry.not_before, entry.reason)
    beat = log.read_beat(tail.number)
    done, total = (beat.pages_done, beat.pages_total) if beat else (0, 0)
    return InProgress(document.key, entry.owner, entry.attempts, done, total, entry.at)


def _count_finished(store: Store, processed: str) -> int:
    """However often each was read: the folders of its readings follow each other in a listing."""
    folders = (info.key.removesuffix(f"/{MANIFEST}") for info in store.list(processed) if info.key.endswith(f"/{MANIFEST}"))
    return sum(1 for _ in groupby(re.sub(r"-\d+$", "", folder) for folder in folders))
