"""What became of one drop of a document: for those who wait for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import ValidationError

from watcher.domain.claim import Entry, Outcome, Phase
from watcher.domain.document import Document, Layout
from watcher.domain.manifest import ErrorReport
from watcher.lease.log import ClaimLog, UnreadableEntryError
from watcher.results.names import ERROR_JSON, MANIFEST
from watcher.storage.port import NotFoundError, Store
from watcher.storage.standing import stands


@dataclass(frozen=True)
class Ended:
    """`place`: the folder of its results, with its slash, or what tells why there are none; `reason` is empty for a finished one."""

    place: str
    reason: str


def how_ended(store: Store, layout: Layout, document: Document) -> Ended | None:
    """None while it is not known: an error from an earlier drop does not count while the source still stands in the inbox."""
    finished = Ended(layout.result(document), "")
    if _is_finished(store, layout, document):
        generation = _generation(store, layout, document)
        return finished if generation == document.generation else how_ended(store, layout, replace(document, generation=generation))
    if stands(store, document.key, document.etag):
        return None
    over = _how_closed(store, layout, document)  # what it came to stands before that, so it is looked for after
    if _is_finished(store, layout, document):
        return finished
    try:
        report = ErrorReport.model_validate_json(store.get(layout.failure(document) + ERROR_JSON)[1])
    except NotFoundError:
        return Ended(document.key, over) if over else None
    except ValidationError:
        return Ended(layout.failure(document) + ERROR_JSON, "failed, and its error.json is none of ours")
    return Ended(layout.failure(document) + ERROR_JSON, f"{report.code}: {report.message}")


def _how_closed(store: Store, layout: Layout, document: Document) -> str:
    """Of a document that left the inbox: why nothing is to be seen of it; empty while somebody may still work on it."""
    try:
        last = _last_entry(store, layout, document)
    except (NotFoundError, UnreadableEntryError):
        return ""
    if last is None or last.outcome is Outcome.GONE:
        return "left the inbox before it was read: somebody removed or replaced it"
    return "was read, but somebody removed what came of it" if last.phase is Phase.CLOSED else ""


def _generation(store: Store, layout: Layout, document: Document) -> int:
    """Which reading of it is the last one that was asked for: results of another one may stand for long."""
    try:
        last = _last_entry(store, layout, document)
    except (NotFoundError, UnreadableEntryError):
        last = None
    return last.generation if last is not None else document.generation


def _last_entry(store: Store, layout: Layout, document: Document) -> Entry | None:
    """Raises `UnreadableEntryError`, and `NotFoundError` where the log has just changed."""
    log = ClaimLog(store, layout.claim_log(document))
    tail = log.tail()
    return log.read(tail.entries) if tail is not None else None


def _is_finished(store: Store, layout: Layout, document: Document) -> bool:
    try:
        store.head(layout.result(document) + MANIFEST)
    except NotFoundError:
        return False
    return True
