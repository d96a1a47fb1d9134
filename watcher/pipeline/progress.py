"""What is going on with one document of the inbox: for those who wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from watcher.domain.claim import Phase
from watcher.domain.document import Document, Layout
from watcher.lease.log import ClaimLog, UnreadableEntryError
from watcher.storage.port import NotFoundError, Store


@dataclass(frozen=True)
class Progress:
    """`words` say it to people; `pages_total` is 0 while it is not known."""

    words: str
    pages_done: int = 0
    pages_total: int = 0


def progress(store: Store, layout: Layout, document: Document, now: datetime) -> Progress:
    """One LIST of its claim log, and a GET or two. `now` by our wall clock. Raises `StoreError`."""
    log = ClaimLog(store, layout.claim_log(document))
    tail = log.tail()
    if tail is None:
        return Progress("pending: no replica has begun it")
    try:
        entry = log.read(tail.entries)
    except (NotFoundError, UnreadableEntryError):
        return Progress("pending: its claim log changes at this moment, or was written by a newer version of this program")
    if entry.phase is Phase.CLOSED:
        return Progress("pending: it was dropped again, and no replica has begun it")
    if entry.phase is Phase.WAITING:
        seconds = (entry.not_before - now).total_seconds() if entry.not_before else 0
        again = f"in {seconds:.0f} s" if seconds >= 1 else "as soon as a replica is free"
        return Progress(f"waiting ({entry.reason or 'no reason told'}): tried again {again}")
    beat = log.read_beat(tail.number)
    done, total = (beat.pages_done, beat.pages_total) if beat else (0, 0)
    pages = f"{done} of {total} pages done" if total else "no page done yet"
    return Progress(f"in progress on {entry.owner}, attempt {entry.attempts}: {pages}", done, total)
