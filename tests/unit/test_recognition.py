"""How settings become an engine: its options, its devices, its limits, and what the manifest tells of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from watcher.daemon import stall_budget
from watcher.engines.choose import Choice
from watcher.engines.model_servers.options import ServerOptions
from watcher.engines.port import EngineSpec
from watcher.recognition import LOCAL_SERVER, chosen_engine, engine_options, engines_by_device
from watcher.settings import Ocr, OcrServer, Render, Settings, Storage, Watch

KEY = "key-of-the-server"
FOLDERS = {"version": "v1.6", "layout": "/models/PP-DocLayoutV3", "language": None}
SERVED = Ocr(
    engine="paddleocr-vl",
    backend="vllm-server",
    devices=("gpu:0", "gpu:1"),
    charts="read",
    max_new_tokens=512,
    page_seconds=90,
    server=OcrServer(url=("http://10.0.0.1:8000/v1", "http://10.0.0.2:8000/v1"), model="vl", api_key=SecretStr(KEY), attempts=2),
)


@pytest.fixture
def paddle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models are there."""
    monkeypatch.setattr("watcher.recognition.choose", lambda *_, **__: Choice(EngineSpec("paddleocr-vl", dict(FOLDERS)), ("a warning",)))


@pytest.mark.usefixtures("paddle")
def test_paddle_is_told_all_that_the_settings_say_of_it() -> None:
    choice = chosen_engine(Settings(ocr=SERVED))
    assert choice.warnings == ("a warning",)
    assert choice.spec.options == {
        **FOLDERS,
        "backend": "vllm-server",
        "charts": True,
        "seals": False,
        "max_new_tokens": 512,
        "page_seconds": 90,
        "server": ServerOptions(
            urls=("http://10.0.0.1:8000/v1", "http://10.0.0.2:8000/v1"),
            model="vl",
            api_key=KEY,
            concurrency=64,
            connect_seconds=5,
            request_seconds=120,
            attempts=2,
        ),
    }
    assert KEY not in repr(choice)


@pytest.mark.usefixtures("paddle")
def test_a_server_of_our_own_is_asked_where_it_usually_answers() -> None:
    options = chosen_engine(Settings(ocr=Ocr(backend="vllm-server", server=OcrServer(command="serve")))).spec.options
    server = options["server"]
    assert isinstance(server, ServerOptions)
    assert server.urls == (LOCAL_SERVER,)
    assert chosen_engine(Settings()).spec.options["server"] is None


def test_each_device_gets_an_engine_of_its_own() -> None:
    spec = EngineSpec("paddleocr-vl", {"version": "v1"})
    by_device = engines_by_device(Settings(ocr=SERVED), spec)
    assert {device: one.options for device, one in by_device.items()} == {
        "gpu:0": {"version": "v1", "device": "gpu:0"},
        "gpu:1": {"version": "v1", "device": "gpu:1"},
    }
    assert list(engines_by_device(Settings(), spec)) == ["auto"]


@pytest.mark.parametrize("name", ["tesseract", "rapidocr", "fake"])
def test_engines_that_know_no_devices_get_one_child(name: str) -> None:
    spec = EngineSpec(name, {"languages": "eng"})
    assert engines_by_device(Settings(ocr=SERVED), spec) == {"cpu": spec}


def test_the_manifest_tells_what_may_change_results_and_no_secret() -> None:
    told = engine_options(Settings(ocr=SERVED, render=Render(dpi=150)), Choice(EngineSpec("paddleocr-vl")))
    assert told == {
        "engine": "paddleocr-vl",
        "dpi": 150,
        "max_pixels": 16_000_000,
        "backend": "vllm-server",
        "charts": "read",
        "seals": "image",
        "max_new_tokens": 512,
        "model": "vl",
    }
    plain = engine_options(Settings(), Choice(EngineSpec("tesseract")))
    assert plain == {"engine": "tesseract", "dpi": 200, "max_pixels": 16_000_000, "languages": "rus+eng"}


@pytest.mark.parametrize(
    ("ocr", "documents", "expected"),
    [
        ({}, 0, 8),
        ({"devices": ("gpu:0", "gpu:1")}, 0, 16),
        ({"batch_pages": 1}, 0, 2),
        ({"batch_pages": 64}, 0, 64),
        ({"backend": "vllm-server", "server": OcrServer(command="serve")}, 0, 32),
        ({"backend": "vllm-server", "server": OcrServer(command="serve"), "batch_pages": 8}, 0, 16),
        ({"backend": "vllm-server", "server": OcrServer(command="serve"), "devices": ("gpu:0", "gpu:1", "gpu:2")}, 0, 64),
        ({"backend": "vllm-server", "server": OcrServer(command="serve")}, 7, 7),
    ],
)
def test_documents_at_once_suit_the_engine(ocr: dict[str, Any], documents: int, expected: int) -> None:
    assert Settings(ocr=Ocr(**ocr), watch=Watch(documents=documents)).documents_at_once == expected


@pytest.mark.parametrize(
    ("documents", "connections", "expected"), [(1, 0, (32, 57)), (4, 0, (32, 60)), (64, 0, (32, 168)), (64, 10, (32, 10))]
)
def test_the_store_has_a_connection_for_whatever_may_run_at_once(documents: int, connections: int, expected: tuple[int, int]) -> None:
    settings = Settings(watch=Watch(documents=documents), storage=Storage(connections=connections))
    assert (settings.uploads_at_once, settings.connections) == expected


def test_only_a_model_server_is_worth_waiting_for_more_pages() -> None:
    assert Settings().ocr.pause_seconds == 0
    assert Settings(ocr=SERVED).ocr.pause_seconds == 0.05


def test_an_engine_whose_server_is_tried_several_times_is_not_called_stuck() -> None:
    local = Settings()
    served = Settings(ocr=Ocr(backend="vllm-server", batch_pages=4, server=OcrServer(command="serve", attempts=5, request_seconds=600)))
    tries = 5 * (600 + 5)
    assert served.ocr.call_seconds == tries
    assert stall_budget(served) - stall_budget(local) == 4 * tries  # a call, trying the engine out, loading it anew, a page alone
    assert stall_budget(local) == 900 + 5 + 5 * (5 + 60) + 4 * 120 + 2 * 600 + 120


def test_secrets_of_the_server_are_among_those_that_are_never_written() -> None:
    assert Settings(ocr=SERVED).secrets == (KEY,)
    assert Settings().secrets == ()


def test_folders_of_the_settings_are_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []

    def choose(name: str, languages: str, tessdata: Path | None, **_: object) -> Choice:
        asked.extend([name, languages, tessdata])
        return Choice(EngineSpec("fake"))

    monkeypatch.setattr("watcher.recognition.choose", choose)
    choice = chosen_engine(Settings(ocr=Ocr(engine="fake", languages="eng", tessdata=str(tmp_path), fake_page_seconds=2)))
    assert asked == ["fake", "eng", tmp_path]
    assert choice.spec == EngineSpec("fake", {"page_seconds": 2})
