"""What the rows make of what they saw."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.delay import Request
from benchmarks.drop import percentile_99
from benchmarks.network import Network
from benchmarks.replica import FailedRunError, Run, events
from benchmarks.replicas import lost_attempts
from benchmarks.start import OCR, our_packages


def put(key: str, status: int) -> Request:
    return Request("PUT", key, "", status, 0.0, 1.0)


def test_lost_attempts_are_the_refused_ones_of_those_to_begin_a_log() -> None:
    first = [put(f"claims/{name}.pdf/0123/000001", status) for name, status in (("a", 200), ("a", 412), ("b", 200), ("c", 409))]
    others = [
        put("claims/a.pdf/0123/000002", 412),
        put("processed/a.pdf/0123/000001", 412),
        Request("GET", first[0].key, "", 412, 0.0, 1.0),
    ]
    assert lost_attempts(first + others) == 50.0


@pytest.mark.parametrize(("values", "expected"), [([1.0] * 100, 1.0), ([float(number) for number in range(101)], 99.0), ([0.0, 1.0], 0.99)])
def test_one_value_in_a_hundred_passes_the_99th_percentile(values: list[float], expected: float) -> None:
    assert percentile_99(values) == pytest.approx(expected)


def test_a_request_that_is_being_written_down_is_not_read_yet(tmp_path: Path) -> None:
    log = tmp_path / "requests"
    line = json.dumps(["PUT", "incoming/a", "", 200, 1.0, 2.0])
    log.write_text(f"{line}\n{line[:9]}")
    network = Network("http://127.0.0.1:1", log)
    assert network.requests() == [Request("PUT", "incoming/a", "", 200, 1.0, 2.0)]
    network.forget()
    assert network.requests() == []


def event(name: str, second: int, **fields: str) -> str:
    return json.dumps({"event": name, "timestamp": f"2026-01-01T00:00:{second:02}.500000Z", **fields})


def test_a_run_lasts_from_the_first_claim_to_the_last_end() -> None:
    ends = [event("document_ended", second, outcome="done") for second in (5, 9)]
    log = "\n".join([event("daemon_started", 1), event("document_claimed", 3), event("document_claimed", 4), *ends, "no event", '{"cut'])
    run = Run(events(log))
    assert run.seconds == 6.0
    run.require(2)
    with pytest.raises(FailedRunError, match="2 of 3 documents"):
        run.require(3)


def test_the_daemons_packages_are_those_it_is_installed_with() -> None:
    packages = our_packages()
    assert {"boto3", "fastapi", "pydantic", "structlog", "PIL"} <= packages
    assert not packages & (OCR | {"pytest", "moto"})
