"""Documents that failed before a test begins."""

from __future__ import annotations

from datetime import datetime

from watcher.domain.document import Layout
from watcher.domain.manifest import ErrorReport, Source
from watcher.results.names import ERROR_JSON
from watcher.storage.port import Store


def fail(store: Store, layout: Layout, name: str, code: str, at: datetime) -> str:
    """Puts the report of a document that was dropped as `name`; returns its key."""
    document = layout.document(layout.incoming + name, "etag", 1, at)
    source = Source(key=document.key, etag=document.etag, size=document.size, dropped_at=at)
    report = ErrorReport(
        version=document.version,
        source=source,
        code=code,
        message="Do something.",
        transient=False,
        attempts=1,
        original="source.pdf",
        watcher="2.0.0",
        replica="one",
        failed_at=at,
    )
    store.put(layout.failure(document) + "source.pdf", b"body", "application/pdf")
    store.put(layout.failure(document) + ERROR_JSON, report.model_dump_json().encode(), "application/json")
    return layout.failure(document) + ERROR_JSON
