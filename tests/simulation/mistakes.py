"""Mistakes that a claim protocol invites, planted into the real code one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from simulation import futures

from watcher.domain import claim as claims
from watcher.domain.claim import Beat, Entry, Phase, Purpose, Skip, Take
from watcher.domain.document import Layout
from watcher.domain.manifest import Source
from watcher.domain.page import Output
from watcher.domain.retry import RetryPolicy
from watcher.lease import acquire, appending
from watcher.lease.acquire import Acquirer
from watcher.lease.appending import Append
from watcher.lease.claim import HELD_SHARE, Claim
from watcher.lease.log import ClaimLog, Tail
from watcher.lease.names import EntryName
from watcher.pipeline import attempt, commit, structure
from watcher.pipeline.attempt import Attempt
from watcher.pipeline.reading import PageReader
from watcher.pipeline.retain import SourceRemover
from watcher.pipeline.writer import ResultWriter
from watcher.results.names import MANIFEST, PREVIEW_HTML, STRUCTURE, content_type
from watcher.storage.digest import sha256_of
from watcher.storage.port import AlreadyExistsError, NotFoundError, OutcomeUnknownError, StoreError
from watcher.storage.standing import stands


@contextmanager
def outputs_overwritten() -> Iterator[None]:
    def create(self: ResultWriter, name: str, body: Path | None = None) -> Output:
        self.claim.check()
        path = body or self.folder / name
        etag = self.store.put(self.prefix + name, path, content_type(name))
        return Output(name=name, size=path.stat().st_size, sha256=sha256_of(path), etag=etag)

    with patch.object(ResultWriter, "create", create):
        yield


@contextmanager
def entries_deleted_at_release() -> Iterator[None]:
    def end(self: Claim, entry: Entry) -> bool:
        self._fenced.set()
        if entry.phase is not Phase.CLOSED:
            return self.log.append(self.number + 1, entry) is Append.WON
        for info in list(self.log.store.list(self.log.prefix)):
            self.log.store.delete(info.key)
        return True

    with patch.object(Claim, "_end", end):
        yield


@contextmanager
def age_by_the_stores_timestamps() -> Iterator[None]:
    """A claim is as old as the difference between this machine's clock and what the store says of its last beat."""
    modified: dict[str, datetime] = {}
    logs: dict[str, str] = {}
    read, decide = ClaimLog.read, claims.decide

    def tail(self: ClaimLog) -> Tail | None:
        infos = list(self.store.list(self.prefix))
        if infos:
            modified[self.prefix] = max(info.modified for info in infos)
        with patch.object(self.store, "list", lambda prefix, after="": iter(infos)):
            return original_tail(self)

    def read_and_remember(self: ClaimLog, names: Any) -> Entry:
        entry = read(self, names)
        logs[entry.nonce] = self.prefix
        return entry

    def decide_by_clock(last: Entry, unchanged: float, now: datetime, *rest: Any) -> Skip | Take:
        age = (now - modified[logs[last.nonce]]).total_seconds()
        return decide(last, age, now, *rest)

    original_tail = ClaimLog.tail
    with (
        patch.object(ClaimLog, "tail", tail),
        patch.object(ClaimLog, "read", read_and_remember),
        patch.object(acquire, "decide", decide_by_clock),
    ):
        yield


@contextmanager
def renewal_ignores_its_old_deadline() -> Iterator[None]:
    def renew(self: Claim) -> bool:
        sent = self.identity.clock.monotonic()
        self._sequence += 1
        try:
            self.log.beat(self.number, Beat(nonce=self.entry.nonce, sequence=self._sequence, at=self.identity.clock.now()))
            lost = self.log.lost(self.number, self.entry)
        except StoreError:
            return False
        if lost:
            self._fenced.set()
            return False
        self._deadline = sent + HELD_SHARE * self.identity.lease_seconds
        return True

    def fenced(self: Claim) -> bool:
        return self._fenced.is_set() or self.identity.clock.monotonic() >= self._deadline

    def renew_until(claim: Claim, ended: Callable[[float], bool]) -> None:
        while not ended(claim.identity.lease_seconds / 3) and not claim._fenced.is_set():
            claim.renew()

    with (
        patch.object(Claim, "renew", renew),
        patch.object(Claim, "fenced", property(fenced)),
        patch.object(futures, "renew_until", renew_until),
    ):
        yield


@contextmanager
def observation_keyed_by_name() -> Iterator[None]:
    """How long a log was watched is remembered by its name: not forgotten when another entry or beat stands at its end."""

    def take_over(self: Acquirer, log: ClaimLog, seen: Any, source: Source) -> Any:
        before = self._observed(log.prefix)
        taken = original(self, log, seen, source)
        after = self._observed(log.prefix)
        if before is not None and after is not None:
            self._observations[log.prefix] = replace(after, answered_at=before.answered_at)
        return taken

    original = Acquirer._take_over
    with patch.object(Acquirer, "_take_over", take_over):
        yield


@contextmanager
def done_check_before_the_claim() -> Iterator[None]:
    """What is finished is left alone before it is claimed, and not looked at again after."""
    original = Acquirer.acquire

    def look_first(self: Acquirer, prefix: str, source: Source, **how: bool) -> Any:
        result = prefix.replace("claims/", "processed/", 1)
        try:
            self._store.head(result + MANIFEST)
        except NotFoundError:
            return original(self, prefix, source, **how)
        return Skip("done")

    with patch.object(Acquirer, "acquire", look_first), patch.object(Attempt, "_standing", lambda self: frozenset()):
        yield


@contextmanager
def manifest_before_the_last_output() -> Iterator[None]:
    original = ResultWriter.create
    held_back: dict[str, Callable[[], Output]] = {}

    def create(self: ResultWriter, name: str, body: Path | None = None) -> Output:
        if name == PREVIEW_HTML:
            path = self.folder / name
            held_back[self.prefix] = lambda: original(self, name)
            etag = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            return Output(name=name, size=path.stat().st_size, sha256=sha256_of(path), etag=etag)
        output = original(self, name, body)
        if name == MANIFEST and self.prefix in held_back:
            held_back.pop(self.prefix)()
        return output

    with patch.object(ResultWriter, "create", create):
        yield


@contextmanager
def failed_without_the_version() -> Iterator[None]:
    with patch.object(Layout, "failure", lambda self, document: f"{self.failed}{document.path}/"):
        yield


@contextmanager
def source_deleted_before_the_commit() -> Iterator[None]:
    original = attempt.write_manifest

    def write(bench: Any, writer: ResultWriter, version: str, source: Source, *rest: Any) -> Any:
        if bench.rules.retention != "keep":
            bench.remover.remove(source.key, source.etag, writer.claim.check)
        return original(bench, writer, version, source, *rest)

    with patch.object(attempt, "write_manifest", write):
        yield


@contextmanager
def handed_back_before_the_writers_have_stopped() -> Iterator[None]:
    with patch.object(PageReader, "_await_uploads", lambda self: None):
        yield


@contextmanager
def attempts_counted_after_the_work() -> Iterator[None]:
    """A holder that never came back to tell has used up no attempt."""
    original = claims._next_attempt

    def next_attempt(last: Entry, policy: RetryPolicy) -> Take:
        if last.phase is Phase.HELD and last.purpose is Purpose.READ:
            return replace(original(last, policy), attempts=last.attempts, purpose=Purpose.READ)
        return original(last, policy)

    with patch.object(claims, "_next_attempt", next_attempt):
        yield


@contextmanager
def pages_gained_long_ago_spare_the_attempt() -> Iterator[None]:
    """Any page that stands makes a takeover free, whoever gained it."""

    def spared(take: Take, last: Entry, beat: Beat | None) -> Take:
        if beat is None or not beat.pages_done:
            return take
        return replace(take, attempts=last.attempts, purpose=Purpose.READ, pages_done=beat.pages_done)

    with patch.object(acquire, "spared", spared):
        yield


@contextmanager
def taken_over_after_half_a_lease() -> Iterator[None]:
    original = claims.decide

    def decide(last: Entry, unchanged: float, *rest: Any) -> Skip | Take:
        return original(last, 2 * unchanged, *rest)

    with patch.object(acquire, "decide", decide):
        yield


@contextmanager
def unanswered_append_counted_as_won() -> Iterator[None]:
    def append(self: Any, store: Any, prefix: str, number: int, entry: Entry, known: frozenset[EntryName] | None) -> Append:
        try:
            store.create(f"{prefix}{number:06d}", entry.model_dump_json().encode(), appending.JSON)
        except AlreadyExistsError:
            return Append.LOST
        except OutcomeUnknownError:
            return Append.WON
        return Append.WON

    with patch.object(appending.Creates, "append", append):
        yield


@contextmanager
def source_covered_by_a_marker() -> Iterator[None]:
    """In a versioned bucket too the source leaves by a plain DELETE."""
    with patch.object(SourceRemover, "_remove_versions", _remove_plainly):
        yield


def _remove_plainly(self: SourceRemover, key: str, etag: str, check: Callable[[], None]) -> None:
    if stands(self.store, key, etag):
        check()
        self._remove_current(key, etag)


@contextmanager
def spent_attempts_given_back() -> Iterator[None]:
    """A claim to quarantine that is given back takes an attempt off, as one to read does."""
    original = Claim._following

    def following(self: Claim, phase: Phase, **changes: Any) -> Entry:
        return original(self, phase, **{**changes, "purpose": Purpose.READ} if phase is Phase.WAITING else changes)

    with (
        patch.object(Claim, "_following", following),
        patch.object(Claim, "_attempts_before", property(lambda self: self.entry.attempts - 1)),
    ):
        yield


@contextmanager
def structure_asked_for_anew_by_whoever_takes_over() -> Iterator[None]:
    def find(bench: Any, writer: ResultWriter, pages: Any) -> tuple[structure.Structure, list[Output]]:
        found = structure._ask(bench, writer, pages)
        (writer.folder / STRUCTURE).write_text(found.model_dump_json(), encoding="utf-8")
        return found, [writer.create(STRUCTURE)]

    with patch.object(commit, "find_structure", find):
        yield


MISTAKES = (
    outputs_overwritten,
    entries_deleted_at_release,
    age_by_the_stores_timestamps,
    renewal_ignores_its_old_deadline,
    observation_keyed_by_name,
    done_check_before_the_claim,
    manifest_before_the_last_output,
    failed_without_the_version,
    source_deleted_before_the_commit,
    handed_back_before_the_writers_have_stopped,
    attempts_counted_after_the_work,
    pages_gained_long_ago_spare_the_attempt,
    taken_over_after_half_a_lease,
    unanswered_append_counted_as_won,
    source_covered_by_a_marker,
    spent_attempts_given_back,
    structure_asked_for_anew_by_whoever_takes_over,
)
