"""`watcher get`: a document's results onto this disk, or why there are none yet."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from watcher.cli.answers import plain
from watcher.cli.places import clickable, place_of
from watcher.domain import exits
from watcher.domain.document import RESULT_FOLDER, Layout, is_hashed
from watcher.domain.manifest import ErrorReport
from watcher.domain.terminal import OBEYED
from watcher.opening import layout_of, open_store_to_look, utc_now
from watcher.pipeline.download import NotDownloadedError, download, fetch_one
from watcher.pipeline.finished import Finished, finished_readings
from watcher.pipeline.progress import progress
from watcher.pipeline.restore import path_of
from watcher.pipeline.retry import Retry
from watcher.results.names import DOCUMENT_MD, PREVIEW_HTML, content_type, is_device
from watcher.settings import Settings
from watcher.storage.port import NotFoundError, Store

_MOST_THREADS = 16
_MAX_NAME_BYTES = 200
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


def get(settings: Settings, key: str, folder: Path | None, *, version: str | None, force: bool, markdown: bool) -> int:
    """Downloads the newest finished reading of a document, or the one of `version`; with `markdown` writes its text to standard output instead.

    Returns the exit code. Raises `StoreError`, `OSError`.
    """
    console = Console(stderr=True, soft_wrap=True)
    store, layout = open_store_to_look(settings), layout_of(settings)
    path, named = _path(layout, key)
    found = finished_readings(store, layout, path)
    wanted = version or named
    chosen = next((one for one in reversed(found) if wanted in (None, one.name)), None)
    if chosen is None and wanted is not None and found:
        console.print(plain(f"{key}: no finished version {wanted}; there are {', '.join(one.name for one in found)}"))
        return exits.ERROR
    if chosen is None:
        words, code = _unfinished(store, layout, path, settings)
        console.print(plain(f"{key}: {words}"))
        return code
    if wanted is None and (newer := _newer(store, layout, path, chosen, found, settings)):
        console.print(plain(f"{key}: this is what was finished last; of a newer drop: {newer}"))
    try:
        if markdown:
            _print_markdown(store, chosen)
        else:
            _bring(settings, store, chosen, folder or Path(folder_name(chosen)), force, console)
    except NotDownloadedError as error:
        console.print(plain(f"{key}: {error}"))
        return exits.ERROR
    return exits.OK


def folder_name(finished: Finished) -> str:
    """The document's name without the ending of its type, since the document itself may lie there under the whole; as any disk can hold it."""
    name = finished.manifest.source.key.rpartition("/")[2]
    stem, _, ending = name.rpartition(".")
    if stem and content_type(f"a.{ending}") != "application/octet-stream":
        name = stem
    plain_name = "".join(character if character.isprintable() else "_" for character in _NOT_IN_NAMES.sub("_", name))
    cut = plain_name.encode(errors="replace")[:_MAX_NAME_BYTES].decode(errors="ignore").rstrip(". ").lstrip(" ")
    return f"_{cut}" if not cut.strip(".") or is_device(cut) or cut.startswith(("-", ".")) else cut


def _path(layout: Layout, place: str) -> tuple[str, str | None]:
    """The document's path under our prefixes, and the version that was named with it, as in `processed/a.pdf/301f2651bb0c/preview.html`."""
    prefix = next((prefix for prefix in (layout.processed, layout.failed) if place.startswith(prefix)), layout.processed)
    path = path_of(layout, prefix, place)
    below = place.removeprefix(f"{layout.processed}{path}/").partition("/")[0]
    return path, below if place.startswith(layout.processed) and RESULT_FOLDER.fullmatch(below) else None


def _unfinished(store: Store, layout: Layout, path: str, settings: Settings) -> tuple[str, int]:
    """What there is instead of a result, and the exit code."""
    if going_on := _in_the_inbox(store, layout, path):
        return going_on, exits.UNFINISHED
    if failed := _failed(store, layout, path, settings):
        return failed[0], exits.SOME_FAILED
    if finished_readings(store, layout, path):
        return "was finished this moment: ask again", exits.UNFINISHED
    if is_hashed(path) and any(True for _ in store.list(f"{layout.claims}{path}/")):
        return "not finished; `watcher status` names it", exits.UNFINISHED
    return f"there is no such document in {store.location}; `watcher status` names those that are in work or failed", exits.ERROR


def _in_the_inbox(store: Store, layout: Layout, path: str, but: tuple[str, ...] = ()) -> str:
    """What is going on with what stands in the inbox, unless that is one of the versions `but`; empty where nothing does."""
    if is_hashed(path):
        return ""
    try:
        info = store.head(layout.incoming + path)
    except NotFoundError:
        return ""
    document = layout.document(info.key, info.etag, info.size, info.modified)
    return "" if document.version in but else progress(store, layout, document, utc_now()).words


def _failed(store: Store, layout: Layout, path: str, settings: Settings) -> tuple[str, ErrorReport | None] | None:
    """The newest failure in words, with its report where that is one of ours."""
    for key in Retry(store, layout).find(layout.failed + path):
        try:
            report = ErrorReport.model_validate_json(store.get(key)[1])
        except NotFoundError:
            continue
        except ValidationError:
            return f"failed; {place_of(settings, key)} should tell why, but is none of ours", None
        told = f"failed, {report.code}: {report.message} More in {place_of(settings, key)}; `watcher retry` tries it again"
        return told, report
    return None


def _newer(store: Store, layout: Layout, path: str, chosen: Finished, found: list[Finished], settings: Settings) -> str:
    """What became of a drop after the one that was finished last; empty where there was none."""
    if going_on := _in_the_inbox(store, layout, path, tuple(one.manifest.version for one in found)):
        return going_on
    failed = _failed(store, layout, path, settings)
    if failed is None or failed[1] is None or failed[1].source.dropped_at <= chosen.manifest.source.dropped_at:
        return ""
    return failed[0]


def _print_markdown(store: Store, chosen: Finished) -> None:
    """As it stands, or to a terminal without what that would obey: the text is a stranger's."""
    with tempfile.TemporaryDirectory(prefix="watcher-") as folder:
        path = Path(folder) / DOCUMENT_MD
        fetch_one(store, chosen, DOCUMENT_MD, path)
        if sys.stdout.isatty():
            text = path.read_text(encoding="utf-8", errors="replace")
            sys.stdout.write(OBEYED.sub(lambda found: found[0] if found[0] in "\n\t" else "\N{REPLACEMENT CHARACTER}", text))
        else:
            sys.stdout.buffer.write(path.read_bytes())
        sys.stdout.flush()


def _bring(settings: Settings, store: Store, chosen: Finished, folder: Path, force: bool, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("downloading", total=sum(max(output.size, 0) for output in chosen.manifest.outputs))
        threads = min(_MOST_THREADS, settings.connections)
        done = download(store, chosen, folder, force=force, threads=threads, came=lambda size: bar.advance(task, size))
    counts = [f"{done.came} downloaded"]
    counts += [f"{done.stood} stood there already"] * bool(done.stood) + [f"{done.removed} of another result removed"] * bool(done.removed)
    pages = len(chosen.manifest.pages)
    console.print(plain(f"version {chosen.name}, {pages} {'page' if pages == 1 else 'pages'}; files: {', '.join(counts)}"))
    out = Console(soft_wrap=True)
    for name in (PREVIEW_HTML, DOCUMENT_MD):
        path = folder / name
        if path.is_file():
            out.print(clickable(str(path), path.absolute().as_uri()))
