"""Whether we may list, read, write and delete below a prefix, tried with an object of a moment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from watcher.doctor.scratch import remove_abandoned, scratch_prefix
from watcher.doctor.wording import failed, ok, sentence
from watcher.domain.doctor import Finding
from watcher.storage.port import NotFoundError, RefusedError, Store
from watcher.storage.probe import remove_scratch
from watcher.storage.reasons import REASONS, Reason

_DENIED = {Reason.NO_RIGHTS, Reason.FOLDER_DENIED, Reason.FOLDER_READ_ONLY}
_BODY = b"watcher doctor tries whether it may write here, and removes this at once\n"


def rights(store: Store, prefix: str, nonce: Callable[[], str]) -> Finding:
    """Deletes first, which needs no object: where that is denied nothing is put, since it could not be removed again. Raises `StoreError`."""
    key = scratch_prefix(prefix) + nonce()
    denied: dict[str, Reason] = {}
    _try("list", denied, lambda: next(store.list(scratch_prefix(prefix)), None))
    _try("delete", denied, lambda: store.delete(key))
    if "delete" in denied:
        if "list" not in denied:  # else also what is not there is forbidden
            _try("read", denied, lambda: _read_nothing(store, key))
        return _judge(prefix, denied, "writing was not tried, since what is written could not be removed again")
    try:
        _try("write", denied, lambda: store.put(key, _BODY, "text/plain"))
        if "write" not in denied:
            _try("read", denied, lambda: store.get(key))
            if "list" not in denied and "read" not in denied:
                _try("read", denied, lambda: _look_at_another_s(store, prefix))
            if not denied:
                remove_abandoned(store, prefix, key)
    finally:
        remove_scratch(store, key)
    return _judge(prefix, denied, "reading was not tried, since nothing could be written" if "write" in denied else "")


def _try(verb: str, denied: dict[str, Reason], request: Callable[[], object]) -> None:
    try:
        request()
    except RefusedError as error:
        if error.reason not in _DENIED:
            raise
        denied[verb] = error.reason


def _read_nothing(store: Store, key: str) -> None:
    with suppress(NotFoundError):
        store.get(key)


def _look_at_another_s(store: Store, prefix: str) -> None:
    """Whoever put an object may often read it without any further right: documents are put by others."""
    ours = scratch_prefix(prefix)
    other = next((info.key for info in store.list(prefix) if not info.key.startswith(ours)), "")
    try:
        if other:
            store.head(other)
    except NotFoundError:
        return  # it left at this moment
    except RefusedError as error:  # an answer to HEAD has no body that would say why
        raise RefusedError(str(error), Reason.NO_RIGHTS if error.reason is Reason.REFUSED else error.reason) from None


def _judge(prefix: str, denied: dict[str, Reason], untried: str) -> Finding:
    if not denied:
        return ok(f"May list, read, write and delete under {prefix}")
    seen = f"May not {', '.join(denied)} under {prefix}" + (f" ({untried})." if untried else ".")
    reason = next(iter(denied.values()))
    if reason is not Reason.NO_RIGHTS:
        return failed(seen, sentence(REASONS[reason].sentence.partition(": ")[2]))
    return failed(
        seen,
        f"Let the owner of CLOUDRU_S3_ACCESS_KEY {', '.join(denied)} under {prefix} of the bucket in CLOUDRU_S3_BUCKET;"
        " `watcher doctor --policy` prints a bucket policy that does.",
    )
