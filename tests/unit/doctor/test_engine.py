"""What is told of the engine, of its models, and of the model servers."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
import structlog
from doubles.paddle_folders import language_model, layout_model
from servers.canned import NO_ANSWER, reply, run_canned

from watcher.doctor.engine import canary, chosen, models
from watcher.doctor.model_server import model_servers
from watcher.domain.clock import Clock
from watcher.domain.doctor import Verdict
from watcher.engines.choose import Choice, EngineNotFoundError
from watcher.engines.model_servers.options import ServerOptions
from watcher.engines.port import EngineSpec
from watcher.engines.supervisor import Supervisor
from watcher.recognition import engine_limits
from watcher.settings import Ocr, Settings

TESSERACT = Choice(EngineSpec("tesseract", {"languages": "rus+eng", "tessdata": "/usr/share/tessdata"}))


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def no_engine() -> Choice:
    raise EngineNotFoundError("Tesseract has no language data for rus: apt-get install tesseract-ocr-rus")


def test_the_engine_that_reads_is_named() -> None:
    assert chosen(lambda: TESSERACT, "auto").seen == "The engine tesseract reads the pages."
    paddle = Choice(EngineSpec("paddleocr-vl"), facts={"pipeline_version": "v1.6", "layout_model": "/models/x"})
    assert chosen(lambda: paddle, "auto").seen == "The engine paddleocr-vl v1.6 reads the pages."


def test_what_is_odd_about_it_is_a_warning() -> None:
    finding = chosen(lambda: replace(TESSERACT, warnings=("It is slow", "It is old.")), "auto")
    assert (finding.verdict, finding.advice) == (Verdict.WARNING, "It is slow. It is old.")


def test_none_is_a_fault_with_what_to_install() -> None:
    finding = chosen(no_engine, "auto")
    assert finding.verdict is Verdict.FAILED
    assert "apt-get install tesseract-ocr-rus" in finding.advice


def paddle(home: Path, version: str, language: bool = True) -> Choice:
    return Choice(EngineSpec("paddleocr-vl", {"version": version, "layout": str(home), "language": str(home) if language else None}))


def test_all_versions_of_models_on_the_disk_are_told(tmp_path: Path) -> None:
    for name in ("PP-DocLayoutV2", "PP-DocLayoutV3"):
        layout_model(tmp_path, name)
    for name in ("PaddleOCR-VL", "PaddleOCR-VL-1.6"):
        language_model(tmp_path, name)
    finding = models(paddle(tmp_path, "v1"), tmp_path, {})
    assert finding.verdict is Verdict.OK
    assert f"v1 (used): {tmp_path / 'PP-DocLayoutV2'} and {tmp_path / 'PaddleOCR-VL'}" in finding.seen
    assert "v1.6: " in finding.seen
    assert "Newer" not in finding.seen


def test_an_old_version_alone_is_told_as_such(tmp_path: Path) -> None:
    layout_model(tmp_path, "PP-DocLayoutV2")
    finding = models(paddle(tmp_path, "v1", language=False), None, {"PADDLE_PDX_CACHE_HOME": str(tmp_path.parent), "HOME": ""})
    assert finding.verdict is Verdict.OK  # nothing lies in official_models of that home
    assert "Newer versions exist, up to v1.6" in models(paddle(tmp_path, "v1", language=False), tmp_path, {}).seen


def test_models_that_are_not_whole_are_a_warning(tmp_path: Path) -> None:
    layout_model(tmp_path, "PP-DocLayoutV2")
    layout_model(tmp_path, "PP-DocLayoutV3")
    language_model(tmp_path, "PaddleOCR-VL")
    broken = language_model(tmp_path, "PaddleOCR-VL-1.6") / "model.safetensors"
    broken.write_bytes(broken.read_bytes()[:-10])
    finding = models(paddle(tmp_path, "v1"), tmp_path, {})
    assert finding.verdict is Verdict.WARNING
    assert "PaddleOCR-VL-1.6 holds" in finding.seen


@pytest.mark.parametrize("choice", [TESSERACT, Choice(EngineSpec("rapidocr")), Choice(EngineSpec("fake"))])
def test_other_engines_need_no_folders_of_models(choice: Choice) -> None:
    assert models(choice, None, {}).verdict is Verdict.OK


SILENT = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def tried(options: Mapping[str, object], **ocr: float) -> tuple[Verdict, str]:
    limits = engine_limits(Settings(ocr=Ocr(**ocr)))
    specs = {"cpu": EngineSpec("fake", dict(options))}
    finding = canary(lambda spec: Supervisor(spec, limits, Clock(time.monotonic, utc_now), SILENT), specs, time.monotonic)
    return finding.verdict, finding.seen


def test_an_engine_that_reads_a_page_is_ok() -> None:
    verdict, seen = tried({})
    assert verdict is Verdict.OK
    assert seen.startswith("The engine fake 2")
    assert "read a page of ours within" in seen
    assert " 0 B " not in seen


def test_an_engine_that_cannot_be_loaded_is_told_with_its_reason(tmp_path: Path) -> None:
    verdict, seen = tried({"needs": str(tmp_path / "absent")})
    assert verdict is Verdict.FAILED
    assert "needs absent" in seen


def test_an_engine_that_waits_for_its_server_is_told(tmp_path: Path) -> None:
    (tmp_path / "waits").write_text("the model server is down")
    verdict, seen = tried({"waits": str(tmp_path / "waits")})
    assert verdict is Verdict.FAILED
    assert "the model server is down" in seen


def test_an_engine_that_takes_too_long_is_ended_by_its_deadline() -> None:
    verdict, seen = tried({"page_seconds": 60.0}, load_seconds=1.0)
    assert verdict is Verdict.FAILED
    assert "no answer within 1 s" in seen


def options(*urls: str, **changes: object) -> ServerOptions:
    given = {"model": "", "api_key": "planted-api-key", "concurrency": 1, "connect_seconds": 1.0, "request_seconds": 1.0, "attempts": 1}
    return ServerOptions(urls=urls, **{**given, **changes})


MODELS = reply(200, json.dumps({"object": "list", "data": [{"id": "PaddleOCR-VL-0.9B"}]}))
NOBODY = "http://127.0.0.1:1/v1"


def test_without_a_model_server_there_is_nothing_to_ask() -> None:
    assert model_servers(None, "", utc_now).verdict is Verdict.OK


def test_a_model_server_that_serves_is_ok() -> None:
    with run_canned(MODELS) as server:
        finding = model_servers(options(server.endpoint + "/v1"), "", utc_now)
    assert finding.verdict is Verdict.OK
    assert "serves PaddleOCR-VL-0.9B" in finding.seen
    assert "planted" not in finding.seen


@pytest.mark.parametrize(
    ("answer", "changes", "said"),
    [
        (reply(401), {}, "ocr.server.api_key"),
        (reply(404), {}, "ocr.server.url"),
        (reply(500), {}, "log"),
        (reply(200, "<html>"), {}, "ocr.server.url"),
        (MODELS, {"model": "another"}, "ocr.server.model"),
        (NO_ANSWER, {}, "log"),
    ],
)
def test_a_model_server_that_does_not_serve_is_told_with_what_to_do(answer: bytes, changes: dict[str, object], said: str) -> None:
    with run_canned(answer) as server:
        finding = model_servers(options(server.endpoint + "/v1", **changes), "", utc_now)
    assert finding.verdict is Verdict.FAILED
    assert said in finding.advice
    assert "planted" not in finding.seen + finding.advice


def test_nobody_at_the_address_is_told() -> None:
    finding = model_servers(options(NOBODY), "", utc_now)
    assert finding.verdict is Verdict.FAILED
    assert "127.0.0.1:1 cannot be connected to" in finding.seen


def test_one_of_several_that_is_away_is_a_warning() -> None:
    with run_canned(MODELS) as server:
        finding = model_servers(options(NOBODY, server.endpoint + "/v1"), "", utc_now)
    assert finding.verdict is Verdict.WARNING


def test_a_server_that_the_daemon_starts_need_not_run_now() -> None:
    assert model_servers(options(NOBODY), "true --api-key planted-in-the-command", utc_now).verdict is Verdict.SKIPPED


@pytest.mark.parametrize("command", ["no-such-program --port 1", "/dev/null", "'"])
def test_a_command_that_cannot_run_is_told(command: str) -> None:
    finding = model_servers(options(NOBODY), command, utc_now)
    assert finding.verdict is Verdict.FAILED
    assert "ocr.server.command" in finding.advice
