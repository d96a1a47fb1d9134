"""A copy of finished results in a local folder, kept under a cap so that a disk never fills."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from watcher.domain.document import Document, Layout
from watcher.domain.manifest import Manifest
from watcher.results.names import MANIFEST
from watcher.storage.port import Store

_MAX_COPIED_BYTES = 2**50


@dataclass
class Mirror:
    """`folder` takes `processed/<path>/<v>/`; beyond `max_bytes` in all, the copies that were made first are removed."""

    folder: Path
    max_bytes: int
    store: Store
    layout: Layout
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, document: Document, manifest: Manifest, scratch: Path) -> bool:
        """Copies one finished version whole, from scratch where its files still lie there. False where it alone is over the cap. Raises `OSError`."""
        size = sum(output.size for output in manifest.outputs)
        if size > self.max_bytes:
            return False
        target = self.folder / self.layout.result(document)
        with self._lock:
            if (target / MANIFEST).exists():
                return True
            self._make_room(size)
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=self.folder))
            try:
                for name in [output.name for output in manifest.outputs] + [MANIFEST]:
                    self._copy_file(self.layout.result(document) + name, scratch / name, partial / name)
                target.parent.mkdir(parents=True, exist_ok=True)
                partial.chmod(0o755)
                partial.replace(target)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
        return True

    def _copy_file(self, key: str, scratch: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if scratch.is_file():
            shutil.copyfile(scratch, target)
        else:
            self.store.download(key, target, _MAX_COPIED_BYTES)

    def _make_room(self, size: int) -> None:
        copies = sorted(
            (manifest.stat().st_mtime, manifest.parent) for manifest in self.folder.glob(f"{self.layout.processed}**/{MANIFEST}")
        )
        sizes = {copy: _size_of(copy) for _, copy in copies}
        total = sum(sizes.values())
        for _, copy in copies:
            if total + size <= self.max_bytes:
                return
            shutil.rmtree(copy)
            total -= sizes[copy]


def _size_of(folder: Path) -> int:
    return sum((Path(parent) / name).stat().st_size for parent, _, names in os.walk(folder) for name in names)
