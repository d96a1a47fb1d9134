"""A daemon that runs a model server beside itself: it comes up with the daemon, ends with it, and is told of where documents wait for it."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import structlog
from servers.daemon import Daemon as Started
from servers.daemon import command, folder_environment, running
from servers.s3_server import free_port

from watcher.daemon import Daemon
from watcher.domain.health import judge, judge_ready
from watcher.settings import Ocr, OcrServer, Settings, Watch
from watcher.workers.cores import allowed

STUBBORN = Path(__file__).parents[1] / "servers" / "stubborn.py"
SAMPLE = Path(__file__).parents[2] / "samples" / "russian-page.png"


def changes(folder: Path, port: int, server: str) -> dict[str, str]:
    return {
        **folder_environment(folder),
        "WATCHER_OCR__ENGINE": "fake",
        "WATCHER_OCR__BACKEND": "vllm-server",
        "WATCHER_OCR__SERVER__COMMAND": server,
        "WATCHER_OCR__SERVER__URL": f"http://127.0.0.1:{port}/v1",
        "WATCHER_OCR__SERVER__STOP_SECONDS": "0.3",
    }


def test_it_comes_up_with_the_daemon_and_ends_with_it_however_that_ends(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        port = free_port()
        server = shlex.join([sys.executable, str(STUBBORN), str(port), "ignore-term"])
        with running(tmp_path / f"log-{number}", **changes(tmp_path, port, server)) as daemon:
            daemon.wait_for_event("model_server_ready")
            family = psutil.Process(daemon.process.pid).children(recursive=True)
            assert [process for process in family if str(STUBBORN) in process.cmdline()]
            assert daemon.end(number) == (0 if number == signal.SIGTERM else -number)
            if number == signal.SIGTERM:
                assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        _gone, alive = psutil.wait_procs(family, timeout=60)
        assert not alive


@pytest.mark.skipif(len(allowed()) < 2, reason="this machine has one core, or tells of none")
@pytest.mark.parametrize("cores", ["one", "all"])
def test_the_daemon_keeps_to_one_core_or_not_and_leaves_all_to_its_engine_and_its_server(tmp_path: Path, cores: str) -> None:
    port = free_port()
    server = shlex.join([sys.executable, str(STUBBORN), str(port)])
    with running(tmp_path / "log", **changes(tmp_path, port, server), WATCHER_WATCH__CORES=cores) as daemon:
        daemon.wait_for_event("engine_ready")
        assert len(os.sched_getaffinity(daemon.process.pid)) == (1 if cores == "one" else len(allowed()))
        for program in ("--multiprocessing-fork", str(STUBBORN)):  # parser and engine; the server
            daemon.wait_for(lambda program=program: cores_of(daemon, program) == {allowed()})


def cores_of(daemon: Started, program: str) -> set[frozenset[int]]:
    cores = set()
    for process in children(daemon):
        with suppress(psutil.NoSuchProcess, ProcessLookupError):  # the server ends and is started anew
            if program in process.cmdline():
                cores.add(frozenset(os.sched_getaffinity(process.pid)))
    return cores


def children(daemon: Started) -> list[psutil.Process]:
    return psutil.Process(daemon.process.pid).children(recursive=True)


def test_documents_are_read_while_the_inbox_is_drained_and_the_server_ends_then(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    shutil.copy(SAMPLE, tmp_path / "incoming")
    port = free_port()
    server = shlex.join([sys.executable, str(STUBBORN), str(port)])
    ended = command("run", "--drain", **{**changes(tmp_path, port, server), "WATCHER_STORAGE__SETTLE_SECONDS": "0"})
    assert ended.returncode == 0, ended.stderr
    assert not [process for process in psutil.process_iter(["cmdline"]) if str(port) in (process.info["cmdline"] or [])]


def test_a_command_that_cannot_run_ends_a_drain_with_the_name_of_the_setting(tmp_path: Path) -> None:
    slow = {"WATCHER_STORAGE__SETTLE_SECONDS": "20"}  # else the empty inbox may end it first
    (tmp_path / "incoming").mkdir()
    shutil.copy(SAMPLE, tmp_path / "incoming")
    ended = command("run", "--drain", **changes(tmp_path, free_port(), "no-such-program"), **slow)
    assert ended.returncode == 1
    assert "ocr.server.command names a program that is not found" in ended.stderr
    assert "drain_impossible" in ended.stderr


def test_health_tells_that_the_engine_waits_for_it(tmp_path: Path) -> None:
    settings = Settings(
        ocr=Ocr(engine="fake", backend="vllm-server", server=OcrServer(command="no-such-program")), watch=Watch(scratch=str(tmp_path))
    )
    snapshot = Daemon(settings, structlog.get_logger()).health()
    assert judge(snapshot).document["reason"] == "the engine waits: the model server of ocr.server.command is starting"
    assert judge(snapshot).status == 200
    assert judge_ready(snapshot).status == 503
