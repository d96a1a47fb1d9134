"""`watcher put`: drop files and folders into the inbox."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from watcher.cli.answers import plain
from watcher.cli.follow import Follower, bar
from watcher.domain import exits
from watcher.domain.clock import Clock
from watcher.domain.document import Document, Layout
from watcher.opening import layout_of, open_store, utc_now
from watcher.pipeline.inbox import is_document
from watcher.results.names import content_type
from watcher.settings import Settings
from watcher.storage.port import Store

_MAX_NAMED = 5


def put(settings: Settings, paths: list[Path], *, wait: bool, timeout: float | None = None) -> int:
    """Uploads what the daemon would read, and with `wait` follows it to its end, or for `timeout` seconds. Returns the exit code.

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
    with bar(console) as progress:
        task = progress.add_task("uploading", total=len(files))
        dropped = []
        for file, name in files:
            dropped.append(_drop(store, layout, file, name))
            progress.advance(task)
    console.print(f"put into {layout.incoming} of {store.location}: {len(dropped)}", highlight=False, markup=False)
    if not wait:
        return exits.OK
    return Follower(settings, store, layout, console, timeout, Clock(time.monotonic, utc_now), time.sleep).follow(dropped)


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
        console.print(plain(f"{len(names)} left out, as watch.ignore says: {named}"))


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
    return layout.document(key, etag, file.stat().st_size, utc_now())
