"""What stands in a bucket or folder, read back and checked as a sceptic would."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from watcher.domain.claim import Entry, Phase, standing
from watcher.domain.manifest import ErrorReport, Manifest
from watcher.lease.names import last_entries, split_log_object
from watcher.storage.port import Store


@dataclass(frozen=True)
class Bucket:
    store: Store

    def keys(self, prefix: str) -> list[str]:
        return [info.key for info in self.store.list(prefix)]

    def text(self, key: str) -> str:
        return self.store.get(key)[1].decode()

    def manifests(self) -> dict[str, Manifest]:
        """By the folder of their version."""
        found = [key for key in self.keys("processed/") if re.search(r"/[0-9a-f]{12}(-\d+)?/manifest\.json$", key)]
        return {key.removesuffix("manifest.json"): Manifest.model_validate_json(self.text(key)) for key in found}

    def errors(self) -> dict[str, ErrorReport]:
        """By the key of their source."""
        return {report.source.key: report for report in self.error_reports()}

    def error_reports(self) -> list[ErrorReport]:
        """One for each failed version."""
        return [ErrorReport.model_validate_json(self.text(key)) for key in self.keys("failed/") if key.endswith("/error.json")]

    def markdown(self, folder: str) -> str:
        return self.text(folder + "document.md")

    def last_entries(self) -> dict[str, Entry]:
        """By log, without the claims' prefix and the last slash. Where bids of crashed bidders stand, the entry that counts."""
        logs: dict[str, list[str]] = {}
        for key in self.keys("claims/"):
            if split := split_log_object(key):
                logs.setdefault(split[0], []).append(split[1])
        return {
            log.removeprefix("claims/").removesuffix("/"): standing(
                Entry.model_validate_json(self.text(log + str(name))) for name in last_entries(names)
            )
            for log, names in logs.items()
            if last_entries(names)
        }

    def check_finished(self) -> int:
        """Every manifest's outputs stand with that size and hash, nothing else stands beside them. Returns how many were checked."""
        checked = 0
        for folder, manifest in self.manifests().items():
            listed = {folder + output.name for output in manifest.outputs} | {folder + "manifest.json"}
            assert listed == set(self.keys(folder)), sorted(listed ^ set(self.keys(folder)))
            for output in manifest.outputs:
                info, body = self.store.get(folder + output.name)
                assert (info.size, info.etag) == (output.size, output.etag), output
                assert hashlib.sha256(body).hexdigest() == output.sha256, output
                checked += 1
        return checked

    def check_closed(self) -> int:
        """Every claim log ends with a closed entry. Returns how many logs there are."""
        entries = self.last_entries()
        still_open = {log: entry.phase.value for log, entry in entries.items() if entry.phase is not Phase.CLOSED}
        assert not still_open, still_open
        return len(entries)
