"""The bucket as one process reaches it: every request takes time, and may be lost, answered wrongly, or applied when nobody waits any more."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulation.actors import KilledError, Process, Scheduler
from simulation.guard import Guard
from simulation.history import History
from simulation.people import People
from simulation.plan import FAULTS_END, LEASE, Fate, Fault, Kind

from watcher.domain.claim import Entry, Phase
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import (
    AlreadyExistsError,
    ObjectInfo,
    ObjectVersion,
    OutcomeUnknownError,
    StoreError,
    TooLargeError,
    UnavailableError,
)

TIMEOUT = 8.0
GAP = 1.0
"""Between the look and the write of a store that enforces conditions in turn alone."""
_NAME = re.compile(r"^(?:incoming|claims|processed|failed)/(?P<name>(?:folder/)?d\d+\.pdf)")


@dataclass
class Bucket:
    """What all processes share. `writes_under_way` counts those that were sent and not applied yet."""

    inner: MemoryStore
    scheduler: Scheduler
    history: History
    people: People
    guard: Guard
    writes_under_way: int = 0


@dataclass
class ProcessStore:
    """The `Store` of one process."""

    bucket: Bucket
    process: Process
    fate: Fate
    befall: Callable[[Fault, float], None]
    conditions: Conditions = Conditions.ATOMIC
    _writing: Counter[str] = field(default_factory=Counter)  # requests that create results and are not over, by version
    _seen: dict[str, str] = field(default_factory=dict)  # the ETag that this process was last shown for a source

    @property
    def location(self) -> str:
        return "simulation"

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        yield from self._ask("list", prefix, lambda: list(self.bucket.inner.list(prefix, after)), UnavailableError)

    def head(self, key: str) -> ObjectInfo:
        info: ObjectInfo = self._ask("head", key, lambda: self.bucket.inner.head(key), UnavailableError)
        self._seen[key] = info.etag
        return info

    def get(self, key: str) -> tuple[ObjectInfo, bytes]:
        answer: tuple[ObjectInfo, bytes] = self._ask("get", key, lambda: self.bucket.inner.get(key), UnavailableError)
        return answer

    def download(self, key: str, target: Path, max_bytes: int) -> ObjectInfo:
        info, body = self._ask("download", key, lambda: self.bucket.inner.get(key), UnavailableError)
        if info.size > max_bytes:
            raise TooLargeError(key)
        target.write_bytes(body)
        return info

    def create(self, key: str, body: bytes | Path, content_type: str) -> str:
        content = body.read_bytes() if isinstance(body, Path) else body

        def apply() -> str:
            etag = self.bucket.inner.create(key, content, content_type)
            self.bucket.guard.written(self.process.name, key, content)
            return etag

        def look() -> None:
            if any(info.key == key for info in self.bucket.inner.list(key)):
                raise AlreadyExistsError(key)

        in_turn = self.conditions is Conditions.SEQUENTIAL
        version = _version(key)
        if _is_end(key, content) and self._writing[version]:
            self.bucket.history.violation(f"{self.process.name} gave {version} back while it still wrote results of it")
        writes = key.startswith("processed/") and version != ""
        if writes:
            self.bucket.guard.sending(self.process.name, version)
        self._writing[version] += writes
        try:
            return self._ask("create", key, apply, OutcomeUnknownError, AlreadyExistsError, look if in_turn else None)
        finally:
            self._writing[version] -= writes

    def put(self, key: str, body: bytes | Path, content_type: str) -> str:
        content = body.read_bytes() if isinstance(body, Path) else body

        def apply() -> str:
            self.bucket.people.makes_room(key)
            etag = self.bucket.inner.put(key, content, content_type)
            self.bucket.guard.written(self.process.name, key, content)
            return etag

        return self._ask("put", key, apply, UnavailableError)

    def copy(self, source: str, etag: str, target: str, content_type: str) -> str:
        def apply() -> str:
            copied = self.bucket.inner.copy(source, etag, target, content_type)
            self.bucket.guard.written(self.process.name, target, self.bucket.inner.get(target)[1])
            return copied

        answer: str = self._ask("copy", target, apply, UnavailableError)
        return answer

    def delete(self, key: str) -> None:
        self._remove("delete", key, lambda: self.bucket.inner.delete(key), self._seen.get(key), OutcomeUnknownError)

    def delete_matching(self, key: str, etag: str) -> None:
        self._remove(
            "delete_matching", key, lambda: self.bucket.inner.delete_matching(key, etag), etag, OutcomeUnknownError, AlreadyExistsError
        )

    def is_versioned(self) -> bool:
        return self.bucket.inner.is_versioned()

    def versions(self, key: str) -> tuple[ObjectVersion, ...]:
        answer: tuple[ObjectVersion, ...] = self._ask("versions", key, lambda: self.bucket.inner.versions(key), UnavailableError)
        return answer

    def delete_version(self, key: str, version_id: str) -> None:
        self._remove(
            f"delete version {version_id} of", key, lambda: self.bucket.inner.delete_version(key, version_id), None, UnavailableError
        )

    def _remove(self, verb: str, key: str, remove: Callable[[], None], meant: str | None, *errors: type[StoreError]) -> None:
        def apply() -> None:
            with self.bucket.guard.removal(self.process.name, verb, key, meant):
                remove()

        self._ask(verb, key, apply, *errors)

    def _ask(
        self,
        verb: str,
        key: str,
        apply: Callable[[], Any],
        unanswered: type[StoreError],
        refused: type[StoreError] | None = None,
        look: Callable[[], None] | None = None,
    ) -> Any:
        """One request. Raises `unanswered` where no answer comes, `refused` where the store says 409 to a condition."""
        if self.process.dead:
            raise KilledError
        scheduler, history = self.bucket.scheduler, self.bucket.history
        decision = self.fate.next(_weight(verb, key) if scheduler.now < FAULTS_END else 0.0)
        fault, size = decision.fault, decision.size
        what = f"{verb} {key}"
        if fault is not None:
            history.fault(self.process.name, fault.value, decision.id)
            history.note(self.process.name, f"{what}  ** {fault.value} ({decision.id.process}, request {decision.id.request})")
            self._before(fault, size, key)
        request = _Request(self, what, apply, look, writes=verb not in _READS)
        if fault is Fault.CRASH_SENT:
            request.send(decision.latency)
            scheduler.kill(self.process)
            raise KilledError
        if fault is Fault.LATE:
            request.send(TIMEOUT + size**2 * 5 * LEASE)
        elif fault not in _NEVER_APPLIED:
            request.send(decision.latency / 2)
        if fault in _UNHEARD:
            scheduler.sleep(TIMEOUT)
            raise unanswered(fault.value)
        if fault is Fault.FREEZE_SENT:
            self.process.frozen_until = scheduler.now + _long(size)
        scheduler.sleep(decision.latency + (_long(size) if fault is Fault.DELAY else 0.0))
        if fault is Fault.CONFLICT:
            raise (refused or unanswered)(fault.value)
        if fault in _FAILED:
            raise unanswered(fault.value)
        return request.answer()

    def _before(self, fault: Fault, size: float, key: str) -> None:
        """What befalls the process, or its document, before the request leaves."""
        scheduler, people = self.bucket.scheduler, self.bucket.people
        if fault is Fault.CRASH:
            scheduler.kill(self.process)
            raise KilledError
        if fault is Fault.FREEZE:
            self.process.frozen_until = scheduler.now + _long(size)
            scheduler.sleep(0.0)
        elif fault in (Fault.SKEW, Fault.SIGTERM, Fault.ENGINE):
            self.befall(fault, size)
        elif match := _NAME.match(key):
            if fault is Fault.REPLACE:
                people.drop(match["name"], Kind.HEALTHY, 1 + int(size * 3))
            elif fault is Fault.DELETE:
                people.delete(match["name"])
            elif fault is Fault.REDROP:
                people.redrop(match["name"])


_VERSION = re.compile(r"(?:claims|processed)/(?P<version>.+/[0-9a-f]{12})(?:-\d+)?/")
_READS = {"list", "head", "get", "download", "versions"}
_NEVER_APPLIED = {Fault.DROP, Fault.ERROR_500, Fault.ERROR_503, Fault.CONFLICT}
_UNHEARD = {Fault.DROP, Fault.DROP_ANSWER, Fault.LATE}
_FAILED = {Fault.ERROR_500, Fault.ERROR_500_APPLIED, Fault.ERROR_503}


def _weight(verb: str, key: str) -> float:
    """Claims are won, kept and lost in a few requests: these are struck more often."""
    return 4.0 if verb in ("create", "put") and key.startswith("claims/") else 1.0


def _version(key: str) -> str:
    match = _VERSION.match(key)
    return match["version"] if match else ""


def _is_end(key: str, content: bytes) -> bool:
    """Whether this is an entry that lets a document go."""
    return key.startswith("claims/") and Entry.model_validate_json(content).phase is not Phase.HELD


class _Request:
    """A request on its way, and its answer once it was applied."""

    def __init__(self, sender: ProcessStore, what: str, apply: Callable[[], Any], look: Callable[[], None] | None, *, writes: bool) -> None:
        self._look = look
        self._writes = writes
        self._bucket = sender.bucket
        self._who = sender.process.name
        self._what = what
        self._apply = apply
        self._answer: Any = None
        self._error: StoreError | None = None
        self._sent = False
        self._arrived = False

    def send(self, delay: float) -> None:
        self._bucket.writes_under_way += self._writes
        now = self._bucket.scheduler.now
        if self._look is not None:
            self._bucket.scheduler.at(now + max(0.0, delay - GAP), self._check)
        self._bucket.scheduler.at(now + delay, self._arrive)

    def _check(self) -> None:
        try:
            self._look()
        except StoreError as error:
            self._error = error

    def answer(self) -> Any:
        assert self._arrived
        if self._error is not None:
            raise self._error
        return self._answer

    def _arrive(self) -> None:
        self._arrived = True
        self._bucket.writes_under_way -= self._writes
        if self._error is not None:
            self._bucket.history.note(self._who, f"{self._what} -> {type(self._error).__name__}")
            return
        try:
            self._answer = self._apply()
            self._bucket.history.note(self._who, self._what)
        except StoreError as error:
            self._error = error
            self._bucket.history.note(self._who, f"{self._what} -> {type(error).__name__}")


def _long(size: float) -> float:
    """From a fifth of a lease to three of them."""
    return LEASE * (0.2 + size * 2.8)
