"""`watcher redo`: finished documents are read anew."""

from __future__ import annotations

import socket
import time

from watcher.app import layout_of, new_nonce, utc_now
from watcher.cli.answers import tell
from watcher.cli.suited import open_suited
from watcher.domain import exits
from watcher.domain.clock import Clock
from watcher.lease.claim import Identity
from watcher.pipeline.redo import Redo
from watcher.settings import Settings


def redo(settings: Settings, places: list[str]) -> int:
    """Returns the exit code. Raises `StoreError`."""
    store, appender = open_suited(settings)
    person = f"redo on {settings.watch.replica or socket.gethostname()}"
    identity = Identity(person, settings.claims.lease_seconds, Clock(time.monotonic, utc_now), new_nonce)
    _, left = tell(Redo(store, layout_of(settings), identity, appender).run(dict.fromkeys(places)))
    return exits.ERROR if left else exits.OK
