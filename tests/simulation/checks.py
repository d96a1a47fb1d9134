"""The promises, checked once everything has come to rest."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime
from itertools import pairwise

from simulation.people import SECRET, Drop
from simulation.plan import LEASE, Fault, Kind, Plan
from simulation.reading import CRASHED_BY_DOCUMENT
from simulation.store import Bucket
from simulation.wishes import check_wishes
from simulation.written import Written, finished_generations, logs_of

from watcher.domain.claim import Entry, Outcome, Phase, Purpose
from watcher.domain.document import Layout
from watcher.domain.errors import ErrorCode
from watcher.domain.manifest import ErrorReport, Manifest
from watcher.domain.page import Page
from watcher.lease.names import split_log_object
from watcher.results.document import Document, document_json
from watcher.results.markdown import document_markdown
from watcher.results.structure import Structure, revised
from watcher.storage.memory import Conditions
from watcher.storage.port import NotFoundError

LAYOUT = Layout()
_CRASHING = (Kind.CRASHING, Kind.LATE)
_REACH = 4 * LEASE
"""For so long a fault may go on to be felt."""
_HARMLESS = {Fault.SKEW.value, Fault.REPLACE.value, Fault.DELETE.value, Fault.REDROP.value, Fault.ENGINE.value}


def at_rest(plan: Plan, bucket: Bucket) -> bool:
    return not _unrest(plan, bucket)


def check_end(plan: Plan, bucket: Bucket, reads: Counter[str]) -> Counter[str]:
    """Violations go to the history; returned is what is counted only."""
    check = _EndCheck(plan, bucket, reads)
    check.run()
    return check.events


def _unrest(plan: Plan, bucket: Bucket) -> list[str]:
    """What has not come to its end."""
    open_logs = [f"{log} ends {written[-1].entry.phase.value}" for log, written in logs_of(bucket).items() if _is_open(written)]
    standing = [info.key for info in bucket.inner.list(LAYOUT.incoming)]
    if plan.retention == "keep":
        standing = [key for key in standing if not _kept(bucket, key)]
    return open_logs + [f"{key} stands in the inbox" for key in standing]


def _is_open(written: list[Written]) -> bool:
    return written[-1].entry.phase is not Phase.CLOSED


def _kept(bucket: Bucket, key: str) -> bool:
    info = bucket.inner.head(key)
    log = LAYOUT.claim_log(LAYOUT.document(key, info.etag, info.size, info.modified))
    written = logs_of(bucket).get(log)
    return bool(written) and written[-1].entry.outcome is Outcome.DONE


def _spared(written: list[Written]) -> list[tuple[Written, Written]]:
    """Entries of silent holders whose attempt was not charged, with the entry that took over."""
    return [
        (one, following)
        for one, following in pairwise(written)
        if following.number == one.number + 1  # else it built on a bid that was withdrawn since
        and following.entry.took_over
        and following.entry.purpose is Purpose.READ
        and following.entry.attempts == one.entry.attempts
    ]


def _reopened(written: list[Written]) -> int:
    """How often the attempts began anew: on an entry that closed the log, also where that was a bid that was withdrawn after another had built on it."""
    anew = (following.number > one.number + 1 and following.entry.attempts <= 1 for one, following in pairwise(written))
    return sum(one.entry.phase is Phase.CLOSED or began for one, began in zip(written[:-1], anew, strict=True))


def _was_given_back(held: Entry, following: Entry) -> bool:
    """Free of charge. A bid that said so may have been withdrawn after another had built on it: then the next attempt has the same number."""
    if held.phase is not Phase.HELD:
        return False
    if following.phase is Phase.WAITING:
        return following.attempts < held.attempts
    return (
        following.phase is Phase.HELD
        and following.purpose is Purpose.READ
        and not following.took_over
        and following.attempts <= held.attempts
    )


class _EndCheck:
    def __init__(self, plan: Plan, bucket: Bucket, reads: Counter[str]) -> None:
        self._plan = plan
        self._bucket = bucket
        self._reads = reads
        self._logs = logs_of(bucket)
        self.events: Counter[str] = Counter()

    def run(self) -> None:
        for unrest in _unrest(self._plan, self._bucket):
            self._violation(f"not at rest long after the last fault: {unrest}")
        for drop in self._bucket.people.drops:
            self._check_drop(drop)
        for key in self._bucket.guard.manifests:
            self._check_manifest(key)
        self._check_claims()
        self.events += check_wishes(self._plan, self._bucket, self._logs)

    def _check_drop(self, drop: Drop) -> None:
        manifest, report = self._manifest(drop), self._report(drop)
        if drop.taken:
            self.events["taken back by a person"] += 1
        elif manifest is None and report is None and not self._stands(drop):
            if (drop.key, drop.etag) in self._bucket.guard.lost_in_window:
                self.events["lost in the documented window"] += 1
            else:
                self._violation(f"lost: {drop.key} version {drop.version}, {drop.kind.value}, dropped at {drop.at:.2f}")
        if manifest is not None:
            self.events["finished"] += 1
            if drop.kind in (*_CRASHING, Kind.REFUSED, Kind.DAMAGED):
                self._violation(f"{drop.key}, {drop.kind.value}, was finished")
            if report is not None and self._logs[self._log(drop)][-1].entry.generation == 1:
                self.events["failed/ beside a manifest"] += 1
        elif report is not None:
            self.events["failed"] += 1
            self._check_failure(drop, report)
        if drop.kind in (*_CRASHING, Kind.REFUSED, Kind.FLAKY):
            self._check_reads(drop, report)

    def _check_failure(self, drop: Drop, report: ErrorReport) -> None:
        original = self._get(self._failure(drop) + (report.original or ""))
        if original != drop.body:
            self._violation(f"the original of {drop.key} version {drop.version} does not stand beside its error")
        allowed = {
            Kind.HEALTHY: set(),
            Kind.SLOW: set(),
            Kind.FLAKY: {ErrorCode.ENGINE_ERROR},
            Kind.REFUSED: {ErrorCode.ENGINE_ERROR},
            Kind.CRASHING: set(),
            Kind.LATE: set(),
            Kind.DAMAGED: {ErrorCode.CORRUPT_PDF},
        }[drop.kind]
        if report.code not in {code.value for code in allowed | {ErrorCode.WORKER_LOST}}:
            self._violation(f"{drop.key}, {drop.kind.value}, failed with {report.code}")
        if drop.kind in (Kind.HEALTHY, Kind.SLOW):
            self._check_innocent(drop, report)

    def _check_innocent(self, drop: Drop, report: ErrorReport) -> None:
        """A document with nothing wrong fails only where each of its attempts was lost to a fault that befell its holder."""
        if report.attempts != self._plan.max_attempts:
            self._violation(f"{drop.key}, {drop.kind.value}, failed after {report.attempts} of {self._plan.max_attempts} attempts")
        self.events["healthy, every attempt lost to faults"] += 1
        written = self._logs[self._log(drop)]
        for one, following in pairwise(written):
            if one.entry.phase is not Phase.HELD or one.entry.purpose is Purpose.QUARANTINE or following.entry.phase is not Phase.HELD:
                continue
            felt = {
                kind
                for at, kind in self._bucket.history.befallen.get(one.process, [])
                if at <= self._seconds(following.at) and at >= self._seconds(one.at) - _REACH
            } - _HARMLESS
            if not felt:
                self._violation(f"{drop.key}, {drop.kind.value}, lost attempt {one.entry.attempts} of entry {one.number} without a fault")
            elif felt == {CRASHED_BY_DOCUMENT}:
                self.events["healthy, an attempt lost in the crash that another document of the same process caused"] += 1

    def _check_reads(self, drop: Drop, report: ErrorReport | None) -> None:
        """Each attempt begins to read a page once, and is counted before."""
        page = next(line for line in reversed(drop.body.decode().splitlines()) if line.startswith("!"))
        written = self._logs.get(self._log(drop), [])
        uncharged = sum(_was_given_back(one.entry, following.entry) for one, following in pairwise(written))
        limit = self._plan.max_attempts * (1 + _reopened(written)) + len(_spared(written))
        if drop.kind not in _CRASHING:
            limit += uncharged
        if self._reads[page] > limit:
            self._violation(f"{drop.key}, {drop.kind.value}, was begun {self._reads[page]} times, {limit} allowed")
        alone = (self._plan.documents == 1 or drop.kind not in _CRASHING) and not _spared(written)
        if report is not None and drop.kind is not Kind.FLAKY and alone and self._undisturbed(drop):
            self.events["poison with exact attempts"] += 1
            if not self._reads[page] == report.attempts == self._plan.max_attempts:
                self._violation(
                    f"{drop.key}, {drop.kind.value}, undisturbed: begun {self._reads[page]} times, {report.attempts} attempts told, "
                    f"{self._plan.max_attempts} asked for"
                )

    def _undisturbed(self, drop: Drop) -> bool:
        """Whether no fault befell anybody, but for crashes by documents of processes that do one thing at a time."""
        crashes = {CRASHED_BY_DOCUMENT} if self._plan.documents == 1 else set()
        once = sum((other.key, other.etag) == (drop.key, drop.etag) for other in self._bucket.people.drops) == 1
        once = once and drop.key not in {wish.key for wish in self._bucket.people.wishes}
        return once and not drop.taken and not set(self._bucket.history.faults) - crashes

    def _check_manifest(self, key: str) -> None:
        folder = key.removesuffix("manifest.json")
        manifest = Manifest.model_validate_json(self._bucket.inner.get(key)[1])
        for output in manifest.outputs:
            body = self._get(folder + output.name)
            if body is None or (len(body), hashlib.sha256(body).hexdigest()) != (output.size, output.sha256):
                if folder in self._bucket.guard.overwritten:
                    self.events["output overwritten, as its manifest's hash shows"] += 1
                else:
                    self._violation(f"{folder}{output.name} does not stand as its manifest tells")
        if folder not in self._bucket.guard.overwritten:
            self._check_derived(folder, manifest)
        archived = any(output.name.startswith("source") for output in manifest.outputs)
        if archived != (self._plan.retention == "archive"):
            self._violation(f"{key}: the original is {'' if archived else 'not '}among the outputs")

    def _check_derived(self, folder: str, manifest: Manifest) -> None:
        """The files of the document are what its pages and its structure make of it, whoever wrote which of them."""
        pages = [Page.model_validate_json(self._body(f"{folder}pages/{entry.page:04}.json")) for entry in manifest.pages]
        structure = Structure.model_validate_json(self._body(f"{folder}structure.json"))
        source = Document.model_validate_json(
            self._body(f"{folder}document.json")
        ).source  # dropped again, the same bytes have another time
        shown = list(revised(pages, structure))
        made = {
            "document.md": "".join(document_markdown(shown, omitted=())),
            "document.json": "".join(document_json(shown, manifest.version, source)),
        }
        for name, text in made.items():
            if self._body(folder + name) != text.encode():
                self._violation(f"{folder}{name} is not made of the pages and the structure that stand")
        if (manifest.structure, manifest.structure_note) != (structure.scope, structure.note):
            self._violation(f"{folder}manifest.json tells of another structure than stands")
        self.events[f"structure: {structure.scope.value}"] += 1

    def _body(self, key: str) -> bytes:
        return self._bucket.inner.get(key)[1]

    def _check_claims(self) -> None:
        for log, written in self._logs.items():
            if self._plan.conditions is Conditions.ATOMIC and [one.number for one in written] != list(range(1, len(written) + 1)):
                self._violation(f"{log} has gaps")
            self._check_spared(log, written)
            self._check_outcome(log, written[-1].entry)
        for info in self._bucket.inner.list(""):
            if info.key.startswith(LAYOUT.claims) and not split_log_object(info.key):
                self._violation(f"{info.key} does not belong into the claims")
            told = info.key.startswith(LAYOUT.claims) or info.key.endswith("error.json")
            if told and SECRET.encode() in self._bucket.inner.get(info.key)[1]:
                self._violation(f"{info.key} holds text of a document")

    def _check_spared(self, log: str, written: list[Written]) -> None:
        """A takeover that costs no attempt rests on more pages than ever before."""
        for before, following in _spared(written):
            self.events["takeovers free of charge"] += 1
            if following.entry.pages_done <= before.entry.pages_done:
                self._violation(f"{log}: entry {following.number} took over free of charge, and no page had been gained")

    def _check_outcome(self, log: str, last: Entry) -> None:
        version = log.removeprefix(LAYOUT.claims)
        finished = finished_generations(self._bucket, log)
        failed = self._get(f"{LAYOUT.failed}{version}error.json") is not None
        done = last.generation in finished
        if (last.outcome is Outcome.DONE and not done) or (last.outcome is Outcome.FAILED and not failed and not done):
            self._violation(f"{log} is closed as {last.outcome.value} in generation {last.generation}, and nothing stands to show for it")

    def _manifest(self, drop: Drop) -> Manifest | None:
        finished = finished_generations(self._bucket, self._log(drop))
        return finished[max(finished)] if finished else None

    def _report(self, drop: Drop) -> ErrorReport | None:
        body = self._get(f"{self._failure(drop)}error.json")
        return None if body is None else ErrorReport.model_validate_json(body)

    def _stands(self, drop: Drop) -> bool:
        return self._get(drop.key) == drop.body

    def _get(self, key: str) -> bytes | None:
        try:
            return self._bucket.inner.get(key)[1]
        except NotFoundError:
            return None

    def _log(self, drop: Drop) -> str:
        return f"{LAYOUT.claims}{self._path(drop)}/{drop.version}/"

    def _failure(self, drop: Drop) -> str:
        return f"{LAYOUT.failed}{self._path(drop)}/{drop.version}/"

    def _path(self, drop: Drop) -> str:
        return drop.key.removeprefix(LAYOUT.incoming)

    def _seconds(self, at: datetime) -> float:
        return at.timestamp() - START_TIMESTAMP

    def _violation(self, what: str) -> None:
        self._bucket.history.violation(what)


START_TIMESTAMP = datetime.fromisoformat("2026-01-01T00:00:00+00:00").timestamp()
