"""The composition root: the only place that names concrete adapters."""

from __future__ import annotations

import math
import random
import threading
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.domain.document import Layout
from watcher.domain.retry import RetryPolicy
from watcher.engines.choose import Choice
from watcher.engines.recogniser import Recogniser
from watcher.intake.parser import Parser, start_parser
from watcher.intake.port import Limits, Rendering
from watcher.lease.acquire import Acquirer
from watcher.lease.claim import Claim, Identity
from watcher.lease.keeper import Tell, keeping
from watcher.lease.mode import AgreedAppender
from watcher.metrics import Metrics
from watcher.opening import layout_of as layout_of
from watcher.opening import new_nonce as new_nonce
from watcher.opening import open_store as open_store
from watcher.opening import utc_now as utc_now
from watcher.pipeline.bench import Bench, Rules
from watcher.pipeline.dispatch import Dispatcher
from watcher.pipeline.facts import StoreFacts
from watcher.pipeline.inbox import Inbox
from watcher.pipeline.mirror import Mirror
from watcher.pipeline.outage import Gate
from watcher.pipeline.retain import SourceRemover
from watcher.pipeline.sweep import Sweep
from watcher.pipeline.turns import Turns
from watcher.pipeline.verify import Verifier
from watcher.pipeline.vitals import Vitals
from watcher.recognition import engine_options
from watcher.settings import Settings
from watcher.storage.condition import StoreCondition
from watcher.storage.port import Store
from watcher.storage.walk import PassedOver
from watcher.storage.watched import WatchedStore

FREE_HANDOVERS = 3
SHORTEST_PAUSE = 5.0
PARSER_CALLS_PER_CHILD = 500
STALE_WINDOW_POLLS = 6
"""A window of the inbox that was not dealt within so many polls is listed again."""
QUIET_SETTLINGS = 2
"""A folder hides files until they have settled: only an inbox that stayed empty for twice as long is empty."""


def new_condition(settings: Settings) -> StoreCondition:
    """A folder hashes whole files between two answers, so that its silence means nothing."""
    silent = settings.storage.silent_seconds if settings.s3.configured else math.inf
    longest = max(settings.claims.backoff_max_seconds, settings.storage.pause_max_seconds)
    return StoreCondition(time.monotonic, silent, 2 * longest)


def watched(store: Store, settings: Settings, condition: StoreCondition) -> WatchedStore:
    layout = settings.layout
    prefixes = (layout.incoming, layout.claims, layout.processed, layout.failed)
    return WatchedStore(store, condition, prefixes, dispensable=(layout.failed,))


def store_pauses(settings: Settings) -> RetryPolicy:
    """Between two tries while the store fails; they go on for ever."""
    longest = settings.storage.pause_max_seconds
    return RetryPolicy(0, min(SHORTEST_PAUSE, longest), longest)


def passed_over(log: FilteringBoundLogger) -> PassedOver:
    """Names in the log what lies in the inbox and will not be read."""

    def tell(key: str, reason: str) -> None:
        log.warning("file_passed_over", document=key, reason=reason)

    return tell


@dataclass(frozen=True)
class Shared:
    """What all parts of one replica share."""

    settings: Settings
    replica: str
    clock: Clock
    log: FilteringBoundLogger
    metrics: Metrics
    vitals: Vitals
    condition: StoreCondition
    scratch: Path
    stopping: threading.Event
    give_back: threading.Event


def build_dispatcher(
    shared: Shared,
    store: Store,
    facts: StoreFacts,
    appender: AgreedAppender,
    choice: Choice,
    recogniser: Recogniser,
    parser: Parser,
    uploads: Executor,
) -> Dispatcher:
    settings, layout = shared.settings, layout_of(shared.settings)
    rules = _rules(settings, choice)
    output = settings.output
    bench = Bench(
        store=store,
        layout=layout,
        rules=rules,
        parser=parser,
        recogniser=recogniser,
        uploads=uploads,
        remover=SourceRemover(store, facts.removal),
        keep=keeping(_renewals(shared.log)),
        mirror=Mirror(Path(output.folder), output.max_bytes, store, layout) if output.folder else None,
        scratch=shared.scratch,
        clock=shared.clock,
        jitter=random.random,
        log=shared.log,
        metrics=shared.metrics,
        give_back=shared.give_back,
    )
    identity = Identity(shared.replica, settings.claims.lease_seconds, shared.clock, new_nonce)
    keeps_source = settings.retention.source == "keep"
    acquirer = Acquirer(store, identity, rules.policy, keeps_source=keeps_source, appender=appender)
    stale_seconds = STALE_WINDOW_POLLS * settings.watch.poll_seconds
    gate = Gate(lambda: shared.condition.trouble, store_pauses(settings), shared.clock.monotonic, random.random)
    inbox = Inbox(
        store, layout, tuple(settings.watch.ignore), shared.clock.monotonic, random.random, stale_seconds, passed_over(shared.log)
    )
    sweeper = Sweep(store, layout, timedelta(days=settings.claims.keep_days), shared.stopping)
    quiet_seconds = 0.0 if settings.s3.configured else QUIET_SETTLINGS * settings.storage.settle_seconds
    return Dispatcher(
        bench,
        acquirer,
        inbox,
        sweeper,
        shared.vitals,
        settings.documents_at_once,
        gate,
        settings.finishing_at_once,
        quiet_seconds,
        appender.obey,
    )


def build_turns(shared: Shared, store: Store, layout: Layout) -> Turns | None:
    """None where results are never checked."""
    every_seconds = shared.settings.watch.verify_seconds
    verifier = Verifier(store, layout, shared.log, shared.stopping)
    return Turns(store, layout, verifier, shared.replica, every_seconds, shared.clock, shared.log) if every_seconds else None


def _renewals(log: FilteringBoundLogger) -> Tell:
    def tell(claim: Claim, failures: int) -> None:
        told = log.bind(document=claim.entry.source.key, entry=claim.number, seconds_left=claim.seconds_left)
        if claim.unrenewed:
            told.warning("renewal_failed", reason=claim.unrenewed)
        else:
            told.info("renewed_again", failures=failures)

    return tell


def new_log() -> FilteringBoundLogger:
    log: FilteringBoundLogger = structlog.get_logger()
    return log


def _rules(settings: Settings, choice: Choice) -> Rules:
    return Rules(
        retention=settings.retention.source,
        policy=RetryPolicy(settings.claims.max_attempts, settings.claims.backoff_seconds, settings.claims.backoff_max_seconds),
        file_bytes=settings.limits.file_bytes,
        window_pages=settings.render.window_pages,
        render_pages=min(settings.ocr.pages_per_call, settings.render.window_pages),
        failed_pages_percent=settings.limits.failed_pages_percent,
        free_handovers=FREE_HANDOVERS,
        options=engine_options(settings, choice),
        omit_labels=frozenset(settings.results.omit_labels),
    )


def build_parser(settings: Settings) -> Parser:
    limits, render = settings.limits, settings.render
    return start_parser(
        Limits(limits.pages, limits.image_pixels, limits.parse_seconds, limits.parse_memory_bytes),
        Rendering(render.dpi, render.max_pixels, render.jpeg_quality, render.jpeg_max_side),
        processes=render.processes,
        calls_per_child=PARSER_CALLS_PER_CHILD,
    )
