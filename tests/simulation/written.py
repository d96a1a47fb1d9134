"""What stands in the bucket at the end: claim logs as they count, and finished readings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.store import Bucket

from watcher.domain.claim import Entry, standing
from watcher.domain.document import Layout, split_result_folder
from watcher.domain.manifest import Manifest
from watcher.lease.names import entry_names, split_log_object
from watcher.results.names import MANIFEST

LAYOUT = Layout()


@dataclass(frozen=True)
class Written:
    """An entry, and when it reached the store."""

    number: int
    entry: Entry
    at: datetime

    @property
    def process(self) -> str:
        return ".".join(self.entry.nonce.split("-")[:2])


def logs_of(bucket: Bucket) -> dict[str, list[Written]]:
    """By log, in order; of several bids for one number the entry that counts."""
    logs: dict[str, dict[int, list[tuple[Entry, datetime]]]] = {}
    for info in bucket.inner.list(LAYOUT.claims):
        split = split_log_object(info.key)
        for name in entry_names([split[1]]) if split else ():
            entry = Entry.model_validate_json(bucket.inner.get(info.key)[1])
            logs.setdefault(split[0], {}).setdefault(name.number, []).append((entry, info.modified))
    return {
        log: [
            Written(
                number, counts := standing([entry for entry, _ in found]), next(at for entry, at in found if entry.nonce == counts.nonce)
            )
            for number, found in sorted(numbers.items())
        ]
        for log, numbers in logs.items()
    }


def finished_generations(bucket: Bucket, log: str) -> dict[int, Manifest]:
    """The manifests of one version's readings."""
    path, version = log.removeprefix(LAYOUT.claims).removesuffix("/").rsplit("/", 1)
    found = [info.key for info in bucket.inner.list(f"{LAYOUT.processed}{path}/{version}") if info.key.endswith(f"/{MANIFEST}")]
    return {split_result_folder(key.split("/")[-2])[1]: Manifest.model_validate_json(bucket.inner.get(key)[1]) for key in found}
