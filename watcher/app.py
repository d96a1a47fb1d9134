"""The composition root: the only place that names concrete adapters."""

from __future__ import annotations

import os
import random
import shutil
import socket
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psutil
import structlog
from structlog.typing import FilteringBoundLogger

from watcher import __version__
from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.health import HealthSnapshot, stalled
from watcher.domain.retry import RetryPolicy
from watcher.engines.choose import Choice, choose
from watcher.engines.port import EngineSpec
from watcher.engines.recogniser import EngineLimits, Recogniser
from watcher.intake.parser import Parser, start_parser
from watcher.intake.port import Limits, Rendering
from watcher.jobs import Jobs
from watcher.lease.acquire import Acquirer
from watcher.lease.bids import Bids
from watcher.lease.claim import Identity
from watcher.lease.keeper import kept
from watcher.lease.mode import AgreedAppender, Mode
from watcher.metrics import Metrics
from watcher.pipeline.bench import Bench, Rules
from watcher.pipeline.dispatch import Dispatcher
from watcher.pipeline.facts import StoreFacts, find_out, marker_of
from watcher.pipeline.inbox import Inbox
from watcher.pipeline.mirror import Mirror
from watcher.pipeline.retain import SourceRemover
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.verify import Verifier
from watcher.pipeline.vitals import Vitals
from watcher.settings import Settings
from watcher.storage.folder import FolderStore
from watcher.storage.port import RefusedError, Store, StoreError
from watcher.storage.s3 import Observed, S3Config, S3Store
from watcher.storage.walk import PassedOver
from watcher.web import HttpServer, create_app

UPLOADS_PER_DOCUMENT = 4
FREE_HANDOVERS = 3
PARSER_CALLS_PER_CHILD = 500
PROBE_RETRY_SECONDS = 10.0
STALE_WINDOW_POLLS = 6
"""A window of the inbox that was not dealt within so many polls is listed again."""
QUIET_SETTLINGS = 2
"""A folder hides files until they have settled: only an inbox that stayed empty for twice as long is empty."""

EXIT_OK, EXIT_ERROR, EXIT_SOME_FAILED = 0, 1, 3


def _tell_nobody(first: str, second: str) -> None:
    pass


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def open_store(settings: Settings, observed: Observed = _tell_nobody, passed_over: PassedOver = _tell_nobody) -> Store:
    """The bucket where all four variables are set, else the folder. Raises `RefusedError`.

    `observed` is told of each answer of the bucket, `passed_over` of each file of the folder that cannot be a document.
    """
    s3, storage = settings.s3, settings.storage
    if not s3.configured:
        return FolderStore(Path(storage.folder), settings.layout.incoming, storage.settle_seconds, utc_now, passed_over)
    return S3Store(
        S3Config(
            endpoint=s3.endpoint,
            bucket=s3.bucket,
            access_key=s3.access_key.get_secret_value(),
            secret_key=s3.secret_key.get_secret_value(),
            region=storage.region,
            connect_timeout=storage.connect_seconds,
            read_timeout=storage.read_seconds,
            attempts=storage.attempts,
            pool_size=storage.connections,
        ),
        observed,
    )


def layout_of(settings: Settings) -> Layout:
    return Layout(settings.layout.incoming, settings.layout.claims, settings.layout.processed, settings.layout.failed)


class Daemon:
    """One replica. `run` may be called once; `stop` from a signal handler."""

    def __init__(self, settings: Settings, log: FilteringBoundLogger) -> None:
        self._settings = settings
        self._replica = settings.watch.replica or socket.gethostname()
        self._log = log.bind(replica=self._replica)
        self._clock = Clock(time.monotonic, utc_now)
        self._metrics = Metrics(time.time)
        self._vitals = Vitals(time.monotonic)
        self._choice = _chosen_engine(settings)
        self._recogniser = _recogniser(settings, self._choice, self._clock, self._log)
        self._appender: AgreedAppender | None = None
        self._stopping = threading.Event()
        self._give_back = threading.Event()
        self._scratch = _make_scratch(settings)

    def stop(self) -> None:
        """Ends the watch: nothing new is claimed, and `run` returns within `watch.grace_seconds` and a little."""
        self._stopping.set()

    def run(self, *, drain: bool) -> int:
        """Watches until it is stopped, or with `drain` until the inbox is empty. Returns the exit code."""
        server = HttpServer(create_app(self.health, self.metrics), self._settings.http.host, self._settings.http.port)
        server.start()
        self._log.info("daemon_started", version=__version__, port=server.port, engine=self._choice.spec.name, pid=os.getpid())
        for warning in self._choice.warnings:
            self._log.warning("engine_warning", reason=warning)
        try:
            self._recogniser.start()
            return self._watch(drain)
        finally:
            self._recogniser.close()
            shutil.rmtree(self._scratch, ignore_errors=True)
            server.stop()
            self._log.info("daemon_ended")

    def health(self) -> HealthSnapshot:
        engine, pulse = self._recogniser.state, self._vitals.pulse
        return HealthSnapshot(
            engine_phase=engine.phase,
            engine_reason=engine.reason,
            engine=self._choice.spec.name,
            engine_version=engine.info.version if engine.info else "",
            s3_configured=self._settings.s3.configured,
            version=__version__,
            replica=self._replica,
            claim_mode=self._appender.mode.value if self._appender else "unknown",
            counts={**pulse.ended, "in_progress": pulse.in_progress, "in_inbox": pulse.in_inbox},
            last_scan_age=pulse.scan_age,
            store_reachable=self._appender is not None and not pulse.store_reason,
            store_reason=pulse.store_reason,
            stalled=stalled(pulse.loop_age, pulse.slowest_age, self._settings.http.stall_seconds),
        )

    def metrics(self) -> bytes:
        engine = self._recogniser.state
        self._metrics.engine(ready=engine.phase == "ready", restarts=engine.restarts)
        return self._metrics.render()

    def _passed_over(self, key: str, reason: str) -> None:
        self._log.warning("file_passed_over", document=key, reason=reason)

    def _bids_begun(self, reason: str) -> None:
        self._log.warning("claim_mode_changed", claim_mode=Mode.BIDS.value, reason=reason)

    def _watch(self, drain: bool) -> int:
        store = open_store(self._settings, self._metrics.store_request, self._passed_over)
        layout = layout_of(self._settings)
        facts = self._probe(store, layout, insist=not drain)
        if facts is None:
            return EXIT_OK if self._stopping.is_set() else EXIT_ERROR
        self._appender = AgreedAppender(store, marker_of(layout), facts.mode, Bids(time.sleep), self._bids_begun)
        watch = self._settings.watch
        uploads = ThreadPoolExecutor(UPLOADS_PER_DOCUMENT * watch.documents, thread_name_prefix="upload")
        parser = _parser(self._settings)
        dispatcher = self._dispatcher(store, layout, facts, self._appender, uploads, parser)
        verifier = Verifier(store, layout, self._log, self._stopping)
        jobs = Jobs(dispatcher, verifier, watch.poll_seconds, watch.sweep_seconds, watch.verify_seconds)
        jobs.start()
        try:
            return self._until_ended(dispatcher, jobs, drain)
        finally:
            self._stopping.set()
            jobs.stop()
            self._hand_over(dispatcher, parser)
            uploads.shutdown(wait=False, cancel_futures=True)

    def _until_ended(self, dispatcher: Dispatcher, jobs: Jobs, drain: bool) -> int:
        loaded = False
        while not self._stopping.wait(0.2):
            if not loaded and self._recogniser.state.phase == "ready":
                loaded = True
                jobs.wake()
            if not drain:
                continue
            if dispatcher.drained.is_set():
                failed = self._vitals.pulse.ended.get("failed", 0)
                self._log.info("inbox_drained", **self._vitals.pulse.ended)
                return EXIT_SOME_FAILED if failed else EXIT_OK
            if self._recogniser.state.phase == "failed":
                self._log.error("drain_impossible", reason=self._recogniser.state.reason)
                return EXIT_ERROR
        return EXIT_OK

    def _hand_over(self, dispatcher: Dispatcher, parser: Parser) -> None:
        """Finishes what can be finished within the grace period and gives the rest back, as far as the store answers."""
        watch = self._settings.watch
        self._log.info("stopping", documents=self._vitals.pulse.in_progress, grace_seconds=watch.grace_seconds)
        dispatcher.stop()
        if not dispatcher.wait(watch.grace_seconds):
            self._log.info("giving_back", documents=self._vitals.pulse.in_progress)
        self._give_back.set()
        self._recogniser.close()
        parser.close()
        if not dispatcher.wait(watch.hand_back_seconds):
            self._log.warning("left_to_their_leases", documents=self._vitals.pulse.in_progress, reason="the store did not answer in time")

    def _probe(self, store: Store, layout: Layout, *, insist: bool) -> StoreFacts | None:
        """Asks until the store answers; without `insist` a refusal ends it."""
        while not self._stopping.is_set():
            self._vitals.looped()
            try:
                facts = find_out(store, layout, _nonce)
            except StoreError as error:
                self._vitals.store_failed(str(error))
                self._log.error("store_unreachable", store=store.location, reason=str(error))
                if not insist and isinstance(error, RefusedError):
                    return None
                self._stopping.wait(PROBE_RETRY_SECONDS)
                continue
            self._log.info(
                "store_probed",
                store=store.location,
                claim_mode=facts.mode.value,
                conditions=facts.probe.verdict.value,
                detail=facts.probe.detail,
                removal=facts.removal.value,
            )
            if facts.mode is Mode.SINGLE:
                self._log.warning(
                    "single_replica_only",
                    reason="the store neither keeps racing creates apart nor lists at once what was stored: run one replica only on this"
                    " bucket, two would do work twice",
                )
            return facts
        return None

    def _dispatcher(
        self, store: Store, layout: Layout, facts: StoreFacts, appender: AgreedAppender, uploads: ThreadPoolExecutor, parser: Parser
    ) -> Dispatcher:
        settings = self._settings
        rules = _rules(settings, self._choice)
        output = settings.output
        bench = Bench(
            store=store,
            layout=layout,
            rules=rules,
            parser=parser,
            recogniser=self._recogniser,
            uploads=uploads,
            remover=SourceRemover(store, facts.removal),
            keep=kept,
            mirror=Mirror(Path(output.folder), output.max_bytes, store, layout) if output.folder else None,
            scratch=self._scratch,
            clock=self._clock,
            jitter=random.random,
            log=self._log,
            metrics=self._metrics,
            give_back=self._give_back,
        )
        identity = Identity(self._replica, settings.claims.lease_seconds, self._clock, _nonce)
        keeps_source = settings.retention.source == "keep"
        acquirer = Acquirer(store, identity, rules.policy, keeps_source=keeps_source, appender=appender)
        stale_seconds = STALE_WINDOW_POLLS * settings.watch.poll_seconds
        inbox = Inbox(store, layout, tuple(settings.watch.ignore), time.monotonic, random.random, stale_seconds)
        sweeper = Sweep(store, layout, timedelta(days=settings.claims.keep_days), self._stopping)
        quiet_seconds = 0.0 if settings.s3.configured else QUIET_SETTLINGS * settings.storage.settle_seconds
        return Dispatcher(bench, acquirer, inbox, sweeper, self._vitals, settings.watch.documents, quiet_seconds, appender.obey)


def new_log() -> FilteringBoundLogger:
    log: FilteringBoundLogger = structlog.get_logger()
    return log


def _nonce() -> str:
    return uuid.uuid4().hex


def _rules(settings: Settings, choice: Choice) -> Rules:
    return Rules(
        retention=settings.retention.source,
        policy=RetryPolicy(settings.claims.max_attempts, settings.claims.backoff_seconds, settings.claims.backoff_max_seconds),
        file_bytes=settings.limits.file_bytes,
        window_pages=settings.render.window_pages,
        render_pages=min(settings.ocr.batch_pages, settings.render.window_pages),
        failed_pages_percent=settings.limits.failed_pages_percent,
        free_handovers=FREE_HANDOVERS,
        options={
            "engine": choice.spec.name,
            "languages": settings.ocr.languages,
            "dpi": settings.render.dpi,
            "max_pixels": settings.render.max_pixels,
        },
    )


def _parser(settings: Settings) -> Parser:
    limits, render = settings.limits, settings.render
    return start_parser(
        Limits(limits.file_bytes, limits.pages, limits.image_pixels, limits.parse_seconds, limits.parse_memory_bytes),
        Rendering(render.dpi, render.max_pixels, render.jpeg_quality, render.jpeg_max_side),
        processes=render.processes,
        calls_per_child=PARSER_CALLS_PER_CHILD,
    )


def _make_scratch(settings: Settings) -> Path:
    """A folder of this process's own; those that dead processes left behind are removed."""
    root = Path(settings.watch.scratch or tempfile.gettempdir())
    root.mkdir(parents=True, exist_ok=True)
    for left in root.glob("watcher-scratch-[0-9]*-*"):
        pid = left.name.split("-")[2]
        if pid == str(os.getpid()) or not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"watcher-scratch-{os.getpid()}-", dir=root))


def _chosen_engine(settings: Settings) -> Choice:
    """Raises `EngineNotFoundError` where nothing here can read."""
    ocr = settings.ocr
    choice = choose(ocr.engine, ocr.languages, Path(ocr.tessdata) if ocr.tessdata else None)
    if choice.spec.name == "fake":
        return replace(choice, spec=EngineSpec("fake", {"page_seconds": ocr.fake_page_seconds}))
    return choice


def _recogniser(settings: Settings, choice: Choice, clock: Clock, log: FilteringBoundLogger) -> Recogniser:
    ocr = settings.ocr
    limits = EngineLimits(
        batch_pages=ocr.batch_pages,
        page_seconds=ocr.page_seconds,
        load_seconds=ocr.load_seconds,
        recycle_pages=ocr.recycle_pages,
        recycle_bytes=ocr.recycle_bytes,
        restart_seconds=ocr.restart_seconds,
        restart_max_seconds=ocr.restart_max_seconds,
    )
    return Recogniser(choice.spec, limits, clock, log)
