"""A copy of finished results in a local folder, kept under a cap so that a disk never fills."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from watcher.domain.document import RESULT_FOLDER, Document, Layout
from watcher.domain.manifest import Manifest
from watcher.pipeline.scratch import own_folder, remove_abandoned
from watcher.results.names import MANIFEST
from watcher.storage.port import Store

_MAX_COPIED_BYTES = 2**50
_PARTIAL = ".partial-"
_SPARE = 10
"""The folder is counted again after each tenth of the cap, since others may share it; one that is full is cleared down to nine tenths."""


@dataclass
class Mirror:
    """`folder` takes `processed/<path>/<v>/`; beyond `max_bytes` in all, the copies that were made first are removed.

    Several replicas may share the folder. Then the cap may be passed for a while, by a tenth of it for each of them.
    """

    folder: Path
    max_bytes: int
    store: Store
    layout: Layout
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _room: int = 0  # bytes that may be copied before the folder is counted again

    def copy(self, document: Document, manifest: Manifest, scratch: Path) -> bool:
        """Copies one finished version whole, from scratch where its files still lie there. False where it alone is over the cap. Raises `OSError`."""
        size = sum(output.size for output in manifest.outputs)
        if size > self.max_bytes:
            return False
        target = self.folder / self.layout.result(document)
        with self._lock:
            if (target / MANIFEST).exists():
                return True
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.folder, _PARTIAL)
            with own_folder(self.folder, _PARTIAL) as partial:
                if size > self._room:
                    self._room = self._make_room(size, partial)
                self._fill(partial / "copy", document, manifest, scratch)
                target.parent.mkdir(parents=True, exist_ok=True)
                (partial / "copy").replace(target)
            self._room -= size
        return True

    def _fill(self, copy: Path, document: Document, manifest: Manifest, scratch: Path) -> None:
        for name in [output.name for output in manifest.outputs] + [MANIFEST]:
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (scratch / name).is_file():
                shutil.copyfile(scratch / name, target)
            else:
                self.store.download(self.layout.result(document) + name, target, _MAX_COPIED_BYTES)

    def _make_room(self, size: int, partial: Path) -> int:
        """Counts what lies there, and removes copies where `size` more would pass the cap. Returns what may be copied until the next count."""
        copies = sorted(self._copies())
        total, spare = sum(held for _, held, _ in copies), self.max_bytes // _SPARE
        if total + size > self.max_bytes:
            for number, (_, held, copy) in enumerate(copies):
                if total + size + spare <= self.max_bytes:
                    break
                removed = partial / f"removed-{number}"
                with suppress(FileNotFoundError):  # another replica was first
                    copy.rename(removed)  # at once: a kill while its files go leaves no half of it in its place
                shutil.rmtree(removed, ignore_errors=True)
                total -= held
        return max(size, min(spare, self.max_bytes - total))

    def _copies(self) -> Iterator[tuple[float, int, Path]]:
        """When each copy was made, its bytes, and where it lies."""
        for manifest in self.folder.glob(f"{self.layout.processed}**/{MANIFEST}"):
            if RESULT_FOLDER.fullmatch(manifest.parent.name):
                with suppress(FileNotFoundError):  # another replica removes it
                    yield manifest.stat().st_mtime, _size_of(manifest.parent), manifest.parent


def _size_of(folder: Path) -> int:
    return sum((Path(parent) / name).stat().st_size for parent, _, names in os.walk(folder) for name in names)
