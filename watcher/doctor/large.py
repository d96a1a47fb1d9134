"""Whether an object of a few megabytes passes: proxies on the way often refuse what is larger than one."""

from __future__ import annotations

from collections.abc import Callable

from watcher.doctor.scratch import scratch_prefix
from watcher.doctor.wording import failed, ok, rounded
from watcher.domain.doctor import Finding
from watcher.storage.port import Store
from watcher.storage.probe import remove_scratch

BYTES = 8 << 20
"""More than a page's picture; documents may be larger still, up to `limits.file_bytes`, which would take too long to try."""


def large(store: Store, prefix: str, nonce: Callable[[], str], monotonic: Callable[[], float]) -> Finding:
    """Put and get. Raises `StoreError`."""
    key, body = scratch_prefix(prefix) + nonce(), bytes(range(256)) * (BYTES // 256)
    try:
        began = monotonic()
        store.put(key, body, "application/octet-stream")
        written = monotonic()
        read = store.get(key)[1]
        ended = monotonic()
    finally:
        remove_scratch(store, key)
    if read != body:
        return failed(
            f"An object of {rounded(BYTES)} came back changed.",
            "Ask the store's provider; look whether a proxy on the way changes what passes.",
        )
    return ok(f"{rounded(BYTES)} were written {_within(written - began)} and read {_within(ended - written)}.")


def _within(seconds: float) -> str:
    return f"in {seconds:.1f} s" if seconds >= 0.1 else "in less than 0.1 s"
