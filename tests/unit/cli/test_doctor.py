"""What `watcher doctor` prints: a table that reads well, JSON, the policy; and never a secret."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from watcher.cli.doctor import doctor, print_policy
from watcher.cli.doctor_table import print_report
from watcher.doctor import examination
from watcher.doctor.checkup import TITLES
from watcher.doctor.policy import PLACEHOLDER, bucket_policy
from watcher.doctor.wording import failed
from watcher.domain.doctor import CheckReport, DoctorReport, Verdict
from watcher.domain.document import Layout
from watcher.settings import SettingsError, load_settings

SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "doctor.schema.json"
LAYOUT = Layout("incoming/", "claims/", "results/texts/", "failed/")
LONG = "/a/very/long/path/without/any/blank/" + "x" * 120


def report(*rows: tuple[str, Verdict, str, str], left: tuple[str, ...] = ()) -> DoctorReport:
    checks = [
        CheckReport(name=name, title=TITLES[name], verdict=verdict, seen=seen, advice=advice, seconds=0.0)
        for name, verdict, seen, advice in rows
    ]
    worst = Verdict.FAILED if any(row.verdict is Verdict.FAILED for row in checks) else Verdict.OK
    return DoctorReport(
        watcher="2.0.0",
        at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        verdict=worst,
        checks=checks,
        left_behind=list(left),
        bucket_policy=None,
    )


ROWS = (
    ("store", Verdict.OK, "It answers.", ""),
    ("rights.processed", Verdict.FAILED, f"May not write to {LONG}", "Let the owner write. " * 8),
    ("names", Verdict.SKIPPED, "Skipped: because 'Store' failed.", "See 'Store' first."),
    ("port", Verdict.WARNING, "It says: \x1b[31mred\x1b[0m\u202e.", "Mend it."),
)


def printed(given: DoctorReport, policy: str = "", *, terminal: bool = False) -> str:
    out = io.StringIO()
    print_report(given, Console(file=out, width=80, force_terminal=terminal, color_system="standard" if terminal else None), policy)
    return out.getvalue()


def test_the_table_fits_80_columns_and_loses_nothing() -> None:
    text = printed(report(*ROWS))
    assert max(map(len, text.splitlines())) <= 80
    assert LONG in "".join(line[27:].strip() for line in text.splitlines())
    for word in ("ok", "failed", "skipped", "warning", "To do: Let the owner write."):
        assert word in text


def test_a_file_or_a_pipe_gets_no_colours_and_a_terminal_does() -> None:
    assert "\x1b" not in printed(report(*ROWS))
    assert "\x1b[32mok" in printed(report(*ROWS), terminal=True)


def test_what_others_wrote_cannot_drive_the_terminal() -> None:
    assert "\\x1b[31mred\\x1b[0m\\u202e" in printed(report(*ROWS))


def test_the_last_line_counts_and_says_what_it_means() -> None:
    assert printed(report(*ROWS)).splitlines()[-2:] == [
        "1 ok, 1 warning, 1 failed, 1 skipped. Do what stands at the failed ones, and run",
        "this again.",
    ]
    assert printed(report(ROWS[0])).splitlines()[-1] == "1 ok. Documents will be read."


def test_what_could_not_be_removed_is_named() -> None:
    assert "remove it by hand: incoming/.watcher-doctor-1" in printed(report(ROWS[0], left=("incoming/.watcher-doctor-1",)))


@pytest.mark.parametrize(
    ("name", "verdict", "expected"), [("rights.failed", "failed", True), ("rights.failed", "ok", False), ("store", "failed", False)]
)
def test_the_policy_is_printed_where_rights_are_missing(name: str, verdict: str, expected: bool) -> None:
    text = printed(report((name, Verdict(verdict), "Seen.", "")), '{"Statement": []}')
    assert ('{"Statement": []}' in text) is expected
    assert "watcher doctor --policy prints" in text


SECRETS = {
    "CLOUDRU_S3_ACCESS_KEY": "planted-tenant:planted-key",
    "CLOUDRU_S3_SECRET_KEY": "planted/secret+key",
    "WATCHER_OCR__SERVER__API_KEY": "planted-api-key",
}
BUCKET = {**SECRETS, "CLOUDRU_S3_ENDPOINT": "http://127.0.0.1:1", "CLOUDRU_S3_BUCKET": "bucket", "WATCHER_STORAGE__CONNECT_SECONDS": "0.5"}


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command forgets its secrets: for good."""
    monkeypatch.setattr(os, "environ", dict(os.environ))


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def doctored(environ: dict[str, str], *, as_json: bool = False) -> tuple[int, str]:
        given = {"WATCHER_STORAGE__FOLDER": str(tmp_path / "data"), "WATCHER_HTTP__PORT": "0", **environ}
        code = doctor(None, given, as_json=as_json, trial=False, principal="")
        return code, capsys.readouterr().out

    return doctored


@pytest.mark.parametrize("environ", [{}, BUCKET, {"WATCHER_HTTP__PORT": "much"}], ids=["folder", "unreachable", "wrong settings"])
def test_the_json_is_valid_by_its_schema_and_has_every_check(run: Run, environ: dict[str, str]) -> None:
    code, out = run(environ, as_json=True)
    told = json.loads(out)
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(told)
    assert {row["name"]: row["title"] for row in told["checks"]} == TITLES
    assert (code, told["verdict"]) == ((0, told["verdict"]) if not environ else (1, "failed"))
    assert all(row["advice"] for row in told["checks"] if row["verdict"] != "ok")
    assert (told["bucket_policy"] is not None) is (environ is BUCKET)


@pytest.mark.parametrize("as_json", [False, True])
def test_no_secret_is_printed_also_where_a_check_would_tell_it(run: Run, monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    def tells() -> str:
        return f"it said {' '.join(SECRETS.values())}"

    monkeypatch.setattr(examination, "of_store_error", lambda error: failed(tells(), tells()))
    code, out = run(BUCKET, as_json=as_json)
    assert code == 1
    assert "it said" in out
    assert not [secret for secret in SECRETS.values() if secret in "".join(out.split())]


def test_wrong_settings_are_told_and_all_else_is_skipped(run: Run) -> None:
    code, out = run({"WATCHER_HTTP__PORT": "much", "WATCHER_OCR__SERVER__API_KEY": "planted-api-key\n"})
    assert code == 1
    assert "http.port (WATCHER_HTTP__PORT): 'much' cannot be used" in " ".join(out.split())
    assert out.count("Skipped: because 'Settings' failed.") == len(TITLES) - 1
    assert "planted" not in out


def test_a_setting_in_an_advice_has_its_variable(run: Run) -> None:
    _, out = run({"WATCHER_OCR__ENGINE": "fake"})
    assert "ocr.engine (WATCHER_OCR__ENGINE) = fake is a stand-in for tests" in " ".join(out.split())


def test_the_policy_names_the_bucket_and_the_prefixes_as_set() -> None:
    policy = bucket_policy("my-bucket", LAYOUT, "arn:aws:iam:::user/reader")
    places = {place for statement in policy["Statement"] for place in statement["Resource"]}
    assert places == {
        "arn:aws:s3:::my-bucket",
        *(
            f"arn:aws:s3:::my-bucket/{prefix}*"
            for prefix in ("incoming/", "claims/", "results/texts/", "failed/", "results/texts/.watcher-doctor-")
        ),
    }
    assert {str(statement["Principal"]) for statement in policy["Statement"]} == {"{'AWS': 'arn:aws:iam:::user/reader'}"}
    assert not any("*" in action for statement in policy["Statement"] for action in statement["Action"])


def test_the_policy_alone_can_be_piped(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_policy(load_settings(None, BUCKET), "") == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == bucket_policy("bucket", Layout("incoming/", "claims/", "processed/", "failed/"), PLACEHOLDER)
    assert "--principal" in told.err


def test_a_folder_has_no_policy() -> None:
    with pytest.raises(SettingsError, match="CLOUDRU_S3_BUCKET is not set"):
        print_policy(load_settings(None, {}), "")
