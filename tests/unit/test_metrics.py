"""What /metrics tells after something happened, read back with Prometheus' own parser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from watcher.metrics import Metrics


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(now=lambda: 1_700_000_000.5)


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {(sample.name, tuple(sorted(sample.labels.values()))): sample.value for family in families for sample in family.samples}


@pytest.mark.parametrize(
    ("happens", "name", "labels", "value"),
    [
        (lambda m: m.document_finished("done", 12.5), "watcher_documents_total", ("done",), 2),
        (lambda m: m.document_finished("done", 12.5), "watcher_document_seconds_sum", (), 25),
        (lambda m: m.document_finished("done", 12.5), "watcher_document_seconds_bucket", ("10.0",), 0),
        (lambda m: m.document_finished("done", 12.5), "watcher_document_seconds_bucket", ("30.0",), 2),
        (lambda m: m.page_finished("ok", 0.3), "watcher_pages_total", ("ok",), 2),
        (lambda m: m.page_finished("ok", 0.3), "watcher_page_seconds_count", (), 2),
        (lambda m: m.claim("lost"), "watcher_claims_total", ("lost",), 2),
        (lambda m: m.event("woke"), "watcher_events_total", ("woke",), 2),
        (lambda m: m.taken_over(), "watcher_takeovers_total", (), 2),
        (lambda m: m.engine({"cpu": True}, restarts=2), "watcher_engine_restarts_total", (), 2),
        (lambda m: m.store_request("create", "refused"), "watcher_store_requests_total", ("create", "refused"), 2),
        (lambda m: m.scanned(7), "watcher_waiting_seen", (), 7),
        (lambda m: m.scanned(7), "watcher_last_scan_timestamp_seconds", (), 1_700_000_000.5),
        (lambda m: m.engine({"gpu:0": False, "gpu:1": True}, restarts=0), "watcher_engine_ready", (), 1),
        (lambda m: m.engine({"gpu:0": False, "gpu:1": True}, restarts=0), "watcher_engine_device_ready", ("gpu:1",), 1),
    ],
)
def test_what_happened_twice_is_told(
    metrics: Metrics, happens: Callable[[Metrics], None], name: str, labels: tuple[str, ...], value: float
) -> None:
    assert samples(metrics).get((name, labels), 0) == 0
    happens(metrics)
    happens(metrics)
    assert samples(metrics)[name, labels] == value


def test_engine_that_is_gone_is_not_ready(metrics: Metrics) -> None:
    metrics.engine({"gpu:0": True, "gpu:1": True}, restarts=0)
    metrics.engine({"gpu:0": False, "gpu:1": True}, restarts=1)
    assert [samples(metrics)["watcher_engine_device_ready", (device,)] for device in ("gpu:0", "gpu:1")] == [0, 1]
    assert samples(metrics)["watcher_engine_ready", ()] == 1
    metrics.engine({"gpu:0": False, "gpu:1": False}, restarts=1)
    assert samples(metrics)["watcher_engine_ready", ()] == 0
    assert samples(metrics)["watcher_engine_restarts_total", ()] == 1


def test_documents_are_in_progress_until_their_work_ends_in_whatever_way(metrics: Metrics) -> None:
    def in_progress() -> float:
        return samples(metrics)["watcher_in_progress", ()]

    def work() -> None:
        with metrics.working(), metrics.working():
            assert in_progress() == 2
            raise ValueError("poison")

    with pytest.raises(ValueError, match="poison"):
        work()
    assert in_progress() == 0


def test_two_sets_of_metrics_share_nothing(metrics: Metrics) -> None:
    other = Metrics(now=lambda: 0.0)
    metrics.taken_over()
    assert samples(other)["watcher_takeovers_total", ()] == 0


def test_every_name_is_ours(metrics: Metrics) -> None:
    assert samples(metrics)
    assert all(name.startswith("watcher_") for name, _ in samples(metrics))
