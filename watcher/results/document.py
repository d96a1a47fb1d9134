"""`document.json`: all that was read of a document, as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import Field

from watcher.domain.manifest import Source
from watcher.domain.page import SCHEMA_VERSION, EngineInfo, Page, PageContent, Value


class Document(Value):
    """The file as a whole. `engines` is derived of the pages, since a replica of another version may have read some of them."""

    schema_version: int = SCHEMA_VERSION
    version: str = Field(description="12 hex digits of SHA-256 over the source's ETag and size")
    source: Source
    pages: list[PageContent]
    engines: list[EngineInfo] = Field(description="that read the pages, each once, in the order of their first page")


def document_json(pages: Iterable[Page], version: str, source: Source) -> Iterator[str]:
    """Exactly what `Document(...).model_dump_json()` gives, in chunks, with one page in memory at a time."""
    engines: list[EngineInfo] = []
    head, tail = Document(version=version, source=source, pages=[], engines=[]).model_dump_json().rsplit("[],", 1)
    yield head + "["
    for position, page in enumerate(pages):
        if page.engine is not None and page.engine not in engines:
            engines.append(page.engine)
        yield ("," if position else "") + page.model_dump_json(include=set(PageContent.model_fields))
    yield "]," + tail.removesuffix("[]}") + "[" + ",".join(engine.model_dump_json() for engine in engines) + "]}"
