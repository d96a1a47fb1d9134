"""Whether names of documents come back as they were given: Cyrillic, spaces, plus and percent signs."""

from __future__ import annotations

from collections.abc import Callable

from watcher.doctor.scratch import scratch_prefix
from watcher.doctor.wording import failed, ok
from watcher.domain.doctor import Finding
from watcher.storage.port import NotFoundError, Store
from watcher.storage.probe import remove_scratch

NAME = " Счёт № 5 + копия 100%.txt"
_ADVICE = (
    "Name documents with Latin letters, digits, dots and hyphens only, and ask the store's provider why it changes other names;"
    " a proxy on the way may be the cause too."
)


def names(store: Store, prefix: str, nonce: Callable[[], str]) -> Finding:
    """Put, list, get and delete. Raises `StoreError`."""
    key = scratch_prefix(prefix) + nonce() + NAME
    body = key.encode()
    try:
        store.put(key, body, "text/plain")
        if [info.key for info in store.list(key[: -len(NAME)])] != [key]:
            return failed("A name with Cyrillic letters, spaces, + and % is not listed as it was given.", _ADVICE)
        try:
            read = store.get(key)[1]
        except NotFoundError:
            read = b""
        if read != body:
            return failed("An object with Cyrillic letters, spaces, + and % in its name cannot be read back.", _ADVICE)
        store.delete(key)
        if any(True for _ in store.list(key)):
            return failed("An object with Cyrillic letters, spaces, + and % in its name cannot be deleted.", _ADVICE)
    finally:
        remove_scratch(store, key)
    return ok("Names with Cyrillic letters, spaces, + and % come back as they were given.")
