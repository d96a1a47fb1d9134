"""The promises that must hold at every moment, checked whenever something is written or removed."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from simulation.futures import Heart
from simulation.history import History

from watcher.domain.document import version_of
from watcher.domain.manifest import Manifest
from watcher.lease.names import last_entries, split_log_object
from watcher.pipeline.retain import RemovalMode
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import NotFoundError

_RESULT = re.compile(r"processed/.+/[0-9a-f]{12}(-\d+)?/.+")


@dataclass
class Guard:
    """`lost_in_window`: versions that the documented window of an unconditional removal took, by (key, ETag)."""

    inner: MemoryStore
    removal_mode: RemovalMode
    conditions: Conditions
    history: History
    hearts: dict[str, Heart] = field(default_factory=dict)
    lost_in_window: set[tuple[str, str]] = field(default_factory=set)
    created: dict[str, str] = field(default_factory=dict)
    manifests: Counter[str] = field(default_factory=Counter)
    overwritten: set[str] = field(default_factory=set)
    """Folders in which a store without conditions let one result take another's place: the manifest's hashes show it, nothing prevents it."""
    last: dict[str, int] = field(default_factory=dict)

    def written(self, who: str, key: str, content: bytes) -> None:
        if _RESULT.fullmatch(key):
            if key in self.created and self.conditions is Conditions.ATOMIC:
                self.history.violation(f"{who} overwrote {key}")
            elif key in self.created:
                self.overwritten.add(key.rpartition("/")[0].removesuffix("/pages").removesuffix("/images") + "/")
            self.created[key] = hashlib.sha256(content).hexdigest()
            if key.endswith("/manifest.json"):
                self.manifests[key] += 1
                self._check_manifest(who, key, content)
        elif (split := split_log_object(key)) and (names := last_entries([split[1]])):
            if key in self.created and self.conditions is Conditions.ATOMIC:
                self.history.violation(f"{who} wrote the claim entry {key} a second time")
            self.created[key] = ""
            self.last[split[0]] = names[0].number
            self._check_alone(who, split[0], names[0].number)

    def sending(self, who: str, version: str) -> None:
        """A result of that version is about to be created, right after its sender was told that its claim holds."""
        if self.conditions is not Conditions.ATOMIC:
            return  # a bid that stands above need not have won
        log = f"claims/{version}/"
        held = [number for (held_log, number), claim in self.hearts[who].held.items() if held_log == log and not claim.fenced]
        if not held or max(held) < self.last.get(log, 0):
            self.history.violation(f"{who} goes on with {version} under {held or 'no claim'} though entry {self.last.get(log)} stands")

        self._check_one_holder()

    def _check_one_holder(self) -> None:
        holders: dict[str, set[str]] = {}
        for who, heart in self.hearts.items():
            for (log, _), claim in heart.held.items():
                if not claim.fenced:
                    holders.setdefault(log, set()).add(who)
        for log, several in holders.items():
            if len(several) > 1:
                self.history.violation(f"{sorted(several)} hold {log} at the same time")

    @contextmanager
    def removal(self, who: str, verb: str, key: str, meant: str | None) -> Iterator[None]:
        """Around a removal. `meant`: the ETag that its sender believed to stand there."""
        if _RESULT.fullmatch(key):
            self.history.violation(f"{who} removed {key}, a result")
        before = self._standing(key)
        yield
        if before is None or not key.startswith("incoming/") or self._standing(key) == before:
            return
        etag, size = before
        if self._safe(key, etag, size):
            return
        if self.removal_mode is RemovalMode.CHECKED and meant is not None and meant != etag:
            self.lost_in_window.add((key, etag))
            self.history.note("", f"the window: {verb} of {who}, meant for {meant}, took {etag}")
        elif self.removal_mode is not RemovalMode.VERSIONED:
            self.history.violation(f"{who} removed {key} ({version_of(etag, size)}) before its results or its failure stood")

    def _check_manifest(self, who: str, key: str, content: bytes) -> None:
        manifest = Manifest.model_validate_json(content)
        folder = key.removesuffix("manifest.json")
        for output in manifest.outputs:
            try:
                info, body = self.inner.get(folder + output.name)
            except NotFoundError:
                self.history.violation(f"{who} wrote {key} before {output.name} stood")
                continue
            if folder not in self.overwritten and (info.size, info.etag, hashlib.sha256(body).hexdigest()) != (
                output.size,
                output.etag,
                output.sha256,
            ):
                self.history.violation(f"{who} wrote {key}, and {output.name} stands with other content than it tells")

    def _check_alone(self, who: str, log: str, number: int) -> None:
        for other, heart in self.hearts.items():
            for (held_log, held), claim in heart.held.items():
                if other != who and held_log == log and held < number and not claim.fenced:
                    self.history.violation(f"{who} appended entry {number} of {log} while {other} still worked under entry {held}")

    def _safe(self, key: str, etag: str, size: int) -> bool:
        """Whether the results, or the failure with its original, of that version stand."""
        path, version = key.removeprefix("incoming/"), version_of(etag, size)
        return self._stands(f"processed/{path}/{version}/manifest.json") or (
            self._stands(f"failed/{path}/{version}/error.json") and self._stands(f"failed/{path}/{version}/source.pdf")
        )

    def _stands(self, key: str) -> bool:
        return self._standing(key) is not None

    def _standing(self, key: str) -> tuple[str, int] | None:
        try:
            info = self.inner.head(key)
        except NotFoundError:
            return None
        return info.etag, info.size
