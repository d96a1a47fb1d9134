"""What stands in a bucket or folder, read back and checked as a sceptic would."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from watcher.domain.claim import Entry, Phase
from watcher.domain.manifest import ErrorReport, Manifest
from watcher.storage.port import Store

_ENTRY = re.compile(r"claims/(?P<log>.+/[0-9a-f]{12})/(?P<number>\d{6})")


@dataclass(frozen=True)
class Bucket:
    store: Store

    def keys(self, prefix: str) -> list[str]:
        return [info.key for info in self.store.list(prefix)]

    def text(self, key: str) -> str:
        return self.store.get(key)[1].decode()

    def manifests(self) -> dict[str, Manifest]:
        """By the folder of their version."""
        found = [key for key in self.keys("processed/") if re.search(r"/[0-9a-f]{12}/manifest\.json$", key)]
        return {key.removesuffix("manifest.json"): Manifest.model_validate_json(self.text(key)) for key in found}

    def errors(self) -> dict[str, ErrorReport]:
        """By the key of their source."""
        reports = [ErrorReport.model_validate_json(self.text(key)) for key in self.keys("failed/") if key.endswith("/error.json")]
        return {report.source.key: report for report in reports}

    def markdown(self, folder: str) -> str:
        return self.text(folder + "document.md")

    def last_entries(self) -> dict[str, Entry]:
        last: dict[str, str] = {}
        for key in self.keys("claims/"):
            if match := _ENTRY.fullmatch(key):
                last[match["log"]] = max(key, last.get(match["log"], ""))
        return {log: Entry.model_validate_json(self.text(key)) for log, key in last.items()}

    def check_finished(self) -> int:
        """Every manifest's outputs stand with that size and hash, nothing else stands beside them. Returns how many were checked."""
        checked = 0
        for folder, manifest in self.manifests().items():
            assert {folder + output.name for output in manifest.outputs} | {folder + "manifest.json"} == set(self.keys(folder))
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
