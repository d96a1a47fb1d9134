"""How findings are worded."""

from __future__ import annotations

import pytest

from watcher.doctor.wording import failed, of_store_error, ok, rounded, skipped, together, warning, with_variables
from watcher.domain.doctor import Finding, Verdict
from watcher.settings.wording import variables
from watcher.storage.port import NotFoundError, StoreError
from watcher.storage.reasons import Reason


@pytest.mark.parametrize("reason", Reason)
def test_each_cause_of_the_store_becomes_what_is_wrong_and_what_to_do(reason: Reason) -> None:
    finding = of_store_error(StoreError("the store's own words", reason))
    assert finding.verdict is Verdict.FAILED
    assert finding.seen.endswith(".")
    assert len(finding.advice) > 10
    assert "own words" not in finding.seen + finding.advice


def test_an_error_without_a_known_cause_is_told_whole() -> None:
    finding = of_store_error(NotFoundError("no such object (answer 404: bucket b at https://s3.example)"))
    assert finding.seen == "No such object (answer 404: bucket b at https://s3.example)."
    assert "CLOUDRU_S3_ENDPOINT" in finding.advice


@pytest.mark.parametrize(("name", "variable"), [(f"{table}.{name}", variable) for variable, (table, name) in variables().items()])
def test_every_setting_is_given_its_variable_once(name: str, variable: str) -> None:
    told = with_variables(f"Lower {name}, or leave {name}.")
    assert told == f"Lower {name} ({variable}), or leave {name} ({variable})."
    assert with_variables(told) == told


@pytest.mark.parametrize("text", ["see docs/settings.md", "ocr.servers", "ocr.server", "the host ocr.engine.example", "my.watch.scratch"])
def test_what_only_looks_like_a_setting_stays(text: str) -> None:
    assert with_variables(text) == text


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ([ok("A."), ok("B.")], Verdict.OK),
        ([ok("A."), warning("B.", "Do b.")], Verdict.WARNING),
        ([failed("A.", "Do a."), warning("B.", "Do b.")], Verdict.FAILED),
        ([skipped("A.", "Do a."), ok("B.")], Verdict.OK),
        ([skipped("A.", "Do a.")], Verdict.SKIPPED),
    ],
)
def test_of_several_findings_the_worst_counts_and_all_is_told(findings: list[Finding], verdict: Verdict) -> None:
    found = together(findings)
    assert found.verdict is verdict
    assert found.seen == " ".join(finding.seen for finding in findings)


def test_nobody_is_left_without_advice() -> None:
    with pytest.raises(ValueError, match="says what to do"):
        failed("It is broken.", "")


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0 B"), (8 << 20, "8 MiB"), (5 << 30, "5 GiB"), (1_500_000, "1.4 MiB"), (67_400_000_000, "62.8 GiB"), (3 << 42, "12 TiB")],
)
def test_sizes_are_short(value: int, told: str) -> None:
    assert rounded(value) == told
