"""Whether what is finished still stands as its manifest says. Reports, and deletes nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from itertools import groupby

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from watcher.domain.claim import Outcome, Phase
from watcher.domain.document import RESULT_FOLDER, Layout, split_result_folder
from watcher.domain.manifest import Manifest
from watcher.domain.verification import Progress
from watcher.lease.log import ClaimLog, UnreadableEntryError
from watcher.results.names import ERROR_JSON, MANIFEST
from watcher.storage.port import NotFoundError, ObjectInfo, Store

_RESULT = re.compile(rf"(?P<folder>.+/{RESULT_FOLDER.pattern}/)(?P<name>(?:pages/|images/)?[^/]+)", re.DOTALL)
_BEHIND = "~"  # comes after all names in a folder
_MAX_NAMED = 10
_ADVICE_BROKEN = (
    "The result is not whole any more. `watcher redo` with the document's name reads it anew, into a folder of its own. Or copy its"
    " source.<ext> back into the inbox under the document's name, after removing all else under `result`. Without a source.<ext> drop the original."
)
_ADVICE_LEFT_OVER = "Nobody reads what is left over, and it belongs to no result. Look at it and remove it."


class _Look(Enum):
    SOUND = "sound"
    UNFINISHED = "unfinished"  # its document is in work, or in `failed/`, or was removed by a person


@dataclass(frozen=True)
class Flaw:
    """One version's folder. `broken`: named in the manifest, but gone or with another size or ETag; `left_over`: not named in it."""

    folder: str
    broken: tuple[str, ...]
    left_over: tuple[str, ...]


def compare(folder: str, manifest: Manifest, standing: dict[str, ObjectInfo]) -> Flaw | None:
    """`standing` by name within the folder, the manifest itself included. None where all is as it should be."""
    named = {output.name: output for output in manifest.outputs}
    broken = tuple(
        name
        for name, output in named.items()
        if name not in standing or (standing[name].size, standing[name].etag) != (output.size, output.etag)
    )
    left_over = tuple(name for name in standing if name not in named and name != MANIFEST)
    return Flaw(folder, broken, left_over) if broken or left_over else None


@dataclass(frozen=True)
class Verifier:
    """One listing of all results, one request for each manifest, and some more for what then looks wrong: it may have changed since."""

    store: Store
    layout: Layout
    log: FilteringBoundLogger
    stopping: threading.Event = field(default_factory=threading.Event)

    def check(self, begun: Progress) -> Iterator[Progress]:
        """Logs each flaw. How far it is after each folder, from where it was `begun`; ends early once `stopping` is set. Raises `StoreError`."""
        progress = begun
        for folder, standing in self._folders(after=begun.after + _BEHIND if begun.after else ""):
            if self.stopping.is_set():
                return
            found = self._look(folder, standing)
            if isinstance(found, Flaw):
                self._tell(found)
            progress = Progress(
                after=folder,
                results=progress.results + 1,
                flawed=progress.flawed + isinstance(found, Flaw),
                unfinished=progress.unfinished + (found is _Look.UNFINISHED),
            )
            yield progress

    def _look(self, folder: str, standing: dict[str, ObjectInfo]) -> Flaw | _Look:
        if MANIFEST not in standing:
            if self._is_unfinished(folder):
                return _Look.UNFINISHED
            standing = self._standing(folder)  # finished since it was listed?
        if not standing:
            return _Look.SOUND  # a person removed it whole
        if MANIFEST not in standing:
            return Flaw(folder, (MANIFEST,), tuple(standing))
        try:
            manifest = Manifest.model_validate_json(self.store.get(folder + MANIFEST)[1])
        except (ValidationError, NotFoundError):
            return Flaw(folder, (MANIFEST,), ())
        flaw = compare(folder, manifest, standing)
        if flaw is not None and flaw.broken:
            flaw = compare(folder, manifest, {**standing, **self._heads(folder, flaw.broken)})
        return flaw or _Look.SOUND

    def _is_unfinished(self, folder: str) -> bool:
        """Whether it is being read, or was given up: its document failed, was removed or replaced by a person, or was read anew since."""
        document, name = folder.removeprefix(self.layout.processed).removesuffix("/").rsplit("/", 1)
        version, generation = split_result_folder(name)
        relative = f"{document}/{version}/"
        log = ClaimLog(self.store, self.layout.claims + relative)
        tail = log.tail()
        try:
            last = log.read(tail.entries) if tail is not None else None
        except NotFoundError:  # pruned since it was listed
            last = None
        except UnreadableEntryError:  # of another version of the program, which may be at it
            return True
        if last is not None and not (last.phase is Phase.CLOSED and last.outcome is Outcome.DONE and last.generation <= generation):
            return True
        return bool(self._heads(self.layout.failed + relative, (ERROR_JSON,))) or self._was_read_anew(document, version, generation)

    def _was_read_anew(self, document: str, version: str, generation: int) -> bool:
        """Whether a later reading is finished: for logs that were pruned since."""
        later = (folder for folder, standing in self._folders(f"{self.layout.processed}{document}/{version}-") if MANIFEST in standing)
        return any(split_result_folder(folder.removesuffix("/").rpartition("/")[2])[1] > generation for folder in later)

    def _heads(self, folder: str, names: Iterable[str]) -> dict[str, ObjectInfo]:
        """Those that stand, by name."""
        standing = {}
        for name in names:
            with suppress(NotFoundError):
                standing[name] = self.store.head(folder + name)
        return standing

    def _tell(self, flaw: Flaw) -> None:
        self.log.warning(
            "result_flawed",
            result=flaw.folder,
            broken=list(flaw.broken[:_MAX_NAMED]),
            broken_count=len(flaw.broken),
            left_over=list(flaw.left_over[:_MAX_NAMED]),
            left_over_count=len(flaw.left_over),
            advice=_ADVICE_BROKEN if flaw.broken else _ADVICE_LEFT_OVER,
        )

    def _standing(self, folder: str) -> dict[str, ObjectInfo]:
        return next((standing for found, standing in self._folders(folder) if found == folder), {})

    def _folders(self, prefix: str = "", after: str = "") -> Iterator[tuple[str, dict[str, ObjectInfo]]]:
        listing = self.store.list(prefix or self.layout.processed, after)
        matches = ((match, info) for info in listing if (match := _RESULT.fullmatch(info.key)))
        for folder, group in groupby(matches, key=lambda pair: pair[0]["folder"]):
            yield folder, {match["name"]: info for match, info in group}
