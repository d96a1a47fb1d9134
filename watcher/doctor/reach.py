"""Whether the store can be reached, and knows us."""

from __future__ import annotations

from collections.abc import Callable

from watcher.doctor.wording import of_store_error, ok
from watcher.domain.doctor import Finding
from watcher.storage.port import RefusedError, Store
from watcher.storage.reasons import Reason


def reach(open_store: Callable[[], Store], prefix: str, monotonic: Callable[[], float], *, in_folder: bool) -> Finding:
    """By a listing, the first thing that the daemon asks for. Whoever may not list is known all the same: the rights are looked at one by one."""
    try:
        store = open_store()
        began = monotonic()
        next(store.list(prefix), None)
    except RefusedError as error:
        if error.reason is Reason.NO_RIGHTS:
            return ok("The store answers and knows the access key, but does not let it list.")
        return of_store_error(error)
    if in_folder:
        return ok(f"No bucket is set: documents are read from the folder {store.location}, which can be listed.")
    return ok(f"{store.location} answers, in {1000 * (monotonic() - began):.0f} ms.")
