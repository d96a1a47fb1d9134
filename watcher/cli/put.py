"""`watcher put`: drop files and folders into the inbox."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from watcher.app import layout_of, open_store
from watcher.domain import exits
from watcher.domain.claim import Entry, Outcome, Phase
from watcher.domain.document import Document, Layout
from watcher.domain.manifest import ErrorReport
from watcher.lease.log import ClaimLog, UnreadableEntryError
from watcher.pipeline.inbox import is_document
from watcher.results.names import ERROR_JSON, INDEX_HTML, MANIFEST, content_type
from watcher.settings import Settings
from watcher.storage.port import NotFoundError, Store
from watcher.storage.standing import stands

_LOOK_SECONDS = 1.0
_MAX_NAMED = 5


@dataclass(frozen=True)
class Ended:
    """Where a document's way ended: `reason` is empty for a finished one."""

    place: str
    reason: str


def put(settings: Settings, paths: list[Path], *, wait: bool) -> int:
    """Uploads what the daemon would read, and with `wait` follows it to its end. Returns the exit code.

    Raises `StoreError`, or `OSError` for a path, before anything is uploaded.
    """
    console = Console(stderr=True)
    store, layout = open_store(settings), layout_of(settings)
    found = [each for path in paths for each in _files(path)]
    files = [(file, name) for file, name in found if is_document(name, "", settings.watch.ignore)]
    if not found:
        raise FileNotFoundError("there is no file in the folders given: nothing was put")
    for file, name in files:
        _require_readable(file)
        _require_text(file, name)
    _require_distinct(files)
    _tell_left_out([name for _, name in found if not is_document(name, "", settings.watch.ignore)], console)
    with _progress(console) as progress:
        task = progress.add_task("uploading", total=len(files))
        dropped = []
        for file, name in files:
            dropped.append(_drop(store, layout, file, name))
            progress.advance(task)
    console.print(f"put into {layout.incoming} of {store.location}: {len(dropped)}", highlight=False, markup=False)
    return _follow(store, layout, dropped, console) if wait else exits.OK


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Each file and its name below the inbox: that of a folder's file begins with the folder's name."""
    if path.is_file():
        yield path, path.name
    elif path.is_dir():
        base = path.resolve()
        for file in sorted(base.rglob("*")):
            if not file.is_dir():
                yield file, file.relative_to(base.parent).as_posix()
    elif path.is_symlink() or path.exists():  # told of by `_require_readable`
        yield path, path.name
    else:
        raise FileNotFoundError(f"{path}: there is no such file or folder")


def _tell_left_out(names: list[str], console: Console) -> None:
    if names:
        named = ", ".join(names[:_MAX_NAMED]) + (", ..." if len(names) > _MAX_NAMED else "")
        console.print(f"{len(names)} left out, as watch.ignore says: {named}", highlight=False, markup=False)


def _require_readable(file: Path) -> None:
    """Raises `OSError` whose text names it."""
    if not file.exists():
        raise FileNotFoundError(f"{file}: it is a link to what is not there; remove it, or give other paths")
    if not file.is_file():
        raise OSError(f"{file}: it is no regular file; remove it, or give other paths")
    try:
        file.open("rb").close()
    except OSError as error:
        raise OSError(f"{file}: cannot be read: {error.strerror}") from None


def _require_text(file: Path, name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise OSError(f"{str(file)!r}: its name is not Unicode text; rename it, or give other paths") from None


def _require_distinct(files: list[tuple[Path, str]]) -> None:
    """One would silently take the other's place in the inbox."""
    seen: dict[str, Path] = {}
    for file, name in files:
        if name in seen:
            raise OSError(f"{seen[name]} and {file} would both be {name} in the inbox; rename one, or put them one after the other")
        seen[name] = file


def _drop(store: Store, layout: Layout, file: Path, name: str) -> Document:
    key = layout.incoming + name
    etag = store.put(key, file, content_type(name))
    return layout.document(key, etag, file.stat().st_size, datetime.now(timezone.utc))


def _follow(store: Store, layout: Layout, dropped: list[Document], console: Console) -> int:
    failed = 0
    waiting = list(dropped)
    with _progress(console) as progress:
        task = progress.add_task("reading", total=len(dropped))
        while waiting:
            still = []
            for document in waiting:
                ended = how_ended(store, layout, document)
                if ended is None:
                    still.append(document)
                    continue
                failed += bool(ended.reason)
                progress.advance(task)
                progress.console.print(f"{document.key}  ->  {ended.place}  {ended.reason}".rstrip(), highlight=False, markup=False)
            waiting = still
            if waiting:
                time.sleep(_LOOK_SECONDS)
    return exits.SOME_FAILED if failed else exits.OK


def how_ended(store: Store, layout: Layout, document: Document) -> Ended | None:
    """None while it is not known: an error from an earlier drop does not count while the source still stands in the inbox."""
    finished = Ended(layout.folder(document) + INDEX_HTML, "")
    if _is_finished(store, layout, document):
        generation = _generation(store, layout, document)
        return finished if generation == document.generation else how_ended(store, layout, replace(document, generation=generation))
    if stands(store, document.key, document.etag):
        return None
    over = _how_closed(store, layout, document)  # what it came to stands before that, so it is looked for after
    if _is_finished(store, layout, document):
        return finished
    try:
        report = ErrorReport.model_validate_json(store.get(layout.failure(document) + ERROR_JSON)[1])
    except NotFoundError:
        return Ended(document.key, over) if over else None
    return Ended(layout.failure(document) + ERROR_JSON, f"{report.code}: {report.message}")


def _how_closed(store: Store, layout: Layout, document: Document) -> str:
    """Of a document that left the inbox: why nothing is to be seen of it; empty while somebody may still work on it."""
    try:
        last = _last_entry(store, layout, document)
    except (NotFoundError, UnreadableEntryError):
        return ""
    if last is None or last.outcome is Outcome.GONE:
        return "left the inbox before it was read: somebody removed or replaced it"
    return "was read, but somebody removed what came of it" if last.phase is Phase.CLOSED else ""


def _generation(store: Store, layout: Layout, document: Document) -> int:
    """Which reading of it is the last one that was asked for: results of another one may stand for long."""
    try:
        last = _last_entry(store, layout, document)
    except (NotFoundError, UnreadableEntryError):
        last = None
    return last.generation if last is not None else document.generation


def _last_entry(store: Store, layout: Layout, document: Document) -> Entry | None:
    """Raises `UnreadableEntryError`, and `NotFoundError` where the log has just changed."""
    log = ClaimLog(store, layout.claim_log(document))
    tail = log.tail()
    return log.read(tail.entries) if tail is not None else None


def _is_finished(store: Store, layout: Layout, document: Document) -> bool:
    try:
        store.head(layout.result(document) + MANIFEST)
    except NotFoundError:
        return False
    return True


def _progress(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console)
