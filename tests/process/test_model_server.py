"""The model server beside the daemon, with real processes that ignore signals, fork, hang, die and never answer."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

import pytest
import structlog
from doubles.model_servers import LIMITS, STUBBORN, Bench, has_failed, is_gone, is_ready, wait_until
from servers.model_server import running_model_server

from watcher.domain.clock import Clock
from watcher.engines.model_servers.local import ModelServer, ServerLimits


@pytest.fixture
def bench() -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack)


def test_it_is_starting_until_it_answers_and_then_ready_and_gone_when_closed(bench: Bench) -> None:
    server = bench.stubborn("answers=503,503,200")
    assert server.state.phase == "starting"
    assert "ocr.server.command" in server.state.reason
    wait_until(is_ready(server))
    assert server.state.reason == ""
    assert bench.processes()
    server.close()
    assert not bench.processes()
    assert not bench.named("model_server_failed")


def test_the_stand_in_for_a_model_server_counts_as_one(bench: Bench) -> None:
    with running_model_server("const") as stand_in:
        bench.port = stand_in.port
        wait_until(is_ready(bench.started("sleep 60")))


@pytest.mark.parametrize("answers", ["200", "401"])
def test_a_server_without_health_is_asked_for_its_models(bench: Bench, answers: str) -> None:
    wait_until(is_ready(bench.stubborn("path=/v1/models", f"answers={answers}")))


def test_one_that_ignores_sigterm_is_killed(bench: Bench) -> None:
    server = bench.stubborn("ignore-term", stop=0.3)
    wait_until(is_ready(server))
    server.close()
    assert not bench.processes()


@pytest.mark.parametrize("kind", ["child", "far-child"])
def test_its_children_end_with_it_wherever_they_hide(bench: Bench, tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "pid"
    server = bench.stubborn(f"{kind}={mark}", stop=0.3)
    wait_until(is_ready(server))
    child = int(mark.read_text())
    assert not is_gone(child)
    server.close()
    assert is_gone(child)


@pytest.mark.parametrize("kind", ["child", "far-child"])
def test_children_of_one_that_died_are_gone_before_it_is_started_again(bench: Bench, tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "pid"
    server = bench.stubborn(f"{kind}={mark}", "die-once-asked", stop=0.3)
    orphan = int(wait_until(lambda: mark.exists() and mark.read_text()))
    wait_until(lambda: bench.named("model_server_failed"))
    assert is_gone(orphan)
    wait_until(lambda: server.state.starts >= 2)


def test_one_that_dies_is_started_again_and_its_end_told(bench: Bench) -> None:
    server = bench.stubborn("lines=30", "die-once-asked")
    wait_until(lambda: server.state.starts >= 3)
    failed = bench.named("model_server_failed")[0]
    assert "ended with exit code 9" in failed["reason"]
    assert failed["last_lines"] == [f"line {number}" for number in range(10, 30)]


def test_waits_between_starts_double_up_to_a_bound(bench: Bench) -> None:
    server = bench.stubborn("exit=3")
    wait_until(lambda: len(bench.named("model_server_failed")) >= 4)
    server.close()
    delays = [failed["retry_seconds"] for failed in bench.named("model_server_failed")[:4]]
    assert delays == [0.05, 0.1, 0.2, 0.2]


def test_one_that_never_answers_is_ended_in_time_and_told(bench: Bench) -> None:
    server = bench.stubborn("silent", start=0.5, restart=30.0, restart_max=30.0)
    wait_until(has_failed(server))
    assert "did not answer within 0.5 s (ocr.server.start_seconds)" in server.state.reason
    assert "does not answer (ConnectionRefusedError)" in server.state.reason
    assert not bench.processes()


def test_one_that_never_becomes_healthy_is_ended_in_time_and_told(bench: Bench) -> None:
    server = bench.stubborn("answers=503", start=5.0, restart=30.0, restart_max=30.0)
    wait_until(has_failed(server))
    assert server.state.reason.endswith(f"127.0.0.1:{bench.port} answers 503")


@pytest.mark.parametrize("sickness", ["0", "503"])
def test_one_that_stops_answering_is_started_again(bench: Bench, sickness: str) -> None:
    server = bench.stubborn(f"answers=200,200,{sickness}", hung=0.5)
    wait_until(lambda: server.state.starts >= 2)
    assert "has not answered for 0.5 s (ocr.server.hung_seconds)" in bench.named("model_server_failed")[0]["reason"]


def test_one_that_is_frozen_is_ended_and_started_again(bench: Bench) -> None:
    server = bench.stubborn(hung=0.5, stop=0.3)
    wait_until(is_ready(server))
    frozen = [process for process in bench.processes() if "watcher.workers.leash" not in process.cmdline()]
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    wait_until(lambda: server.state.starts >= 2 and server.state.phase == "ready")
    assert all(is_gone(process.pid) for process in frozen)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-program --port 1", "names a program that is not found: install it, or give its whole path"),
        ("/no/such/program", "names a program that is not found"),
        ("{text}", "is no program, or may not be run"),
        ("{folder}", "is no program, or may not be run"),
        ("{broken}", "ended with exit code 126"),
        ("server 'unclosed", "cannot be taken apart: No closing quotation"),
        ("   ", "names no program"),
        (f"{sys.executable} -c 'raise SystemExit(2)'", "ended with exit code 2 after"),
        (f"{sys.executable} -c 'import os; os.kill(os.getpid(), 11)'", "was killed by signal 11"),
    ],
)
def test_a_bad_command_is_told_with_the_name_of_the_setting(bench: Bench, tmp_path: Path, command: str, words: str) -> None:
    (tmp_path / "text").write_text("no program")
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    server = bench.started(command.format(text=tmp_path / "text", folder=tmp_path, broken=broken), restart=30.0, restart_max=30.0)
    wait_until(has_failed(server))
    assert "ocr.server.command" in server.state.reason
    assert words in server.state.reason
    assert str(tmp_path) not in server.state.reason


def test_a_program_that_is_mended_is_taken_up(bench: Bench, tmp_path: Path) -> None:
    script = tmp_path / "server"
    server = bench.started(f"{script}")
    wait_until(has_failed(server))
    script.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, str(STUBBORN), str(bench.port)])}\n")
    script.chmod(0o755)
    wait_until(is_ready(server))


def test_it_knows_neither_our_secrets_nor_our_settings(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "environment"
    secrets = {"CLOUDRU_S3_SECRET_KEY": "secret", "CLOUDRU_S3_ACCESS_KEY": "tenant:key", "WATCHER_OCR__SERVER__API_KEY": "key"}
    command = shlex.join([sys.executable, str(STUBBORN), str(bench.port), f"environment={mark}"])
    wait_until(is_ready(bench.started(command, {**os.environ, **secrets, "HF_HOME": "/models"})))
    names = mark.read_text().split("\n")
    assert "HF_HOME" in names
    assert "PATH" in names
    assert not set(secrets) & set(names)


def test_what_it_says_is_passed_on_as_text_of_bounded_length_and_only_for_those_who_debug(bench: Bench) -> None:
    server = bench.stubborn("lines=3", "blob", "lines=3")
    wait_until(is_ready(server))
    said = wait_until(lambda: len(bench.named("model_server_said")) > 1000 and bench.named("model_server_said"))
    assert [event["line"] for event in said[:3]] == ["line 0", "line 1", "line 2"]
    assert max(len(event["line"]) for event in said) <= 2000
    assert {event["level"] for event in said} == {"debug"}
    assert "line" not in server.state.reason


def test_closing_while_it_waits_for_the_next_start_takes_no_time_and_starts_nothing(bench: Bench) -> None:
    server = bench.stubborn("exit=1", restart=3600.0, restart_max=3600.0)
    wait_until(has_failed(server))
    server.close()
    assert server.state.starts == 1
    assert not bench.processes()


def test_closing_what_was_never_started_or_twice_is_allowed(bench: Bench) -> None:
    server = bench.stubborn()
    server.close()
    server.close()
    clock = Clock(time.monotonic, lambda: datetime.now(timezone.utc))
    ModelServer("true", "http://127.0.0.1:1/v1", ServerLimits(**LIMITS), clock, lambda: 0.0, structlog.get_logger()).close()
    assert not bench.processes()


def test_one_whose_leash_is_killed_dies_with_it_and_is_started_again(bench: Bench) -> None:
    server = bench.stubborn()
    wait_until(is_ready(server))
    first = bench.processes()
    (leash,) = (process for process in first if "watcher.workers.leash" in process.cmdline())
    leash.kill()
    wait_until(lambda: server.state.starts >= 2 and server.state.phase == "ready")
    assert "was killed by signal 9" in bench.named("model_server_failed")[0]["reason"]
    assert all(is_gone(process.pid) for process in first)


DAEMON = """
import sys, time, threading
from datetime import datetime, timezone
import structlog
from watcher.domain.clock import Clock
from watcher.engines.model_servers.local import ModelServer, ServerLimits
clock = Clock(time.monotonic, lambda: datetime.now(timezone.utc))
server = ModelServer(sys.argv[1], sys.argv[2], ServerLimits(30, 30, 0.3, 0.1, 1, 1), clock, lambda: 0.0, structlog.get_logger())
server.start()
while server.state.phase != "ready":
    time.sleep(0.05)
print("ready", flush=True)
time.sleep(3600)
"""


@pytest.mark.parametrize("habit", ["quiet", "ignore-term", "far-child={mark}"])
def test_it_does_not_outlive_a_daemon_that_is_killed(bench: Bench, tmp_path: Path, habit: str) -> None:
    mark = tmp_path / "pid"
    command = shlex.join([sys.executable, str(STUBBORN), str(bench.port), habit.format(mark=mark)])
    url = f"http://127.0.0.1:{bench.port}/v1"
    with subprocess.Popen([sys.executable, "-c", DAEMON, command, url], stdout=subprocess.PIPE, text=True) as daemon:
        try:
            assert daemon.stdout is not None
            while daemon.stdout.readline() != "ready\n":
                assert daemon.poll() is None
            family = [process.pid for process in bench.processes()] + ([int(mark.read_text())] if mark.exists() else [])
            assert len(family) >= 2  # the leash and the server
        finally:
            daemon.kill()
    wait_until(lambda: all(map(is_gone, family)), "processes of the server outlived the daemon")
