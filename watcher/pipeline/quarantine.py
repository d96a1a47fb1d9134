"""How a document that cannot be read leaves the inbox: the original first, then the reason, then the source goes."""

from __future__ import annotations

from pathlib import Path

from watcher import __version__
from watcher.domain.claim import Fault
from watcher.domain.document import Document
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.history import history
from watcher.domain.manifest import ErrorReport, Source
from watcher.domain.russian import in_russian
from watcher.domain.terminal import escaped_json
from watcher.lease.claim import Claim
from watcher.pipeline.bench import Bench
from watcher.results.names import ERROR_JSON, checkpoints, content_type, source_name
from watcher.storage.port import NotFoundError

_MOST_ENTRIES = 500
"""The history tells of so many entries, newest ones: a log grows without bound where a store fails for weeks, and each entry is a request."""


def fault_of_lost_attempts(claim: Claim) -> Fault:
    """The fault of a document whose attempts are spent: the last one known, else that every attempt was lost."""
    if claim.entry.error is not None:
        return claim.entry.error
    return fault_of(DocumentError(ErrorCode.WORKER_LOST, found=claim.entry.attempts))


def fault_of(error: DocumentError) -> Fault:
    return Fault(code=error.code.value, message=error.message, message_ru=in_russian(error), transient=error.transient, page=error.page)


def quarantine(bench: Bench, claim: Claim, document: Document, source: Source, fetched: Path | None, fault: Fault) -> str:
    """Moves the document to `failed/` under a claim of that purpose. Returns the report's key.

    `fetched` are the bytes that were read; without them the store copies its own, which need not fit on our disk. Raises `NotFoundError` where
    the version is gone.
    """
    prefix = bench.layout.failure(document)
    original = source_name(Path(document.key).suffix)
    claim.check()
    if fetched:
        bench.store.put(prefix + original, fetched, content_type(original))
    else:
        bench.store.copy(document.key, document.etag, prefix + original, content_type(original))
    result = bench.layout.result(document)
    kept = len(checkpoints(info.key.removeprefix(result) for info in bench.store.list(result)))
    report = ErrorReport(
        version=document.version,
        source=source,
        code=fault.code,
        message=fault.message,
        message_ru=fault.message_ru,
        transient=fault.transient,
        page=fault.page,
        attempts=claim.entry.attempts,
        history=history(claim.log.entries(_MOST_ENTRIES)),
        pages_kept=kept,
        pages_folder=result if kept else None,
        original=original,
        watcher=__version__,
        replica=claim.identity.replica,
        failed_at=bench.clock.now(),
    )
    claim.check()
    bench.store.put(prefix + ERROR_JSON, escaped_json(report.model_dump_json(indent=1)).encode(), content_type(ERROR_JSON))
    bench.remover.remove(document.key, document.etag, claim.check)
    return prefix + ERROR_JSON


def was_quarantined(bench: Bench, document: Document) -> bool:
    try:
        bench.store.head(bench.layout.failure(document) + ERROR_JSON)
    except NotFoundError:
        return False
    return True


def release_quarantine(bench: Bench, document: Document) -> None:
    """The manifest wins: what a failed attempt left in `failed/` goes."""
    for info in bench.store.list(bench.layout.failure(document)):
        bench.store.delete(info.key)
