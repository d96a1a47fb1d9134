"""Deals documents to the threads that attempt them: only with free capacity, each version to one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from watcher.domain.claim import Skip
from watcher.domain.document import Document
from watcher.domain.manifest import Source
from watcher.lease.acquire import Acquirer
from watcher.lease.claim import Claim
from watcher.pipeline.attempt import OVER, Attempt, End, Tell
from watcher.pipeline.bench import Bench
from watcher.pipeline.inbox import Inbox
from watcher.pipeline.outage import Gate
from watcher.pipeline.place import Place
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.vitals import Vitals
from watcher.storage.port import StoreError
from watcher.storage.watched import cause

_T = TypeVar("_T")
_LOOK_SECONDS = 0.5

Run = Callable[[Bench, Claim, Document, Tell, Tell], End]
"""What is done with a document that was claimed; to tell of each progress, and when all pages are read."""


def _run(bench: Bench, claim: Claim, document: Document, progressed: Tell, read_through: Tell) -> End:
    return Attempt(bench, claim, document, progressed, read_through).run()


class Dispatcher:
    """`documents`: how many this replica reads at once, and `finishing`: how many more may be read through and still be written; `quiet_seconds`: how long an inbox must stay empty to count as drained.

    `gate` says when work may begin while the store is in trouble.
    `agree` is called with each sweep: it looks whether the replicas agreed on another way to claim.

    `scan` and `sweep` are each called from one thread at a time.
    """

    def __init__(
        self,
        bench: Bench,
        acquirer: Acquirer,
        inbox: Inbox,
        sweeper: Sweep,
        vitals: Vitals,
        documents: int,
        gate: Gate,
        finishing: int = 0,
        quiet_seconds: float = 0.0,
        agree: Callable[[], None] = lambda: None,
        run: Run = _run,
    ) -> None:
        self._bench = bench
        self._acquirer = acquirer
        self._inbox = inbox
        self._sweeper = sweeper
        self._vitals = vitals
        self._gate = gate
        self._slots = threading.Semaphore(documents)
        self._finishing = threading.Semaphore(finishing)
        self._threads = ThreadPoolExecutor(documents + finishing, thread_name_prefix="document")
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self._changed = threading.Condition()
        self._active: set[str] = set()
        self._asked: set[str] = set()  # whether they are ours their threads do not know yet
        self._ended_at: dict[str, float] = {}
        self._settled: set[str] = set()
        self._left: set[str] = set()  # met in this round, and held by another or waiting
        self._orphans: dict[str, Document] = {}
        self._swept = False
        self._quiet_seconds = quiet_seconds
        self._agree = agree
        self._run = run
        self._empty_since: float | None = None

    @property
    def drained(self) -> threading.Event:
        """Set once a whole round met no document that is not finished, and nothing is in progress."""
        return self._drained

    def scan(self) -> None:
        """One round over the inbox and over what the sweep found, handing documents to threads as these become free."""
        if not self._can_read() or not self._gate.opens():
            self._vitals.looped()
            return
        while self._scan_once() and self._inbox.abandoned:
            pass

    def _scan_once(self) -> bool:
        """One round. Whether it went to its end."""
        began = self._bench.clock.monotonic()
        self._left = set()
        try:
            unfinished = self._deal()
        except StoreError as error:
            self._store_failed("scan_failed", error)
            return False
        if unfinished is None:
            return False
        self._scanned(began)
        self._judge_drained(began, unfinished)
        return True

    def _judge_drained(self, began: float, unfinished: int) -> None:
        with self._changed:
            idle = not self._active
        if unfinished or not idle or not self._swept:
            self._empty_since = None
            return
        self._empty_since = began if self._empty_since is None else self._empty_since
        if began - self._empty_since >= self._quiet_seconds:
            self._drained.set()

    def sweep(self) -> None:
        """Finds documents that only a crash left open, which the rounds that follow end, and removes logs that are long closed."""
        try:
            self._agree()
            if self._bench.rules.retention == "keep":
                self._settled = set(self._sweeper.settled())
            for document in self._sweeper.orphans():
                self._orphans[self._bench.layout.claim_log(document)] = document
            pruned = self._sweeper.prune(self._bench.clock.now())
        except StoreError as error:
            self._store_failed("sweep_failed", error)
            return
        self._swept = True
        for log in sorted(self._sweeper.unreadable):
            self._bench.log.warning(
                "claims_unreadable", claims=log, reason="not written by a version like this one: update it, or remove them"
            )
        if self._orphans or pruned:
            self._bench.log.info("claims_swept", left_open=len(self._orphans), pruned=pruned)

    def stop(self) -> None:
        """Nothing is claimed any more."""
        self._stopping.set()

    def wait(self, seconds: float) -> bool:
        """Waits until no document is in progress; False where `seconds` were not enough."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._active, timeout=seconds)

    def _deal(self) -> int | None:
        """Unfinished documents met in the round; None where it was broken off."""
        unfinished = 0
        round_ = self._round()
        while self._wait_for_slot():
            started = False
            try:
                for document, listed_at in round_:
                    log = self._bench.layout.claim_log(document)
                    if log in self._settled:
                        continue
                    unfinished += 1
                    if self._acquirer.rests(log):
                        self._left.add(log)
                        continue
                    if started := self._start(log, document, listed_at):
                        break
                    if self._stopping.is_set():
                        return None
            finally:
                if not started:
                    self._slots.release()
            if not started:
                return unfinished
            if self._gate.narrow:
                return None
        return None

    def _store_failed(self, event: str, error: StoreError, **fields: str) -> None:
        """What keeps the store from working is told once for all (see `OutageLog`), not with each request that meets it."""
        self._vitals.looped()
        tell = self._bench.log.debug if cause(error) else self._bench.log.warning
        tell(event, reason=str(error), **fields)

    def _round(self) -> Iterator[tuple[Document, float]]:
        for document in list(self._orphans.values()):
            yield document, self._bench.clock.monotonic()
        self._forget_ended()
        for dealt in self._inbox.deal():
            self._scanned(dealt.listed_at)
            yield dealt.document, dealt.listed_at

    def _scanned(self, listed_at: float) -> None:
        in_inbox = self._inbox.waiting + len(self._left)
        self._vitals.scanned(listed_at, in_inbox)
        self._bench.metrics.scanned(in_inbox)

    def _start(self, log: str, document: Document, listed_at: float) -> bool:
        """Whether it took the slot. Where others may be about, one document after the other is tried: next to one of theirs probably lie more."""
        wary = self._inbox.wary
        with self._changed:
            if log in self._active or self._ended_at.get(log, listed_at) > listed_at:
                return False
            self._active.add(log)
            at_once = self._inbox.certain or not (wary or self._asked)
        if at_once:
            self._asked.add(log)
            self._threads.submit(self._work, log, document, self._claim)
            return True
        claim: Claim | None = None
        try:
            claim = self._guarded(log, document, lambda: self._claim(log, document, look_first=wary), in_round=True)
        finally:
            if claim is None:
                self._over(log)
        if claim is None:
            return False
        self._threads.submit(self._work, log, document, lambda log, document: claim)
        return True

    def _work(self, log: str, document: Document, claimed: Callable[[str, Document], Claim | None]) -> None:
        place = Place(self._slots, self._finishing)

        def work() -> None:
            try:
                claim = claimed(log, document)
            finally:
                self._asked.discard(log)
            if claim is not None:
                self._read(log, document, claim, place)

        try:
            self._guarded(log, document, work)
        finally:
            self._over(log)
            place.leave()

    def _guarded(self, log: str, document: Document, work: Callable[[], _T], *, in_round: bool = False) -> _T | None:
        """`in_round`: raises what a store in trouble answers, which ends the round."""
        try:
            return work()
        except StoreError as error:
            if in_round and self._gate.narrow:
                raise
            self._store_failed("claim_failed", error, document=document.key)
        except Exception:
            self._bench.log.exception("internal_error", document=document.key)
        return None

    def _over(self, log: str) -> None:
        with self._changed:
            self._active.discard(log)
            self._ended_at[log] = self._bench.clock.monotonic()
            self._changed.notify_all()

    def _claim(self, log: str, document: Document, *, look_first: bool = False) -> Claim | None:
        source = Source(key=document.key, etag=document.etag, size=document.size, dropped_at=document.modified)
        acquired = self._acquirer.acquire(log, source, look_first=look_first)
        self._bench.metrics.claim(acquired.reason if isinstance(acquired, Skip) else "won")
        if not isinstance(acquired, Skip):
            self._inbox.claimed()
            return acquired
        if acquired.contended:
            self._inbox.contended()
        if acquired.settled:
            self._settled.add(log)
        elif not acquired.gone:
            self._left.add(log)
        if acquired.settled or acquired.gone:
            self._orphans.pop(log, None)
        return None

    def _read(self, log: str, document: Document, claim: Claim, place: Place) -> None:
        self._vitals.began(log, document.key, document.size, lambda: (claim.pages_done, claim.pages_total))
        if claim.entry.took_over:
            self._bench.metrics.taken_over()
        end = End.LOST
        try:
            with self._bench.metrics.working():
                end = self._run(self._bench, claim, document, lambda: self._vitals.page_read(log), place.read_through)
        finally:
            self._vitals.ended(log, end.value)
        if end in OVER:
            self._orphans.pop(log, None)

    def _wait_for_slot(self) -> bool:
        while not self._stopping.is_set() and self._can_read():
            self._vitals.looped()
            if self._slots.acquire(timeout=_LOOK_SECONDS):
                return True
        return False

    def _can_read(self) -> bool:
        """Documents are not taken from replicas that can read them."""
        return self._bench.recogniser.state.serves

    def _forget_ended(self) -> None:
        """An end is remembered as long as a listing older than it may still show the document."""
        horizon = self._bench.clock.monotonic() - 10 * self._inbox.stale_seconds
        with self._changed:
            self._ended_at = {log: at for log, at in self._ended_at.items() if at > horizon}
