"""The newest of the documents that could not be read, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest

from pydantic import ValidationError

from watcher.domain.document import Layout
from watcher.domain.manifest import ErrorReport
from watcher.results.names import ERROR_JSON
from watcher.storage.port import NotFoundError, ObjectInfo, Store


@dataclass(frozen=True)
class Failure:
    """`key` is where the document was dropped; where its report is not one of ours, that of the report, and `code` is empty. `at` by the store's clock."""

    key: str
    code: str
    at: datetime


@dataclass(frozen=True)
class Failures:
    """The newest ones, newest first, and how many there are besides."""

    newest: tuple[Failure, ...]
    more: int


def newest_failures(store: Store, layout: Layout, most: int) -> Failures:
    """One listing of `failed/`, and a GET for each of the `most` that are returned. Raises `StoreError`."""
    reports = [info for info in store.list(layout.failed) if info.key.endswith(f"/{ERROR_JSON}")]
    newest = nlargest(most, reports, key=lambda info: (info.modified, info.key))
    found = [_failure(store, info) for info in newest]
    return Failures(tuple(failure for failure in found if failure), len(reports) - len(newest))


def _failure(store: Store, info: ObjectInfo) -> Failure | None:
    """None where the document was taken out in the meantime."""
    try:
        report = ErrorReport.model_validate_json(store.get(info.key)[1])
    except NotFoundError:
        return None
    except ValidationError:
        return Failure(info.key, "", info.modified)
    return Failure(report.source.key, report.code, info.modified)
