"""Every setting: its name, default, bounds and one line of why. Built in code, a table reads neither file nor environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ByteSize, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import Self

from watcher.settings.ocr import Ocr
from watcher.settings.rules import ascending_fault, overlap_fault, to_prefix
from watcher.settings.s3 import S3
from watcher.settings.table import GIB, KIB, MIB, Labels, Patterns, Seconds, Table, Text, Token, sized

Prefix = Annotated[str, BeforeValidator(to_prefix)]
MOST_DOCUMENTS = 64
LEAST_FINISHING = 16
UPLOADS_PER_DOCUMENT = 4
MOST_UPLOADS = 32
OTHER_CONNECTIONS = 8
"""For the scan, the sweep, checks, and claims that are renewed."""


class Storage(Table):
    """Where the documents are: the bucket of the four CLOUDRU_S3_ variables, or a folder where one of them is missing."""

    folder: Text = Field("data", min_length=1, description="folder that takes the bucket's place while S3 is not configured")
    region: Text = Field("ru-central-1", pattern=r"^[A-Za-z0-9-]+$", description="region that requests to the store are signed for")
    connect_seconds: Seconds = Field(5, ge=0.1, le=300, description="how long connecting to the store may take")
    read_seconds: Seconds = Field(60, ge=0.1, le=3600, description="how long the store may be silent within an answer")
    attempts: int = Field(5, ge=1, le=20, description="tries of a request that may be repeated safely")
    connections: int = Field(
        0, ge=0, le=256, description="connections to the store that are kept open; 0: one for each document and upload at once"
    )
    silent_seconds: Seconds = Field(
        10, ge=1, le=3600, description="a store that answers nothing for so long counts as unreachable in the log and in /health"
    )
    pause_max_seconds: Seconds = Field(60, ge=1, le=3600, description="longest pause between two tries while the store fails")
    settle_seconds: Seconds = Field(1.0, ge=0, le=3600, description="a file in a folder is taken once it stood unchanged for so long")


class Layout(Table):
    """Where things stand in the bucket. No prefix may lie under another."""

    incoming: Prefix = Field("incoming/", description="the inbox: documents dropped here are read")
    claims: Prefix = Field("claims/", description="the replicas' record of who works on what")
    processed: Prefix = Field("processed/", description="results of finished documents")
    failed: Prefix = Field("failed/", description="documents that could not be read, each with the reason")

    @model_validator(mode="after")
    def _keep_apart(self) -> Self:
        return self._refuse(overlap_fault(self.model_dump()))


class Watch(Table):
    """How the inbox is watched."""

    poll_seconds: Seconds = Field(5, ge=0.1, le=86400, description="time between two looks into the inbox")
    documents: int = Field(
        0,
        ge=0,
        le=MOST_DOCUMENTS,
        description="documents that this replica reads at once; 0: what suits the engine, 8 for each device, or 32 with a model server",
    )
    finishing: int = Field(
        0,
        ge=0,
        le=MOST_DOCUMENTS,
        description="documents besides, read through, whose files are still being written; 0: as many as watch.documents, at least 16",
    )
    ignore: Patterns = Field(
        (".*", "~$*", "*.part", "*.partial", "*.crdownload", "*.tmp", "Thumbs.db", "desktop.ini"),
        description="names that are passed over, matched with each part of a path; * and ? as in a shell",
    )
    grace_seconds: Seconds = Field(20, ge=0, le=3600, description="time to finish documents after SIGTERM")
    hand_back_seconds: Seconds = Field(8, ge=0, le=3600, description="time after that for giving unfinished documents back")
    sweep_seconds: Seconds = Field(600, ge=1, le=86400, description="time between two rounds of clearing up old claims")
    verify_seconds: Seconds = Field(
        604800,
        ge=0,
        le=31536000,
        description="time between two checks of all finished results against their manifests, by one replica for all; 0: never",
    )
    presence_seconds: Seconds = Field(
        60, ge=0, le=3600, description="time between two signs of life that watcher status shows, idle or not, each a small PUT; 0: none"
    )
    cores: Literal["one", "all"] = Field(
        "one",
        description="processor cores of this process's own threads: one, which gave half as many documents again on two cores, or all;"
        " parsers, engines and model servers have all",
    )
    scratch: Text = Field("", description="folder for downloads and page images; empty: one in the system's temporary folder")
    replica: Text = Field("", max_length=200, description="name of this replica in claims and logs; empty: the host's name")


class Claims(Table):
    """How replicas share the documents."""

    lease_seconds: Seconds = Field(60, ge=3, le=3600, description="a replica silent for so long loses its documents to others")
    max_attempts: int = Field(3, ge=1, le=100, description="attempts before a document goes to the failed ones")
    backoff_seconds: Seconds = Field(30, ge=0, le=86400, description="wait after the first failed attempt; doubles each time")
    backoff_max_seconds: Seconds = Field(3600, ge=0, le=604800, description="longest wait between two attempts")
    keep_days: Seconds = Field(30, ge=0, le=36500, description="days that records of finished documents are kept")

    @model_validator(mode="after")
    def _order(self) -> Self:
        return self._refuse(ascending_fault(self.model_dump(), "backoff_seconds", "backoff_max_seconds"))


class Retention(Table):
    """What becomes of the original."""

    source: Literal["archive", "keep", "delete"] = Field(
        "archive", description="after success the original moves beside its results, stays in the inbox, or is deleted"
    )


class Limits(Table):
    """What one document may cost; beyond it goes to the failed ones with a code that names the limit."""

    file_bytes: ByteSize = sized(GIB, 1, "size of a file; a store takes no more in one request", at_most=5 * GIB)
    pages: int = Field(5000, ge=1, le=9999, description="pages of a document")
    image_pixels: int = Field(300_000_000, ge=1, le=10_000_000_000, description="pixels of one image as it is stored in the file")
    parse_seconds: Seconds = Field(60, ge=1, le=3600, description="time to open a file or to draw one page")
    parse_memory_bytes: ByteSize = sized(4 * GIB, 256 * MIB, "memory of the process that opens files")
    failed_pages_percent: float = Field(
        5.0, ge=0, le=100, allow_inf_nan=False, description="share of unreadable pages up to which a document still counts as read"
    )


class Render(Table):
    """How pages become images."""

    dpi: int = Field(200, ge=36, le=1200, description="resolution at which PDF pages are drawn")
    max_pixels: int = Field(16_000_000, ge=10_000, le=1_000_000_000, description="larger pages are reduced to so many pixels")
    jpeg_quality: int = Field(85, ge=1, le=100, description="quality of the page pictures that people see")
    jpeg_max_side: int = Field(2000, ge=100, le=20000, description="longest side of these pictures in pixels")
    processes: int = Field(1, ge=1, le=64, description="processes that open files and draw pages")
    window_pages: int = Field(8, ge=1, le=1000, description="drawn pages of one document that wait for the engine at a time")


class Results(Table):
    """What the files made of a document hold."""

    omit_labels: Labels = Field(
        ("header", "header_image", "footer", "footer_image", "footnote", "number", "page_number", "aside_text"),
        description="kinds of blocks that document.md leaves out, since they repeat on every page or interrupt its text; document.json has them",
    )


class LocalOutput(Table):
    """A second copy of the results on the local disk."""

    folder: Text = Field("", description="where the copy goes; empty: no copy (the container image sets /app/output)")
    max_bytes: ByteSize = sized(10 * GIB, MIB, "the oldest copies are removed beyond it")


class Http(Table):
    """The server that tells how the daemon is."""

    host: Text = Field("0.0.0.0", min_length=1, description="address to listen on")  # noqa: S104 - the platform probes from outside
    port: int = Field(8081, ge=0, le=65535, description="port to listen on; 0: any free one")
    stall_seconds: Seconds = Field(
        900,
        ge=1,
        le=86400,
        description="/health answers 503 after so long without progress, beyond what polling, loading and a call may take",
    )
    connections: int = Field(
        512, ge=8, le=10000, description="connections held at once; of more, the oldest that asked nothing yet is cut off"
    )
    connection_seconds: Seconds = Field(10, ge=1, le=600, description="longest life of a connection, however slowly it asks or reads")
    document_names: Literal["hide", "show"] = Field(
        "hide", description="whether the page at / names the documents in progress to everybody who can open it, or only numbers them"
    )
    events_token: Token = Field(
        SecretStr(""),
        description="switches POST /events on, where the store's notifications wake the scan: the secret that they must bring; give it by the variable",
    )
    events_bytes: ByteSize = sized(64 * KIB, KIB, "longest notification that POST /events takes", at_most=16 * MIB)


class Log(Table):
    """What the daemon writes about itself."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is written")
    format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal, else one JSON object per line")


class Settings(BaseSettings):
    """All settings. `s3` comes from the four variables alone, never from the file."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="WATCHER_", env_nested_delimiter="__", validate_default=True)

    storage: Storage = Storage()
    layout: Layout = Layout()
    watch: Watch = Watch()
    claims: Claims = Claims()
    retention: Retention = Retention()
    limits: Limits = Limits()
    render: Render = Render()
    ocr: Ocr = Ocr()
    results: Results = Results()
    output: LocalOutput = LocalOutput()
    http: Http = Http()
    log: Log = Log()
    s3: S3 = S3()

    @property
    def documents_at_once(self) -> int:
        """Of `watch.documents`; by default as many as keep the engine busy though each has but one page: while it reads some, the next are drawn."""
        return self.watch.documents or min(MOST_DOCUMENTS, self.ocr.documents_at_once)

    @property
    def finishing_at_once(self) -> int:
        """By default enough that an engine of 20 pages a second is kept busy over a network that takes 0.1 s for each request: finishing takes six in turn."""
        return self.watch.finishing or max(LEAST_FINISHING, self.documents_at_once)

    @property
    def uploads_at_once(self) -> int:
        return min(MOST_UPLOADS, UPLOADS_PER_DOCUMENT * (self.documents_at_once + self.finishing_at_once))

    @property
    def connections(self) -> int:
        """With fewer, connections would be opened anew all the time."""
        return self.storage.connections or self.documents_at_once + self.finishing_at_once + self.uploads_at_once + OTHER_CONNECTIONS

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be written anywhere."""
        ours = (self.ocr.server.api_key.get_secret_value(), self.http.events_token.get_secret_value())
        return (*self.s3.secrets, *(secret for secret in ours if secret))

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: object, **__: object
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # `load_settings` reads the sources, so that the environment is a value that it is given.
        return (init_settings,)


def tables() -> dict[str, type[Table]]:
    """The tables of the file by name, in order; a table within `ocr` is `ocr.<name>`, as its line in the file says."""
    return dict(_tables_in(Settings, ""))


def _tables_in(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, type[Table]]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Table):
            yield prefix + name, kind
            yield from _tables_in(kind, f"{prefix}{name}.")
