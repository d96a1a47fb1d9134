"""Checks are made one by one, whatever becomes of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from watcher.doctor.examination import Check, Result, examine
from watcher.doctor.wording import failed, ok, skipped, warning
from watcher.domain.doctor import Finding, Verdict
from watcher.storage.port import RefusedError
from watcher.storage.reasons import Reason


def check(name: str, find: Callable[[], Finding], *needs: str, seconds: float = 30.0) -> Check:
    return Check(name, name.title(), seconds, find, needs)


def made(*checks: Check) -> dict[str, Result]:
    times = iter(range(1000))
    return {result.check.name: result for result in examine(checks, lambda check: None, lambda: float(next(times)))}


def fine() -> Finding:
    return ok("Fine.")


def breaks() -> Finding:
    raise RuntimeError("holds tenant:key")


def refused() -> Finding:
    raise RefusedError("told", Reason.WRONG_SECRET)


@pytest.mark.parametrize("find", [breaks, refused, lambda: failed("Broken.", "Mend it.")])
def test_one_that_fails_does_not_stop_the_others(find: Callable[[], Finding]) -> None:
    found = made(check("first", find), check("second", fine))
    assert found["first"].finding.verdict is Verdict.FAILED
    assert found["second"].finding.verdict is Verdict.OK


def test_the_text_of_an_unexpected_error_is_not_told() -> None:
    finding = made(check("first", breaks))["first"].finding
    assert "RuntimeError" in finding.seen
    assert "tenant:key" not in finding.seen + finding.advice


def test_a_refusal_is_told_in_the_store_s_words() -> None:
    assert "CLOUDRU_S3_SECRET_KEY" in made(check("first", refused))["first"].finding.advice


def test_what_depends_on_a_failed_one_is_skipped_and_the_root_is_named() -> None:
    found = made(check("root", refused), check("leaf", breaks, "root"), check("deep", breaks, "leaf"), check("other", fine))
    for name in ("leaf", "deep"):
        assert found[name].finding.verdict is Verdict.SKIPPED
        assert found[name].finding.seen == "Skipped: because 'Root' failed."
        assert found[name].finding.advice == "See 'Root' first."
    assert found["other"].finding.verdict is Verdict.OK


def test_what_depends_on_a_skipped_one_is_skipped_and_on_a_warning_is_made() -> None:
    found = made(
        check("off", lambda: skipped("Skipped.", "Switch it on.")),
        check("leaf", fine, "off"),
        check("odd", lambda: warning("Odd.", "Look.")),
        check("even", fine, "odd"),
    )
    assert found["leaf"].finding.seen == "Skipped: because 'Off' was skipped."
    assert found["even"].finding.verdict is Verdict.OK


def test_one_that_hangs_is_left_behind_within_its_time() -> None:
    end = threading.Event()

    def hangs() -> Finding:
        end.wait()
        return ok("Too late.")

    try:
        found = made(check("slow", hangs, seconds=0.05), check("next", fine))
    finally:
        end.set()
    assert found["slow"].unfinished
    assert found["slow"].finding.verdict is Verdict.FAILED
    assert "no answer within" in found["slow"].finding.seen
    assert not found["next"].unfinished
    assert found["next"].finding.verdict is Verdict.OK


def test_only_checks_that_are_made_are_announced_and_each_tells_how_long_it_took() -> None:
    announced: list[str] = []
    times = iter([10.0, 12.5, 20.0, 20.25])
    checks = [check("root", refused), check("leaf", fine, "root"), check("other", fine)]
    results = list(examine(checks, lambda check: announced.append(check.name), lambda: next(times)))
    assert announced == ["root", "other"]
    assert [result.seconds for result in results] == [2.5, 0.0, 0.25]
