"""The records that end a document: the manifest of a finished one, the error report of a failed one."""

from __future__ import annotations

from enum import Enum

from pydantic import AwareDatetime, Field

from watcher.domain.page import SCHEMA_VERSION, EngineInfo, Output, PageStatus, Value


class Scope(str, Enum):
    """What was looked at for tables that go on over pages and for the levels of headings."""

    DOCUMENT = "whole document"
    PAGES = "page by page"


class Source(Value):
    """The dropped file as it was read."""

    key: str = Field(description="where it was dropped, with the inbox's prefix")
    etag: str
    size: int = Field(description="bytes")
    dropped_at: AwareDatetime = Field(description="when the store took it, by the store's clock")
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
    generation: int = Field(default=1, ge=1, description="which reading of this version: more than 1 where a person asked for another")
    source: Source
    outputs: list[Output]
    engine: EngineInfo = Field(description="of the attempt that finished the document; the ledger tells which one read each page")
    options: dict[str, str | int | float | bool] = Field(description="settings that may change the results")
    pages: list[LedgerEntry]
    labels_omitted: list[str] = Field(description="layout labels whose blocks stand in document.json but not in document.md")
    structure: Scope = Field(default=Scope.PAGES, description="what headings' levels and joined tables rest on")
    structure_note: str = Field(default="", description="why it was not the whole document")
    timings: Timings
    watcher: str = Field(description="version of this program")
    replica: str
    attempt: int
    finished_at: AwareDatetime


class AttemptEnd(str, Enum):
    FAILED = "failed"  # for the reason told beside it
    LOST = "lost"  # nobody ended it: the replica was killed, crashed, or was cut off
    GIVEN_BACK = "given_back"  # the replica was stopped before it had read a page
    DONE = "done"
    GONE = "gone"  # the source left the inbox


class PastAttempt(Value):
    """One attempt on a version of a document, as the claim log tells it. What fails without being the document's fault counts as none."""

    attempt: int = Field(description="counted from 1; anew after the document was dropped again")
    generation: int = Field(default=1, description="which reading of the document, see Manifest")
    replica: str
    began_at: AwareDatetime = Field(description="by the replica's clock")
    ended: AttemptEnd
    code: str | None = None
    message: str | None = None
    page: int | None = None
    transient: bool | None = None


class ErrorReport(Value):
    """`failed/<key>/<v>/error.json`."""

    schema_version: int = SCHEMA_VERSION
    version: str
    source: Source
    code: str
    message: str = Field(description="a sentence that tells a person what to do")
    message_ru: str = Field(default="", description="the same in Russian; empty where an older version failed the document")
    transient: bool
    page: int | None = None
    attempts: int
    history: list[PastAttempt] = Field(default_factory=list, description="every attempt that the claim log still tells of, oldest first")
    pages_kept: int = Field(default=0, description="pages that were read and stand beside no manifest: the next attempt goes on from them")
    pages_folder: str | None = Field(default=None, description="where these stand, from the bucket's root; absent where there are none")
    original: str | None = Field(description="name of the original beside this file; absent where it was gone")
    watcher: str
    replica: str
    failed_at: AwareDatetime
