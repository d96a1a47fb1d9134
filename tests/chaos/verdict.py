"""What a sceptic finds when all is over: the person's record against the bucket, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bucket import Bucket
from chaos.person import Deed
from chaos.witness import Wire

from watcher.domain.claim import Outcome
from watcher.domain.document import Layout
from watcher.domain.manifest import ErrorReport, Manifest

LAYOUT = Layout()
ARCHIVED = "source."

Version = tuple[str, str]
"""Key and version."""


@dataclass(frozen=True)
class Verdict:
    """`lost`: dropped versions of which nothing is left; `removed_in_passing`: those lost to the one gap that is admitted (a source replaced
    between the look and the delete, in a bucket without versions); `doubled`: manifests written more than once; `rewritten`: other results;
    `wrong`: everything else that breaks a promise. `write_once`: whether the store can promise that nothing is written twice.
    """

    lost: tuple[str, ...]
    removed_in_passing: tuple[str, ...]
    doubled: tuple[str, ...]
    rewritten: tuple[str, ...]
    wrong: tuple[str, ...]
    write_once: bool
    finished: int
    failed: int
    outputs: int
    logs: int

    @property
    def broken(self) -> list[str]:
        """Every breach of a promise, in words."""
        twice = [*(f"doubled: {name}" for name in self.doubled), *(f"overwritten: {name}" for name in self.rewritten)]
        return [*(f"lost: {name}" for name in self.lost), *(twice if self.write_once else ()), *self.wrong]


def judge(bucket: Bucket, deeds: Sequence[Deed], wire: Wire, *, versioned: bool) -> Verdict:
    """`deeds` of one person, in order. Nobody works on the bucket any more.

    `versioned`: no replacement may be lost, but Ceph 16.2 then ignores conditions on PUT, so that nothing keeps results from being written twice.
    """
    dropped = {(deed.key, deed.version): deed for deed in deeds if deed.paper}
    manifests = {(manifest.source.key, manifest.version): manifest for manifest in bucket.manifests().values()}
    errors = {(report.source.key, report.version): report for report in bucket.error_reports()}
    last = {deed.key: deed for deed in deeds}
    missing = [deed for deed in last.values() if deed.paper and (deed.key, deed.version) not in manifests.keys() | errors.keys()]
    admitted = [] if versioned else [deed for deed in missing if wire.removals_around(deed.key, deed.began, deed.ended)]
    wrong = [f"still in the inbox: {key}" for key in bucket.keys(LAYOUT.incoming)]
    wrong += [f"never dropped: {version}" for version in sorted((manifests.keys() | errors.keys()) - dropped.keys())]
    wrong += [f"finished and failed: {version}" for version in sorted(manifests.keys() & errors.keys())]
    for version in dropped.keys() & manifests.keys():
        wrong += _faults_of_result(dropped[version], manifests[version])
    for version in dropped.keys() & errors.keys():
        wrong += _faults_of_failure(bucket, dropped[version], errors[version])
    wrong += _faults_of_logs(bucket, set(manifests), set(errors), last)
    outputs, of_outputs = _checked(bucket.check_finished)
    logs, of_logs = _checked(bucket.check_closed)
    twice = wire.written_twice()
    wrong += [f"removed: {key}" for key in wire.removed()]
    return Verdict(
        lost=tuple(f"{deed.key} {deed.version}" for deed in missing if deed not in admitted),
        removed_in_passing=tuple(f"{deed.key} {deed.version}" for deed in admitted),
        doubled=tuple(key for key in twice if key.endswith("/manifest.json")),
        rewritten=tuple(key for key in twice if not key.endswith("/manifest.json")),
        wrong=tuple(wrong + of_outputs + of_logs),
        write_once=not versioned,
        finished=len(manifests),
        failed=len(errors),
        outputs=outputs,
        logs=logs,
    )


def _checked(check: Callable[[], int]) -> tuple[int, list[str]]:
    try:
        return check(), []
    except AssertionError as error:
        return 0, [f"{check.__name__}: {str(error)[:500]}"]


def _faults_of_result(deed: Deed, manifest: Manifest) -> Iterator[str]:
    assert deed.paper is not None
    name = f"{deed.key} {deed.version}"
    if not deed.paper.pages:
        yield f"damaged, yet finished: {name}"
    elif len(manifest.pages) != deed.paper.pages:
        yield f"{len(manifest.pages)} of {deed.paper.pages} pages: {name}"
    if manifest.source.sha256 != deed.sha256:
        yield f"other bytes were read than were dropped: {name}"
    if deed.sha256 not in {output.sha256 for output in manifest.outputs if output.name.startswith(ARCHIVED)}:
        yield f"the original is not beside its results: {name}"


def _faults_of_failure(bucket: Bucket, deed: Deed, report: ErrorReport) -> Iterator[str]:
    assert deed.paper is not None
    name = f"{deed.key} {deed.version}"
    if deed.paper.pages:
        yield f"healthy, yet failed with {report.code} after {report.attempts} attempts: {name}"
    folder = LAYOUT.failure(LAYOUT.document(deed.key, deed.etag, len(deed.paper.body), report.source.dropped_at))
    if report.original is None or bucket.store.get(folder + report.original)[1] != deed.paper.body:
        yield f"the original is not beside the error: {name}"


def _faults_of_logs(bucket: Bucket, manifests: set[Version], errors: set[Version], last: dict[str, Deed]) -> Iterator[str]:
    """Each log's outcome is what stands in the bucket; a version is gone only where the person took or replaced it."""
    for log, entry in bucket.last_entries().items():
        version = entry.source.key, log.rpartition("/")[2]
        if entry.outcome is Outcome.DONE and version not in manifests:
            yield f"closed as done without a manifest: {version}"
        if entry.outcome is Outcome.FAILED and version not in errors:
            yield f"closed as failed without an error: {version}"
        deed = last.get(entry.source.key)
        if entry.outcome is Outcome.GONE and deed and deed.paper and deed.version == version[1] and version not in manifests:
            yield f"closed as gone though nobody took it: {version}"
