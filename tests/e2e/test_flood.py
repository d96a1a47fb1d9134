"""500 connections to the HTTP server of a daemon that is reading: it answers all that ask, and reads on."""

from __future__ import annotations

import json
import resource
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest
from servers.daemon import folder_environment, running

SAMPLE = Path(__file__).parents[2] / "samples" / "table-two-pages.pdf"
MANY = 500


@pytest.fixture(autouse=True)
def file_handles() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def ask(port: int) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/health")
        return str(json.loads(connection.getresponse().read())["status"])
    finally:
        connection.close()


def test_it_answers_and_reads_on(tmp_path: Path) -> None:
    inbox = tmp_path / "bucket" / "incoming"
    inbox.mkdir(parents=True)
    for number in range(3):
        (inbox / f"{number}.pdf").write_bytes(SAMPLE.read_bytes())
    slow = {"WATCHER_OCR__ENGINE": "fake", "WATCHER_OCR__FAKE_PAGE_SECONDS": "2", "WATCHER_STORAGE__SETTLE_SECONDS": "0"}
    with running(tmp_path / "log", **{**folder_environment(tmp_path / "bucket"), **slow}) as daemon, ExitStack() as stack:
        daemon.wait_for_event("document_opened")
        for number in range(MANY):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port), timeout=30))
            idle.sendall(b"" if number % 2 else b"GET /health HTTP/1.1\r\nX: ")
        assert [ask(daemon.port) for _ in range(20)] == ["healthy"] * 20
        start = threading.Barrier(MANY)

        def ask_with_all(_number: int) -> str:
            start.wait(60)
            return ask(daemon.port)

        with ThreadPoolExecutor(MANY) as pool:
            assert list(pool.map(ask_with_all, range(MANY))) == ["healthy"] * MANY
        daemon.wait_for(lambda: not list(inbox.iterdir()))
        assert daemon.end() == 0
        assert [event["event"] for event in daemon.events() if event["level"] == "error"] == []
