"""Whether the bucket keeps versions, and what that means for a file that is replaced while its old version leaves the inbox."""

from __future__ import annotations

from collections.abc import Callable

from watcher.doctor.scratch import scratch_prefix
from watcher.doctor.wording import failed, ok, warning
from watcher.domain.doctor import Finding
from watcher.storage.port import RefusedError, Store
from watcher.storage.probe import probe_delete_condition, remove_scratch
from watcher.storage.reasons import Reason


def versioning(store: Store, incoming: str, claims: str, nonce: Callable[[], str], *, keeps_source: bool, in_folder: bool) -> Finding:
    """`keeps_source`: the daemon deletes nothing from the inbox. Raises `StoreError`."""
    if store.is_versioned():
        return _of_versions(store, scratch_prefix(incoming) + nonce())
    kept = "A folder keeps no versions" if in_folder else "The bucket keeps no versions"
    if keeps_source:
        return ok(f"{kept}; documents stay in the inbox (retention.source = keep), so that none can be lost when it is replaced.")
    if probe_delete_condition(store, scratch_prefix(claims), nonce):
        return ok(f"{kept}, but a file that was replaced meanwhile is not deleted.")
    return warning(
        f"{kept}, and deletes whatever stands there: a file that is replaced in the very moment in which its old version leaves the inbox is lost.",
        "If people replace files under the same name: switch versioning on for the bucket, or set retention.source to keep. Else nothing has to be done.",
    )


def _of_versions(store: Store, key: str) -> Finding:
    """The daemon deletes a version by its name."""
    try:
        try:
            store.put(key, b"a version", "text/plain")
        finally:
            remove_scratch(store, key)
    except RefusedError as error:
        if error.reason is not Reason.NO_RIGHTS:
            raise
        return failed(
            "The bucket keeps versions, but they may not be listed and deleted one by one, which is how documents leave the inbox.",
            "Let the owner of CLOUDRU_S3_ACCESS_KEY list versions (ListBucketVersions) and delete them (DeleteObjectVersion);"
            " `watcher doctor --policy` prints a bucket policy that does.",
        )
    return ok(
        "The bucket keeps versions: a file that is replaced is never lost. Deleted objects go on taking room: a rule of the bucket"
        " (lifecycle) can remove old versions."
    )
