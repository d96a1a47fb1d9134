"""Counts what happened, for /metrics. Each `Metrics` has a registry of its own; every method may be called from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_DOCUMENT_SECONDS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400)
_PAGE_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)


class Metrics:
    """`now`: Unix time in seconds. All durations in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._restarts = 0
        self._documents = self._counter("documents", "Attempts at documents, by how they ended", "outcome")
        self._pages = self._counter("pages", "Pages written, by how reading them went", "status")
        self._claims = self._counter(
            "claims", "Claims tried, by what came of it: won, lost, unknown, or why there was none to win", "result"
        )
        self._takeovers = self._counter("takeovers", "Documents taken over from a replica that fell silent")
        self._engine_restarts = self._counter("engine_restarts", "Restarts of the recognition engine")
        self._store_requests = self._counter(
            "store_requests", "Requests to the bucket, by operation and HTTP status", "operation", "status"
        )
        self._events = self._counter(
            "events", "Notifications of the store, by what came of each: woke, ignored, or why it was refused", "result"
        )
        self._document_seconds = self._histogram("document_seconds", "Time of an attempt at a document", _DOCUMENT_SECONDS)
        self._page_seconds = self._histogram("page_seconds", "Time that the engine took for a page", _PAGE_SECONDS)
        self._in_progress = self._gauge("in_progress", "Documents that this replica works on")
        self._waiting_seen = self._gauge("waiting_seen", "Documents left in the inbox, as far as the scan has seen")
        self._last_scan = self._gauge("last_scan_timestamp_seconds", "When the inbox was last looked into; 0 before the first time")
        self._engine_ready = self._gauge("engine_ready", "1 while the engine can read pages, on any device")
        self._device_ready = self._gauge("engine_device_ready", "1 while the engine can read pages on this device", "device")

    def working(self) -> AbstractContextManager[None]:
        """A document is in progress while the block runs."""
        return self._in_progress.track_inprogress()

    def document_finished(self, outcome: str, seconds: float) -> None:
        """An attempt ended, for good or not."""
        self._documents.labels(outcome).inc()
        self._document_seconds.observe(seconds)

    def page_finished(self, status: str, seconds: float) -> None:
        """A page's checkpoint was written."""
        self._pages.labels(status).inc()
        self._page_seconds.observe(seconds)

    def claim(self, result: str) -> None:
        self._claims.labels(result).inc()

    def taken_over(self) -> None:
        self._takeovers.inc()

    def event(self, result: str) -> None:
        """The store, or a stranger, sent a notification."""
        self._events.labels(result).inc()

    def engine(self, devices: Mapping[str, bool], restarts: int) -> None:
        """Whether the engine is ready on each device; `restarts` since the start of this process."""
        with self._lock:
            self._engine_ready.set(int(any(devices.values())))
            for device, ready in devices.items():
                self._device_ready.labels(device).set(int(ready))
            self._engine_restarts.inc(restarts - self._restarts)
            self._restarts = restarts

    def store_request(self, operation: str, status: str) -> None:
        """An answer of the store: which S3 operation, and its HTTP status."""
        self._store_requests.labels(operation, status).inc()

    def scanned(self, waiting: int) -> None:
        """The inbox was looked into; so many of its documents, as far as it is known, are left to do."""
        self._waiting_seen.set(waiting)
        self._last_scan.set(self._now())

    def render(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"watcher_{name}", text, labels, registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"watcher_{name}", text, labels, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"watcher_{name}", text, registry=self._registry, buckets=buckets)
