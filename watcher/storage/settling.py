"""Tells files that are still being written from those that stand still."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime

from watcher.storage.etags import Signature, signature


class Settling:
    """A file is settled once its times are `seconds` old by the wall clock.

    The change time counts because `cp -p` and archivers forge only the modification time. A modification time in the future is such a
    forgery and is ignored. A change time in the future means that a clock is wrong (ours was set back, or a file server's runs ahead):
    then the file is settled when it was seen unchanged for `seconds`, so that no clock starves a file.
    """

    def __init__(self, seconds: float, wall_clock: Callable[[], datetime]) -> None:
        self._seconds = seconds
        self._wall_clock = wall_clock
        self._seen: dict[str, tuple[Signature, float]] = {}  # files from the future: their state, and since when it stands

    def is_settled(self, key: str, stat: os.stat_result) -> bool:
        now = self._wall_clock().timestamp()
        if stat.st_ctime <= now:
            self._seen.pop(key, None)
            written = stat.st_ctime if stat.st_mtime > now else max(stat.st_mtime, stat.st_ctime)
            return now - written >= self._seconds
        state, since = self._seen.get(key, (None, now))
        if state != signature(stat) or since > now:
            since = now
        self._seen[key] = (signature(stat), since)
        return now - since >= self._seconds

    def forget(self, key: str) -> None:
        self._seen.pop(key, None)
