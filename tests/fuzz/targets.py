"""What is fuzzed: functions of bytes that raise nothing, whatever the bytes are. A broken promise is an AssertionError.

Bytes alone decide, so that an input that once found something can be kept as a file and tried again without the fuzzer.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from documents import mathml
from markdown_it import MarkdownIt
from pydantic import BaseModel, ValidationError

from watcher.domain.claim import Beat, Entry, decide
from watcher.domain.document import MAX_KEY_BYTES, MAX_PART_BYTES, Document, Layout
from watcher.domain.errors import DocumentError
from watcher.domain.manifest import ErrorReport, Manifest
from watcher.domain.page import Block, Page, PageStatus, TextFormat
from watcher.domain.retry import RetryPolicy
from watcher.intake import child
from watcher.intake.port import Limits, RenderedPage, Rendering
from watcher.lease.names import entry_names, split_log_object
from watcher.results.document import document_json
from watcher.results.markdown import document_markdown
from watcher.results.names import figure, source_name
from watcher.results.preview import preview_html
from watcher.results.tables import safe_table

_LIMITS = Limits(pages=20, image_pixels=200_000, parse_seconds=10, parse_memory_bytes=1 << 30)
_RENDERING = Rendering(dpi=36, max_pixels=20_000, jpeg_quality=50, jpeg_max_side=100)
_NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
_POLICY = RetryPolicy(max_attempts=3, backoff_seconds=30, backoff_max_seconds=3600)
_LAYOUT = Layout()
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_Element = tuple[str, dict[str, str | None]]
_PROSE = frozenset({"strong", "em", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "p", "h1", "h2", "h3", "h4", "h5", "h6"})
"""What an engine's Markdown may become."""
_ACTING = ("script", "style", "meta", "base", "form", "iframe", "object", "embed")
_TABLE = frozenset({"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "br", "sub", "sup", "div"})


@cache
def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="watcher-fuzz-"))


def intake(data: bytes) -> None:
    """A file is looked at, and its first two pages drawn: pages within the bounds, or a code with a sentence."""
    path = _scratch() / "document"
    path.write_bytes(data)
    try:
        inspection = child.inspect(path, _LIMITS)
        pages = child.render(path, inspection.media_type, range(1, min(inspection.pages, 2) + 1), _RENDERING, _LIMITS, _scratch())
    except DocumentError as error:
        _check_sentence(error.message)
        return
    assert 1 <= inspection.pages <= _LIMITS.pages
    for page in pages:
        if isinstance(page, RenderedPage):
            assert page.width * page.height <= _RENDERING.max_pixels
            assert 0 <= page.ink <= 1


def _check_sentence(message: str) -> None:
    assert message
    assert message.isprintable()


def names(data: bytes) -> None:
    """Two names of dropped files: each has places of its own, that are no other's, within the rules of stores and disks."""
    half = len(data) // 2
    keys = {data[:half].decode("utf-8", "replace"), data[half:].decode("utf-8", "replace")}
    documents = [_LAYOUT.document(_LAYOUT.incoming + key, "etag", 1, _NOW) for key in sorted(keys) if key]
    for document in documents:
        _check_places(document)
        extension = Path(document.key).suffix
        assert re.fullmatch(r"source(\.[a-z0-9]{1,16})?", source_name(extension))
        assert re.fullmatch(r"images/p0001_[a-z0-9_]+_1_2_3_4\.jpg", figure(1, document.key, (1, 2, 3, 4)))
    for one in documents:
        for other in documents:
            if one is not other:
                assert one.path != other.path
                assert not _LAYOUT.result(one).startswith(_LAYOUT.result(other))
                assert not _LAYOUT.claim_log(one).startswith(_LAYOUT.claim_log(other))
                assert _LAYOUT.folder(one) + "index.html" != _LAYOUT.folder(other) + "latest.json"


def _check_places(document: Document) -> None:
    for place in (_LAYOUT.claim_log(document), _LAYOUT.result(document), _LAYOUT.failure(document)):
        longest = place + "images/p0001_" + "a" * 40 + "_10000_10000_10000_10000.jpg"
        assert len(longest.encode()) <= MAX_KEY_BYTES
        parts = place.removesuffix("/").split("/")
        assert all(0 < len(part.encode()) <= MAX_PART_BYTES and part not in (".", "..") for part in parts)
        assert place.isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\\]", place)
    assert split_log_object(_LAYOUT.claim_log(document) + "000001") == (_LAYOUT.claim_log(document), "000001")


def claims(data: bytes) -> None:
    """What stands under `claims/`: an entry that a decision can be made on, a beat, or neither."""
    entry = _parsed(Entry, data)
    if entry is not None:
        for unchanged in (0.0, 1e9):
            decide(entry, unchanged, _NOW, 60, _POLICY, keeps_source=False)
    _parsed(Beat, data)
    listed = data.decode("utf-8", "replace").split("\n")
    for name in entry_names(listed):
        assert str(name) in listed
    for key in listed:
        split = split_log_object(key)
        assert split is None or split[0] + split[1] == key


def records(data: bytes) -> None:
    """What stands under `processed/` and `failed/`: a record, or not; a page that is one can be made into every file."""
    _parsed(Manifest, data)
    _parsed(ErrorReport, data)
    page = _parsed(Page, data)
    if page is not None:
        without = page.model_copy(update={"blocks": [block.model_copy(update={"figure": None}) for block in page.blocks]})
        _check_markdown("".join(document_markdown([without], ())), [page.number])
        shown = _elements("".join(preview_html([page], "name.pdf", 1, ())))
        assert {tag for tag, _ in shown} <= {tag for tag, _ in _harmless()} | _TABLE | mathml.ELEMENTS | _PROSE
        source = Manifest.model_validate_json((Path(__file__).parent / "corpus" / "records" / "manifest.json").read_bytes()).source
        "".join(document_json([page], "0" * 12, source)).encode()


def _parsed(model: type[BaseModel], data: bytes) -> BaseModel | None:
    try:
        found = model.model_validate_json(data)
    except ValidationError:
        return None
    again = model.model_validate_json(found.model_dump_json())
    assert again.model_dump_json() == found.model_dump_json()
    return found


def markdown(data: bytes) -> None:
    """Text that an engine read, in each format: it makes no HTML, link, image or page that is not ours, and swallows nothing after it."""
    text = data.decode("utf-8", "replace")
    for kind in TextFormat:
        for label in ("text", "doc_title"):
            pages = [_page(1, Block(label=label, box=(0, 0, 1, 1), order=0, text=text, format=kind)), _page(2, _block("the end"))]
            whole = "".join(document_markdown(pages, ()))
            _check_markdown(whole, [1, 2])
            last = [token.content.strip() for token in _MARKDOWN.parse(whole) if token.type in ("inline", "html_block")][-2:]
            assert last == ["<!-- page 2 -->", "the end"], kind
    noted = _page(1, _block("the end")).model_copy(update={"status": PageStatus.TRUNCATED, "note": text})
    _check_markdown("".join(document_markdown([noted], ())), [1])


def _block(text: str) -> Block:
    return Block(label="text", box=(0, 0, 1, 1), order=0, text=text)


def _page(number: int, block: Block) -> Page:
    return Page(number=number, width=10, height=10, dpi=72, status=PageStatus.OK, blocks=[block])


def _check_markdown(whole: str, pages: list[int]) -> None:
    assert [int(number) for number in re.findall(r"<!-- page (\d+) -->", whole)] == pages
    for token in _MARKDOWN.parse(whole):
        kinds = {inline.type for inline in token.children or []}
        assert not kinds & {"link_open", "html_inline", "image"}, token.content
        if token.type == "html_block" and not token.content.startswith("<!-- "):
            assert {tag for tag, _ in _elements(token.content)} <= _TABLE
    assert "\x1b" not in whole


def html(data: bytes) -> None:
    """The same text, a label and a name in the preview: it adds no element, no attribute that acts, no link."""
    text = data.decode("utf-8", "replace")
    elements = _elements(_preview(text))
    harmless = _harmless()
    assert {tag for tag, _ in elements} <= {tag for tag, _ in harmless} | _TABLE | mathml.ELEMENTS | _PROSE
    assert [tag for tag, _ in elements if tag in _ACTING] == [tag for tag, _ in harmless if tag in _ACTING]
    assert not any(name.startswith("on") for name in _attributes(elements))
    plain = [(tag, attributes) for tag, attributes in elements if tag not in mathml.ELEMENTS]
    assert _attributes(plain) <= _attributes(harmless) | {"colspan", "rowspan", "start"}
    assert _targets(elements) <= _targets(harmless)
    table = _elements(safe_table(text))
    assert {tag for tag, _ in table} <= _TABLE
    assert _attributes(table) <= {"colspan", "rowspan"}


def _preview(text: str) -> str:
    """A page for each status, with a block of each format under each kind of label; `text` wherever a document's text stands."""
    places = [(label, kind) for label in ("text", "doc_title", text) for kind in TextFormat]
    blocks = [
        Block(label=label, box=(0, 0, 1, 1), order=order, text=text, format=kind, missing=text)
        for order, (label, kind) in enumerate(places)
    ]
    blocks.append(Block(label="image", box=(0, 0, 1, 1), order=len(blocks), figure="images/p0001_image_0_0_1_1.jpg"))
    pages = [
        Page(number=number, width=10, height=10, dpi=72, status=status, note=text, blocks=blocks, image=f"pages/{number:04d}.jpg")
        for number, status in enumerate(PageStatus, start=1)
    ]
    return "".join(preview_html(pages, text, len(pages), ()))


@cache
def _harmless() -> list[_Element]:
    return _elements(_preview("a"))


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def _elements(whole: str) -> list[_Element]:
    parser = _Parser()
    parser.feed(whole)
    parser.close()
    return parser.seen


def _attributes(elements: list[_Element]) -> set[str]:
    return {name for _, attributes in elements for name in attributes}


def _targets(elements: list[_Element]) -> set[str | None]:
    return {attributes.get(name) for _, attributes in elements for name in ("href", "src", "action", "content")}


TARGETS: dict[str, Callable[[bytes], None]] = {
    "intake": intake,
    "names": names,
    "claims": claims,
    "records": records,
    "markdown": markdown,
    "html": html,
}
