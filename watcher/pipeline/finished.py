"""The finished readings of one document: every folder of its that has a manifest."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError

from watcher.domain.document import RESULT_FOLDER, Layout
from watcher.domain.manifest import Manifest
from watcher.results.names import MANIFEST
from watcher.storage.port import NotFoundError, Store

_MANIFEST = re.compile(rf"{RESULT_FOLDER.pattern}/{re.escape(MANIFEST)}")


@dataclass(frozen=True)
class Finished:
    """One reading, and the folder where it stands, with its slash. `body` is the manifest as it stands there."""

    folder: str
    manifest: Manifest
    body: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """`<v>` or `<v>-2`, see `result_folder`."""
        return self.folder.rstrip("/").rpartition("/")[2]

    @property
    def age(self) -> tuple[datetime, int]:
        """Grows with every drop and with every reading."""
        return self.manifest.source.dropped_at, self.manifest.generation


def finished_readings(store: Store, layout: Layout, path: str) -> list[Finished]:
    """Oldest first; manifests that are none of ours are left out. Raises `StoreError`."""
    folder = f"{layout.processed}{path}/"
    found = []
    for info in store.list(folder):
        if _MANIFEST.fullmatch(info.key.removeprefix(folder)):
            try:
                body = store.get(info.key)[1]
                found.append(Finished(info.key.removesuffix(MANIFEST), Manifest.model_validate_json(body), body))
            except (NotFoundError, ValidationError):
                continue
    return sorted(found, key=lambda one: one.age)
