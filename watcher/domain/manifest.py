"""The records that end a document: the manifest of a finished one, the error report of a failed one."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from watcher.domain.page import SCHEMA_VERSION, EngineInfo, Output, PageStatus, Value


class Source(Value):
    """The dropped file as it was read."""

    key: str = Field(description="where it was dropped, with the inbox's prefix")
    etag: str
    size: int = Field(description="bytes")
    dropped_at: datetime = Field(description="when the store took it, by the store's clock")
    sha256: str = ""
    media_type: str = ""


class LedgerEntry(Value):
    """How one page went, and which engine version read it: a takeover may follow an upgrade."""

    page: int
    status: PageStatus
    note: str = ""
    engine: str = Field(description="name and version")


class Timings(Value):
    """Wall seconds of the attempt that finished the document. `read` sums the engine's time over all pages, also of earlier attempts."""

    total: float
    fetch: float
    read: float


class Manifest(Value):
    """Written last: no manifest, not finished."""

    schema_version: int = SCHEMA_VERSION
    version: str = Field(description="12 hex digits of SHA-256 over the source's ETag and size")
    source: Source
    outputs: list[Output]
    engine: EngineInfo
    options: dict[str, str | int | float | bool] = Field(description="settings that may change the results")
    pages: list[LedgerEntry]
    labels_omitted: list[str] = Field(description="layout labels that stand in document.json but not in document.md")
    timings: Timings
    watcher: str = Field(description="version of this program")
    replica: str
    attempt: int
    finished_at: datetime


class ErrorReport(Value):
    """`failed/<key>/<v>/error.json`."""

    schema_version: int = SCHEMA_VERSION
    version: str
    source: Source
    code: str
    message: str = Field(description="a sentence that tells a person what to do")
    transient: bool
    page: int | None = None
    attempts: int
    original: str | None = Field(description="name of the original beside this file; absent where it was gone")
    watcher: str
    replica: str
    failed_at: datetime
