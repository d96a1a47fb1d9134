"""The difference between two clocks, as a store's answer tells it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from servers.canned import NO_ANSWER, reply, run_canned

from watcher.doctor.clock import Difference, clock, difference, judge
from watcher.domain.doctor import Verdict

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


def told(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize("status", [200, 403, 404, 500])
@pytest.mark.parametrize(("ahead", "verdict"), [(0, Verdict.OK), (50, Verdict.OK), (-120, Verdict.WARNING), (3000, Verdict.FAILED)])
def test_any_answer_of_the_store_tells_its_time(status: int, ahead: int, verdict: Verdict) -> None:
    with run_canned(reply(status, Date=told(NOW - timedelta(seconds=ahead)))) as server:
        finding = clock(server.endpoint, lambda: NOW, 5.0)
    assert finding.verdict is verdict
    (request,) = server.requests
    assert request.startswith("HEAD / ")
    assert "authorization" not in request.lower()


def test_the_direction_and_the_size_of_the_difference_are_told() -> None:
    assert "is 2 hours" not in judge(Difference(120.0, 0.5)).seen
    assert "is 120 s ahead of" in judge(Difference(120.0, 0.5)).seen
    assert "is 20 minutes behind" in judge(Difference(-1200.0, 0.5)).seen
    assert "is 5 hours behind" in judge(Difference(-18000.0, 0.5)).seen


def test_a_slow_answer_alone_is_no_difference() -> None:
    sent = NOW
    found = difference(told(NOW), sent, sent + timedelta(seconds=200))
    assert found is not None
    assert judge(found).verdict is Verdict.OK


@pytest.mark.parametrize("date", ["Mon, 01 Jan 2024 00:00:00 +99999999999999", "", "yesterday", "Mon, 99 Foo 2026"])
def test_an_answer_that_tells_no_time_is_a_warning(date: str) -> None:
    assert difference(date, NOW, NOW) is None
    assert judge(None).verdict is Verdict.WARNING


def test_a_store_that_does_not_answer_is_for_another_check() -> None:
    with run_canned(NO_ANSWER) as server:
        assert clock(server.endpoint, lambda: NOW, 5.0).verdict is Verdict.SKIPPED
