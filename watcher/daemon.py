"""One replica from its start to its end: what it tells the platform, how it watches, how it hands over."""

from __future__ import annotations

import logging
import os
import random
import shutil
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from structlog.typing import FilteringBoundLogger

from watcher import __version__
from watcher.app import (
    Shared,
    build_dispatcher,
    build_parser,
    build_turns,
    layout_of,
    new_condition,
    new_nonce,
    open_store,
    passed_over,
    store_pauses,
    utc_now,
    watched,
)
from watcher.domain import exits
from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.health import HealthSnapshot, StoreState, stalled
from watcher.domain.presence import Presence
from watcher.intake.parser import Parser
from watcher.jobs import Jobs
from watcher.lease.bids import Bids
from watcher.lease.mode import AgreedAppender, Mode
from watcher.metrics import Metrics
from watcher.pipeline.dispatch import Dispatcher
from watcher.pipeline.facts import StoreFacts, find_out, marker_of, suited
from watcher.pipeline.outage import OutageLog, told
from watcher.pipeline.presence import Beacon
from watcher.pipeline.scratch import make_scratch
from watcher.pipeline.vitals import Vitals
from watcher.recognition import build_model_server, build_recogniser, chosen_engine
from watcher.settings import Settings
from watcher.storage.condition import Trouble
from watcher.storage.port import RefusedError, Store, StoreError
from watcher.web import Events, HttpServer, create_app

FAREWELL_SECONDS = 2.0


def stall_budget(settings: Settings) -> float:
    """Seconds without progress that mean that something hangs.

    That is beyond what a poll may take, a request to a store that does not answer, a call, trying the engine out after it, loading it anew, and the first page read alone.
    """
    ocr, storage = settings.ocr, settings.storage
    request = storage.attempts * (storage.connect_seconds + storage.read_seconds)
    call, alone = (ocr.call_seconds + ocr.page_seconds * pages for pages in (ocr.pages_per_call, 1))
    tried = ocr.call_seconds + ocr.load_seconds
    return settings.http.stall_seconds + settings.watch.poll_seconds + request + call + 2 * tried + alone


def store_state(trouble: Trouble | None, *, known: bool) -> StoreState:
    if trouble is None:
        return "reachable" if known else "unknown"
    return "unreachable" if trouble.cuts_off else "restricted"


class Daemon:
    """One replica. `run` may be called once; `stop` from a signal handler."""

    def __init__(self, settings: Settings, log: FilteringBoundLogger) -> None:
        self._settings = settings
        self._replica = settings.watch.replica or socket.gethostname()
        self._log = log.bind(replica=self._replica)
        self._clock = Clock(time.monotonic, utc_now)
        self._metrics = Metrics(time.time)
        self._vitals = Vitals(time.monotonic)
        self._condition = new_condition(settings)
        self._choice = chosen_engine(settings)
        self._recogniser = build_recogniser(settings, self._choice, self._clock, self._log)
        self._model_server = build_model_server(settings, self._clock, self._log)
        self._appender: AgreedAppender | None = None
        self._jobs: Jobs | None = None
        self._nonce, self._started_at = new_nonce(), utc_now()
        self._stopping = threading.Event()
        self._give_back = threading.Event()
        self._scratch = make_scratch(settings.watch.scratch)

    def stop(self) -> None:
        """Ends the watch: nothing new is claimed, and `run` returns within `watch.grace_seconds` and a little."""
        self._stopping.set()

    def run(self, *, drain: bool) -> int:
        """Watches until it is stopped, or with `drain` until the inbox is empty. Returns the exit code."""
        http = self._settings.http
        server = HttpServer(self._web(), http.host, http.port, http.connection_seconds, http.connections)
        try:
            server.start()
            self._log.info("daemon_started", version=__version__, port=server.port, engine=self._choice.spec.name, pid=os.getpid())
            if self._choice.facts:
                self._log.info("engine_chosen", engine=self._choice.spec.name, **self._choice.facts)
            for warning in self._choice.warnings:
                self._log.warning("engine_warning", reason=warning)
            if self._model_server:
                self._model_server.start()
            self._recogniser.start()
            return self._watch(drain)
        finally:
            self._recogniser.close()
            if self._model_server:
                self._model_server.close()
            shutil.rmtree(self._scratch, ignore_errors=True)
            server.stop()
            self._log.info("daemon_ended")

    def _web(self) -> FastAPI:
        http, incoming = self._settings.http, self._settings.layout.incoming
        token = http.events_token.get_secret_value()
        events = Events(token, incoming, http.events_bytes, self._wake, self._metrics.event) if token else None
        names = http.document_names == "show"
        return create_app(self.health, self.metrics, lambda: self._vitals.pulse, events, document_names=names)

    def _wake(self) -> None:
        if self._jobs:  # else the first look is still to come
            self._jobs.wake()

    def health(self) -> HealthSnapshot:
        engine, pulse, trouble = self._recogniser.state, self._vitals.pulse, self._condition.trouble
        return HealthSnapshot(
            engine_phase=engine.phase,
            engine_reason="; ".join(reason for reason in (self._model_server_reason(), engine.reason) if reason),
            devices={name: state.phase for name, state in self._recogniser.devices.items()},
            engine=self._choice.spec.name,
            engine_version=engine.info.version if engine.info else "",
            s3_configured=self._settings.s3.configured,
            version=__version__,
            replica=self._replica,
            claim_mode=self._appender.mode.value if self._appender else "unknown",
            counts={**pulse.ended, "in_progress": pulse.in_progress, "in_inbox": pulse.in_inbox},
            last_scan_age=pulse.scan_age,
            store=store_state(trouble, known=self._appender is not None),
            store_cause=trouble.reason.value if trouble else "",
            store_reason=trouble.text if trouble else "",
            stalled=stalled(pulse.loop_age, pulse.idle_age, stall_budget(self._settings)),
        )

    def _model_server_reason(self) -> str:
        return self._model_server.state.reason if self._model_server else ""

    def presence(self) -> Presence:
        engine, pulse = self._recogniser.state, self._vitals.pulse
        return Presence(
            replica=self._replica,
            nonce=self._nonce,
            version=__version__,
            engine=self._choice.spec.name,
            engine_version=engine.info.version if engine.info else "",
            phase=engine.phase,
            started_at=self._started_at,
            every_seconds=self._settings.watch.presence_seconds,
            in_progress=pulse.in_progress,
            finished=pulse.ended.get("done", 0),
            failed=pulse.ended.get("failed", 0),
        )

    def metrics(self) -> bytes:
        devices = self._recogniser.devices
        self._metrics.engine(
            {name: engine.phase == "ready" for name, engine in devices.items()}, sum(engine.restarts for engine in devices.values())
        )
        return self._metrics.render()

    def _bids_begun(self, reason: str) -> None:
        self._log.warning("claim_mode_changed", claim_mode=Mode.BIDS.value, reason=reason)

    def _watch(self, drain: bool) -> int:
        opened = open_store(self._settings, self._metrics.store_request, passed_over(self._log))
        store = watched(opened, self._settings, self._condition)
        # Not the watched one: what only people look at must not hold work up.
        beacon = (
            Beacon(opened, layout_of(self._settings), self.presence, utc_now, self._log) if self._settings.watch.presence_seconds else None
        )
        with told(OutageLog(lambda: self._condition.trouble, time.monotonic, self._log, store.location)):
            return self._watch_store(store, beacon, drain)

    def _watch_store(self, store: Store, beacon: Beacon | None, drain: bool) -> int:
        layout = layout_of(self._settings)
        facts = self._probe(store, layout, insist=not drain)
        if facts is None:
            return exits.OK if self._stopping.is_set() else exits.ERROR
        store = suited(store, facts)
        self._appender = AgreedAppender(store, marker_of(layout), facts.mode, Bids(time.sleep), self._bids_begun)
        watch = self._settings.watch
        uploads = ThreadPoolExecutor(self._settings.uploads_at_once, thread_name_prefix="upload")
        parser = build_parser(self._settings)
        threading.Thread(target=parser.warm_up, name="parser-warm-up", daemon=True).start()
        shared = Shared(
            self._settings,
            self._replica,
            self._clock,
            self._log,
            self._metrics,
            self._vitals,
            self._condition,
            self._scratch,
            self._stopping,
            self._give_back,
        )
        dispatcher = build_dispatcher(shared, store, facts, self._appender, self._choice, self._recogniser, parser, uploads)
        self._jobs = jobs = Jobs(dispatcher, watch.poll_seconds, watch.sweep_seconds, build_turns(shared, store, layout), beacon)
        jobs.start()
        try:
            return self._until_ended(dispatcher, jobs, drain)
        finally:
            self._stopping.set()
            jobs.stop()
            self._hand_over(dispatcher, parser)
            if beacon:
                beacon.end(FAREWELL_SECONDS)
            uploads.shutdown(wait=False, cancel_futures=True)

    def _until_ended(self, dispatcher: Dispatcher, jobs: Jobs, drain: bool) -> int:
        before = (False, "initializing")
        while not self._stopping.wait(0.2):
            engine = self._recogniser.state
            if (now := (engine.serves, engine.phase)) != before:
                before = now
                jobs.wake()
                jobs.show()
            if not drain:
                continue
            if dispatcher.drained.is_set():
                failed = self._vitals.pulse.ended.get("failed", 0)
                self._log.info("inbox_drained", **self._vitals.pulse.ended)
                return exits.SOME_FAILED if failed else exits.OK
            if reason := self._hopeless():
                self._log.error("drain_impossible", reason=reason)
                return exits.ERROR
        return exits.OK

    def _hopeless(self) -> str:
        """Why nothing will be read without somebody's help; empty while something may be."""
        engine, server = self._recogniser.state, self._model_server.state if self._model_server else None
        if server and server.phase == "failed" and not server.served:
            return server.reason
        return engine.reason if engine.phase == "failed" else ""

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
        pauses, jitter, tries = store_pauses(self._settings), random.random, 0
        while not self._stopping.is_set():
            self._vitals.looped()
            try:
                facts = find_out(store, layout, new_nonce)
            except StoreError as error:
                tries += 1
                if not insist and isinstance(error, RefusedError):
                    self._log.error("store_refuses", store=store.location, reason=str(error))
                    return None
                self._log.log(logging.WARNING if tries == 1 else logging.DEBUG, "store_not_probed", reason=str(error), tries=tries)
                self._stopping.wait(pauses.delay(tries, jitter()))
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
