"""What the page at / says, by what the daemon told."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime, timezone
from typing import Any

import pytest
from doubles.health import RESTING, WELL, work
from fastapi.testclient import TestClient

from watcher.domain.health import HealthSnapshot
from watcher.pipeline.attempt import End
from watcher.pipeline.vitals import Pulse
from watcher.storage.reasons import Reason
from watcher.web import create_app
from watcher.web.languages import Language
from watcher.web.page import status_page
from watcher.web.store_ru import STORE_RU
from watcher.web.texts import TEXTS, Texts

BUSY = replace(
    RESTING,
    works=(work(3, 2, 10, age=60), work(4, 0, 0, age=3), work(6, 5, 5, age=7)),
    in_progress=3,
    in_inbox=12,
    pages=40,
    uptime=7200.0,
    ended={"done": 7, "already_done": 1, "failed": 2, "waiting": 4},
)
LOADING = replace(WELL, engine_phase="initializing", last_scan_age=None)
CUT_OFF = replace(WELL, store="unreachable", store_cause="no_connection", store_reason="connection refused")


def page(health: HealthSnapshot = WELL, pulse: Pulse = RESTING, language: Language = "en", *, names: bool = False) -> str:
    return status_page(health, pulse, language, names=names, now=datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc))


def text(markup: str) -> str:
    """What is read, in one line."""
    body = markup.partition("<body")[2].partition(">")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.mark.parametrize(
    ("health", "tone", "said"),
    [
        (WELL, "good", "Ready"),
        (LOADING, "wait", "Starting The engine is loading"),
        (replace(LOADING, engine_reason="http://10.0.0.7/v1 refuses"), "warn", "Waiting for the engine"),
        (replace(WELL, store="unknown"), "wait", "Starting The store has not answered yet"),
        (CUT_OFF, "warn", "The store cannot be reached"),
        (replace(CUT_OFF, store="restricted"), "warn", "The store does not do all that is needed"),
        (replace(WELL, engine_phase="failed", engine_reason="no models in /models"), "bad", "The engine cannot be started"),
        (replace(WELL, stalled="the watch loop made no progress"), "bad", "Stuck"),
        (replace(CUT_OFF, engine_phase="failed", stalled="nothing moves"), "bad", "Stuck"),
    ],
)
def test_the_worst_that_is_the_matter_stands_on_top(health: HealthSnapshot, tone: str, said: str) -> None:
    shown = page(health)
    assert f'<header class="{tone}">' in shown
    assert said in text(shown)


def test_every_reason_is_told_without_paths_and_addresses() -> None:
    health = replace(CUT_OFF, engine_phase="failed", engine_reason="no models in /models/vl, see http://10.0.0.7/", stalled="nothing moves")
    shown = text(page(health))
    for reason in ("Nothing moves", "No models in (a path, see the log)", "Connection refused"):
        assert reason in shown
    assert "/models" not in shown
    assert "10.0.0.7" not in shown


def test_documents_in_progress_are_numbered_with_pages_rate_and_time_left() -> None:
    shown = text(page(pulse=BUSY))
    assert "Reading documents" in shown
    assert "Document 3 3.7 MB pages read: 2 of 10 2 a minute about 4 min left for 1 min" in shown
    assert "Document 4 4.9 MB being opened for 3 s" in shown
    assert "Document 6 7.4 MB pages read: 5 of 5 43 a minute results are being written for 7 s" in shown


def test_pages_of_earlier_attempts_make_no_rate() -> None:
    taken_over = replace(BUSY, works=(work(1, 500, 1000, gained=0, age=60), work(2, 500, 1000, gained=10, age=60)))
    shown = text(page(pulse=taken_over))
    assert "pages read: 500 of 1000 for 1 min" in shown
    assert "pages read: 500 of 1000 10 a minute about 50 min left for 1 min" in shown


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_name_is_told_only_where_that_was_wanted(language: Language) -> None:
    named = replace(BUSY, works=(work(1, 1, 2, key="incoming/Иванов, увольнение.docx"),))
    hidden, shown = page(pulse=named, language=language), page(pulse=named, language=language, names=True)
    for part in ("incoming", "Иванов", "увольнение", "docx"):
        assert part not in hidden
        assert part in shown


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "a\u202egnp.exe", "a\x00b\x1b[31m\nc", "&lt;"]
)
def test_a_hostile_name_stays_text(name: str) -> None:
    innocent = page(pulse=replace(BUSY, works=(work(1, 1, 2, key="x"),)), names=True)
    shown = page(pulse=replace(BUSY, works=(work(1, 1, 2, key=name),)), names=True)
    assert shown.count("<") == innocent.count("<")
    assert shown.count('"') == innocent.count('"')
    assert "49" not in text(shown)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", shown)


def test_a_hostile_replica_and_engine_stay_text() -> None:
    hostile = "<b>\"'"
    shown = page(replace(WELL, replica=hostile, engine=hostile, version=hostile, devices={hostile: "ready"}))
    assert '<b>"' not in shown


def test_counts_and_facts_are_there() -> None:
    shown = text(page(replace(WELL, engine_version="1.2", last_scan_age=65.0, devices={"gpu:0": "ready", "gpu:1": "failed"}), BUSY))
    for said in (
        "12 waiting in the inbox",
        "3 in progress",
        "8 finished",
        "2 failed",
        "40 pages read",
        "started 2 h ago",
        "postponed – 4",
        "Engine fake 1.2",
        "Devices gpu:0: ready, gpu:1: failed",
        "Last look into the inbox 1 min 5 s ago",
        "Running for 2 h",
        "Sharing with other replicas conditional writes",
        "Store local folder, reachable",
        "Replica replica",
        "Version 2.0.0",
        "As of 03:04:05 UTC",
    ):
        assert said in shown, said


def test_every_end_of_an_attempt_is_counted() -> None:
    assert {end.value for end in End} == {"done", "already_done", "failed", *TEXTS["en"].others}


def test_no_text_is_missing_in_either_language() -> None:
    for field in fields(Texts):
        en, ru = (getattr(TEXTS[language], field.name) for language in ("en", "ru"))
        assert en
        assert ru
        if isinstance(en, Mapping):
            assert set(en) == set(ru)
        assert places(en) == places(ru), field.name


def places(value: Any) -> list[str]:
    return sorted(re.findall(r"{\w+}", str(value)))


def test_every_trouble_of_the_store_is_told_in_russian_and_names_the_same_settings() -> None:
    assert set(STORE_RU) == {reason.value for reason in Reason}
    shown = text(page(CUT_OFF, language="ru"))
    assert STORE_RU["no_connection"] in shown
    assert "Connection refused" in shown


def test_russian_page_has_no_english_left_but_what_has_no_translation() -> None:
    shown = text(page(replace(WELL, engine_version="1"), BUSY, "ru"))
    words = set(re.findall(r"[A-Za-z]{3,}", shown))
    assert words == {"UTC", "English", "fake", "cpu", "replica"}


class TestAnswer:
    @pytest.fixture
    def client(self) -> TestClient:
        return TestClient(create_app(lambda: WELL, bytes, lambda: BUSY))

    def test_speaks_the_language_of_the_reader(self, client: TestClient) -> None:
        russian = client.get("/", headers={"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.8"})
        assert '<html lang="ru">' in russian.text
        assert '<a href="?lang=en"' in russian.text
        assert '<html lang="en">' in client.get("/?lang=en", headers={"Accept-Language": "ru"}).text
        assert russian.headers["vary"] == "Accept-Language"

    def test_lets_nothing_run_load_or_frame(self, client: TestClient) -> None:
        headers = client.get("/").headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["connect-src"] == "'self'"
        assert policy["script-src"].startswith("'sha256-")
        assert not any("unsafe" in value or "*" in value for value in policy.values())
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-type"] == "text/html; charset=utf-8"

    def test_renews_itself_also_without_script(self, client: TestClient) -> None:
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in client.get("/").text

    def test_names_nothing_elsewhere(self, client: TestClient) -> None:
        assert re.findall(r"https?://[^\s'\"]+", client.get("/").text) == ["http://www.w3.org/2000/svg"]

    def test_head_is_answered(self, client: TestClient) -> None:
        response = client.head("/")
        assert (response.status_code, response.text) == (200, "")
