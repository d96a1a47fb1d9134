"""Names of documents for a shell that completes a command line: few, soon, and nothing where anything is wrong.

Names come from the bucket, where anybody may have written them, and a shell puts them on the command line: only those that no shell takes for
anything but text are offered.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from watcher.domain.document import Layout
    from watcher.storage.port import Store

MOST_NAMES = 50
SECONDS = 2.0
_ENOUGH = 20
"""Objects of one document that are passed by, before the listing is begun anew behind it."""
_SPECIAL = re.compile(r"[\x00-\x1f!-*:-@\[-^`{-\x7f]|^[-~]")
"""All of ASCII but letters, digits, blanks and `+ , - . / _`; an option, or somebody's home."""
_RESULT = re.compile(r"/(?:(?:index\.html|latest\.json)\Z|[0-9a-f]{12}(?:-[1-9][0-9]*)?/.*)", re.DOTALL)


def finished_names(context: typer.Context, incomplete: str) -> list[str]:
    """Of documents that were read, of some of them at least."""
    return _names(context, incomplete, lambda layout: layout.processed)


def failed_names(context: typer.Context, incomplete: str) -> list[str]:
    """Of documents in `failed/`."""
    return _names(context, incomplete, lambda layout: layout.failed)


def _names(context: typer.Context, incomplete: str, prefix: Callable[[Layout], str]) -> list[str]:
    """What was found within `SECONDS`; an answer that takes longer is not waited for."""
    found: list[str] = []
    thread = threading.Thread(target=_look, args=(context.params.get("config"), incomplete, prefix, found), daemon=True)
    thread.start()
    thread.join(SECONDS)
    unquoted = _is_unquoted_in_bash(os.environ)
    return [_ForBash(name) if unquoted else name for name in found[:MOST_NAMES]]


def _is_unquoted_in_bash(environ: Mapping[str, str]) -> bool:
    """Other shells quote what they put on the command line by themselves. The words of the line come as the completion script hands them over."""
    if not environ.get("_WATCHER_COMPLETE", "").endswith("_bash"):
        return False
    words, number = environ.get("COMP_WORDS", "").split("\n"), environ.get("COMP_CWORD", "")
    word = words[int(number)] if number.isdecimal() and int(number) < len(words) else ""
    return not word.startswith(("'", '"'))


def _look(config: object, incomplete: str, prefix: Callable[[Layout], str], found: list[str]) -> None:
    with suppress(Exception):
        from pathlib import Path

        from watcher.opening import layout_of, open_store_to_look
        from watcher.settings import load_settings

        settings = load_settings(Path(str(config)) if config else None, os.environ)
        hasty = settings.storage.model_copy(update={"connect_seconds": SECONDS, "read_seconds": SECONDS, "attempts": 1})
        store, layout = open_store_to_look(settings.model_copy(update={"storage": hasty})), layout_of(settings)
        for name in documents(store, prefix(layout), incomplete):
            found.append(name)
            if len(found) == MOST_NAMES:
                return


def documents(store: Store, prefix: str, incomplete: str) -> Iterator[str]:
    """Names of the documents below `prefix` that begin like that and that may stand on a command line. Raises `StoreError`."""
    after = ""
    while True:
        name, passed = "", 0
        for info in store.list(prefix + incomplete, after=after):
            path = _RESULT.sub("", info.key.removeprefix(prefix))
            if path == name:
                passed += 1
                if passed > _ENOUGH:
                    break
                continue
            name, passed = path, 0
            if path != info.key.removeprefix(prefix) and not _SPECIAL.search(path) and path.isprintable():
                yield path
        else:
            return
        after = f"{prefix}{name}/\U0010ffff"


class _ForBash(str):
    """A name that is compared as it is and written as bash must read it: bash puts it on the command line without a quote."""

    __slots__ = ()

    def __format__(self, specification: str) -> str:
        return self.replace(" ", "\\ ")
