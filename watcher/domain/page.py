"""What is known of one page: its blocks, how it went, and the files that belong to it."""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the page as it was read; the origin is the top left corner."""


class PageStatus(str, Enum):
    OK = "ok"
    RETRIED = "retried"  # read alone, after a call that held it with other pages had failed
    TRUNCATED = "truncated"  # text is missing: it was cut off, lost, or gave way to repetition; the blocks say where
    EMPTY = "empty"  # the engine found nothing, though there is ink on the page
    BLANK = "blank"  # of one colour, or without ink; the engine was not asked
    FAILED = "failed"  # could not be drawn or read; the document was finished without it


class TextFormat(str, Enum):
    PLAIN = "plain"
    MARKDOWN = "markdown"
    HTML = "html"  # tables
    LATEX = "latex"  # formulas, without delimiters


def encodable(text: str) -> str:
    """JSON from a model server may hold half a surrogate pair, which no UTF-8 file can."""
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


class Value(BaseModel):
    """Base of everything that stands in the bucket: immutable, and readable by older and newer versions."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_inf_nan="null", hide_input_in_errors=True, json_schema_serialization_defaults_required=True
    )


class Output(Value):
    """One file of a result: its name within the version's folder, what stands there, and how to check it."""

    name: str
    size: int = Field(description="bytes")
    sha256: str
    etag: str


class Cell(Value):
    """One cell of a table; cells that it spans are not listed."""

    row: int = Field(ge=0)
    column: int = Field(ge=0)
    text: Annotated[str, AfterValidator(encodable)]
    rows: int = Field(default=1, ge=1, description="how many it spans")
    columns: int = Field(default=1, ge=1)
    header: bool = False


class Block(Value):
    """One piece of a page's layout."""

    label: str = Field(description="what the engine takes it for: title, text, table, image, formula, header, ...")
    box: Box
    order: int = Field(description="place in the reading order of the page, from 0")
    text: Annotated[str, AfterValidator(encodable)] = ""
    format: TextFormat = TextFormat.PLAIN
    confidence: Annotated[float | None, Field(ge=0, le=1)] = None
    figure: str | None = Field(default=None, description="name of the cut-out image within the version's folder")
    missing: str = Field(default="", description="why text is missing here, in words without document text")
    level: int | None = Field(
        default=None, ge=1, le=6, description="of a heading in the document as a whole; null where pages were looked at one by one"
    )
    cells: list[Cell] | None = Field(
        default=None, description="of a table, where its HTML has any; text outside of cells stands in `text` only"
    )
    continues: int | None = Field(
        default=None, ge=1, description="page of the table that goes on here: it stands there whole, and this block's text is empty"
    )


class EngineInfo(Value):
    """Which engine read something: name, version, and what may change its results."""

    name: str
    version: str
    models: dict[str, str] = Field(default_factory=dict, description="model or language data by role")
    packages: dict[str, str] = Field(default_factory=dict, description="versions of the packages that it is made of")


class PageContent(Value):
    """What a page says: all that the files derived of a document are made of, apart from who read it and when."""

    schema_version: int = SCHEMA_VERSION
    number: int = Field(ge=1)
    width: int = Field(description="pixels of the page as it was read")
    height: int
    dpi: float = Field(description="resolution at which it was drawn; of images, what the file says or 0")
    status: PageStatus
    note: str = Field(default="", description="why the status is not ok, in words without document text")
    blocks: list[Block] = Field(default_factory=list)
    image: str | None = Field(default=None, description="name of the page's picture within the version's folder")


class Page(PageContent):
    """The checkpoint of one page, `pages/NNNN.json`. Everything derived of a document is a pure function of these."""

    outputs: list[Output] = Field(default_factory=list, description="the files that belong to this page, other than this one")
    engine: EngineInfo | None = None
    seconds: float = Field(default=0.0, description="time that the engine took for it")
