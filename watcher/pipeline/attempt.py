"""One attempt on one document: its steps in order, and what its end means for the claim."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from watcher.domain.claim import Fault, Outcome, Purpose
from watcher.domain.document import Document
from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.manifest import Manifest
from watcher.domain.waits import Wait
from watcher.engines.recogniser import EngineUnavailableError
from watcher.intake.fetch import Fetched, SourceChangedError, fetch
from watcher.lease.claim import Claim, FencedError
from watcher.pipeline.bench import Bench, GivenBackError, SourceGoneError
from watcher.pipeline.commit import archive_source, point_to, write_derived, write_manifest
from watcher.pipeline.quarantine import fault_of, fault_of_lost_attempts, quarantine, release_quarantine, was_quarantined
from watcher.pipeline.reading import PageReader
from watcher.pipeline.writer import ResultWriter
from watcher.results.names import MANIFEST, checkpoints, source_name
from watcher.storage.port import NotFoundError, StoreError, UnstorableKeyError
from watcher.workers.pool import ChildError

FETCHED = "fetched"
Tell = Callable[[], None]


class End(str, Enum):
    """How an attempt ended, for logs, metrics and the exit code."""

    DONE = "done"
    ALREADY_DONE = "already_done"
    FAILED = "failed"
    GONE = "gone"
    WAITING = "waiting"
    GIVEN_BACK = "given_back"
    LOST = "lost"


OVER = (End.DONE, End.ALREADY_DONE, End.FAILED, End.GONE)
"""The ends after which nothing is left to do for the document."""


@dataclass(frozen=True)
class _Condemned:
    """The document is to be quarantined, for this reason."""

    fault: Fault


@dataclass(frozen=True)
class _Postponed:
    """The document waits; not `charged` where it is not to blame."""

    fault: Fault | None
    charged: bool
    reason: str


_Finished = End | _Condemned | _Postponed


class Attempt:
    """Built for one held claim; `run` ends it. `progressed` is called whenever something was gained, `read_through` when only writing is left to do."""

    def __init__(self, bench: Bench, claim: Claim, document: Document, progressed: Tell, read_through: Tell) -> None:
        self._log: FilteringBoundLogger = bench.log.bind(document=document.key, version=document.version, attempt=claim.entry.attempts)
        self._bench = replace(bench, log=self._log)
        self._claim = claim
        self._document = replace(document, generation=claim.entry.generation)
        self._progressed = progressed
        self._read_through = read_through
        self._gained = 0
        self._source = claim.entry.source

    def run(self) -> End:
        started = self._bench.clock.monotonic()
        self._log.info(
            "document_claimed",
            entry=self._claim.number,
            purpose=self._claim.entry.purpose.value,
            bytes=self._document.size,
            taken_over=self._claim.entry.took_over,
        )
        scratch = self._bench.scratch / f"document-{self._claim.entry.nonce}"
        try:
            end = self._end(self._work(scratch), scratch)
        except FencedError as error:
            end = self._lost(error)
        except StoreError as error:
            self._log.warning("store_failed", reason=str(error))
            end = End.LOST
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        seconds = self._bench.clock.monotonic() - started
        self._bench.metrics.document_finished(end.value, seconds)
        self._log.info("document_ended", outcome=end.value, seconds=round(seconds, 3))
        return end

    def _work(self, scratch: Path) -> _Finished:
        """Everything that happens while the claim is renewed. Expected errors become the value that says what follows."""
        try:
            scratch.mkdir(parents=True)
            with self._bench.keep(self._claim):
                return self._read_or_tail(scratch)
        except GivenBackError:
            return End.GIVEN_BACK
        except FencedError as error:
            return self._lost(error)
        except DocumentError as error:
            return self._judge(error)
        except (EngineUnavailableError, ChildError, CancelledError) as error:
            if self._bench.give_back.is_set():
                return End.GIVEN_BACK
            self._log.warning("child_process_failed", reason=str(error))
            return _Postponed(None, charged=False, reason=Wait.CHILD_PROCESS_FAILED.value)
        except UnstorableKeyError as error:
            self._log.warning("name_cannot_be_stored", reason=str(error))
            return self._judge(DocumentError(ErrorCode.UNSTORABLE_NAME))
        except StoreError as error:
            self._log.warning("store_failed", reason=str(error))
            return _Postponed(None, charged=False, reason=Wait.STORE_FAILED.value)
        except OSError as error:
            return self._disk_failed(error)
        except Exception as error:
            if self._bench.give_back.is_set():  # what writing needs may have ended already
                return End.GIVEN_BACK
            self._log.exception("internal_error")
            return self._judge(DocumentError(ErrorCode.INTERNAL_ERROR, found=type(error).__name__))

    def _lost(self, error: FencedError) -> End:
        self._log.warning("claim_lost", reason=str(error))
        return End.LOST

    def _disk_failed(self, error: OSError) -> _Postponed:
        """Not the document's fault: more room, and it is read."""
        reason = error.strerror or type(error).__name__
        self._log.warning("local_disk_failed", reason=reason, folder=str(self._bench.scratch), setting="watch.scratch")
        return _Postponed(None, charged=False, reason=Wait.LOCAL_DISK_FAILED.value)

    def _end(self, finished: _Finished, scratch: Path) -> End:
        """The entry that ends the claim."""
        if isinstance(finished, _Condemned):
            return self._quarantine(finished.fault, scratch)
        if isinstance(finished, _Postponed):
            return self._wait(self._claim, finished)
        if finished is End.GIVEN_BACK:
            given = self._claim.hand_back(gained=self._gained > 0, free_handovers=self._bench.rules.free_handovers)
            return End.GIVEN_BACK if given else End.LOST
        if finished is not End.LOST:
            outcome = {End.FAILED: Outcome.FAILED, End.GONE: Outcome.GONE}.get(finished, Outcome.DONE)
            if not self._close(outcome) and finished is not End.DONE:
                return End.LOST
        return finished

    def _wait(self, claim: Claim, postponed: _Postponed) -> End:
        """Waits double with each attempt, or with each time in a row that something else was to blame."""
        times = claim.entry.attempts if postponed.charged else claim.entry.postponed + 1
        delay = self._bench.rules.policy.delay(times, self._bench.jitter())
        self._log.warning("document_waits", reason=postponed.reason, seconds_to_wait=round(delay, 1), charged=postponed.charged)
        return End.WAITING if claim.wait(delay, postponed.fault, charged=postponed.charged, reason=postponed.reason) else End.LOST

    def _close(self, outcome: Outcome) -> bool:
        """The hint comes after the entry that it is about: before it, nothing more would be done for the document."""
        closed = self._claim.close(outcome)
        if closed and outcome is Outcome.DONE and self._bench.rules.retention == "keep":
            try:
                self._claim.log.hint_closed(self._claim.number + 1)
            except StoreError as error:
                self._log.info("hint_not_written", reason=str(error))
        return closed

    def _read_or_tail(self, scratch: Path) -> _Finished:
        bench, document = self._bench, self._document
        standing = self._standing() if self._claim.number > 1 else frozenset()
        if MANIFEST in standing:
            self._tail()
            return End.ALREADY_DONE
        if self._claim.entry.purpose is Purpose.QUARANTINE:
            return _Condemned(fault_of_lost_attempts(self._claim))
        if document.size > bench.rules.file_bytes:
            raise DocumentError(ErrorCode.FILE_TOO_LARGE, found=document.size, limit=bench.rules.file_bytes, setting="limits.file_bytes")
        try:
            fetched = self._fetch(scratch)
        except (NotFoundError, SourceChangedError):
            return self._taken_away()
        try:
            self._read(scratch, fetched, standing)
        except SourceGoneError:
            return self._taken_away()
        return End.DONE

    def _taken_away(self) -> End:
        """By a person, or by an attempt before this one that had moved it to `failed/`."""
        return End.FAILED if was_quarantined(self._bench, self._document) else End.GONE

    def _read(self, scratch: Path, fetched: Fetched, standing: frozenset[str]) -> None:
        bench, document, claim = self._bench, self._document, self._claim
        started = bench.clock.monotonic()
        inspection = bench.parser.inspect(fetched.path)
        self._source = self._source.model_copy(update={"media_type": inspection.media_type})
        self._log.info("document_opened", pages=inspection.pages, media_type=inspection.media_type)
        writer = ResultWriter(bench.store, bench.layout.result(document), scratch, claim)
        drawn = scratch / "drawn"
        drawn.mkdir()
        reader = PageReader(bench, claim, writer, fetched.path, inspection, drawn, self._progressed, self._read_through)
        reader.adopt([number for number in checkpoints(standing) if number <= inspection.pages])
        try:
            reader.read()
        finally:
            self._gained = reader.gained
        outputs = [output for number in range(1, inspection.pages + 1) for output in reader.outputs[number]]
        archives = bench.rules.retention == "archive"
        original = partial(archive_source, writer, fetched.path, inspection.extension) if archives else None
        derived = write_derived(bench, writer, document, self._source, inspection.pages, original)
        outputs += derived.outputs
        total = bench.clock.monotonic() - started + fetched.seconds
        manifest = write_manifest(
            bench, writer, document, self._source, outputs, derived.structure, inspection.pages, total, fetched.seconds
        )
        self._log.info("document_written", pages=inspection.pages, result=writer.prefix)
        self._tail()
        if archives and not (copied := scratch / source_name(inspection.extension)).exists():
            fetched.path.rename(copied)  # where the local copy looks for it before it asks the store
        self._copy(manifest, scratch)

    def _copy(self, manifest: Manifest, scratch: Path) -> None:
        if self._bench.mirror is None:
            return
        try:
            if not self._bench.mirror.copy(self._document, manifest, scratch):
                self._log.warning("local_copy_too_large", setting="output.max_bytes")
        except (OSError, StoreError) as error:
            self._log.warning("local_copy_failed", setting="output.folder", reason=str(error))

    def _fetch(self, scratch: Path) -> Fetched:
        document, disk = self._document, shutil.disk_usage(scratch)
        if document.size > disk.total:
            raise DocumentError(ErrorCode.FILE_TOO_LARGE, found=document.size, limit=disk.total, setting="watch.scratch")
        if document.size > disk.free:
            raise OSError(errno.ENOSPC, "the scratch disk has no room for the document: see watch.scratch")
        fetched = fetch(self._bench.store, document.key, document.etag, scratch / FETCHED, document.size, self._bench.clock)
        self._source = self._source.model_copy(update={"sha256": fetched.sha256})
        return fetched

    def _tail(self) -> None:
        """What follows the manifest, done again by whoever finds it undone."""
        bench, document, claim = self._bench, self._document, self._claim
        claim.check()
        pointed = bench.uploads.submit(point_to, bench, document)
        try:
            if bench.rules.retention != "keep":
                bench.remover.remove(document.key, document.etag, claim.check)
        finally:
            pointed.exception()  # no write is under way any more when this returns
        pointed.result()
        if claim.number > 1:
            release_quarantine(bench, document)

    def _quarantine(self, fault: Fault, scratch: Path) -> End:
        bench, document = self._bench, self._document
        claim = self._claim if self._claim.entry.purpose is Purpose.QUARANTINE else self._claim.quarantine(fault)
        try:
            with bench.keep(claim):
                fetched = scratch / FETCHED
                report = quarantine(bench, claim, document, self._source, fetched if fetched.exists() else None, fault)
        except NotFoundError:
            end = self._taken_away()
            claim.close(Outcome.FAILED if end is End.FAILED else Outcome.GONE)
            return end
        except OSError as error:
            return self._wait(claim, self._disk_failed(error))
        except StoreError as error:
            self._log.warning("store_failed", reason=str(error))
            return self._wait(claim, _Postponed(None, charged=False, reason=Wait.STORE_FAILED.value))
        self._log.warning("document_quarantined", code=fault.code, page=fault.page, message=fault.message, report=report)
        claim.close(Outcome.FAILED)
        return End.FAILED

    def _judge(self, error: DocumentError) -> _Condemned | _Postponed:
        """Errors of the document end it, temporary ones once its attempts are spent."""
        fault = fault_of(error)
        if error.transient and not self._bench.rules.policy.spent(self._claim.entry.attempts):
            return _Postponed(fault, charged=True, reason=fault.code)
        return _Condemned(fault)

    def _standing(self) -> frozenset[str]:
        """Names that stand under R from earlier attempts."""
        prefix = self._bench.layout.result(self._document)
        return frozenset(info.key.removeprefix(prefix) for info in self._bench.store.list(prefix))
