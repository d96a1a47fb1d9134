"""Whether what is finished still stands as its manifest says. Reports, and deletes nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from pydantic import ValidationError
from structlog.typing import FilteringBoundLogger

from watcher.domain.claim import Phase
from watcher.domain.document import Layout
from watcher.domain.manifest import Manifest
from watcher.lease.log import ClaimLog
from watcher.results.names import MANIFEST
from watcher.storage.port import NotFoundError, ObjectInfo, Store, StoreError

_RESULT = re.compile(r"(?P<folder>.+/[0-9a-f]{12}/)(?P<name>(?:pages/|images/)?[^/]+)", re.DOTALL)


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
    """One listing of all results, and one request for each manifest."""

    store: Store
    layout: Layout
    log: FilteringBoundLogger
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Logs each flaw, and at the end how many folders were looked at; ends early once `stopping` is set."""
        folders = flaws = 0
        try:
            for folder, standing in self._folders():
                if self.stopping.is_set():
                    return
                folders += 1
                flaw = self._flaw(folder, standing)
                if flaw is not None:
                    flaws += 1
                    self.log.warning("result_flawed", result=flaw.folder, broken=list(flaw.broken), left_over=list(flaw.left_over))
        except StoreError as error:
            self.log.warning("verification_failed", results=folders, reason=str(error))
            return
        self.log.info("results_verified", results=folders, flawed=flaws)

    def _flaw(self, folder: str, standing: dict[str, ObjectInfo]) -> Flaw | None:
        if MANIFEST not in standing:
            return None if self._in_work(folder) else Flaw(folder, (MANIFEST,), tuple(standing))
        try:
            manifest = Manifest.model_validate_json(self.store.get(folder + MANIFEST)[1])
        except (ValidationError, NotFoundError):
            return Flaw(folder, (MANIFEST,), ())
        return compare(folder, manifest, standing)

    def _in_work(self, folder: str) -> bool:
        """Whether a claim log says that the version is not at its end yet."""
        log = ClaimLog(self.store, self.layout.claims + folder.removeprefix(self.layout.processed))
        tail = log.tail()
        return tail is not None and log.read(tail.entries).phase is not Phase.CLOSED

    def _folders(self) -> Iterator[tuple[str, dict[str, ObjectInfo]]]:
        matches = ((match, info) for info in self.store.list(self.layout.processed) if (match := _RESULT.fullmatch(info.key)))
        for folder, group in groupby(matches, key=lambda pair: pair[0]["folder"]):
            yield folder, {match["name"]: info for match, info in group}
