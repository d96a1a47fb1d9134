"""What the checks of this machine find: settings, folders, memory, port."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from servers.canned import reply, run_canned
from servers.s3_server import free_port

from watcher.doctor import folders
from watcher.doctor.folders import copy_folder, documents_folder, results_on_disk, scratch_folder
from watcher.doctor.memory import OWN_BYTES, cgroup_limit, memory
from watcher.doctor.port import in_use, port
from watcher.doctor.settings import settings_finding, unusable_settings
from watcher.domain.doctor import Verdict
from watcher.settings import SettingsError, load_settings

GIB = 1 << 30
SECRETS = {
    "CLOUDRU_S3_ENDPOINT": "https://s3.example",
    "CLOUDRU_S3_BUCKET": "bucket",
    "CLOUDRU_S3_ACCESS_KEY": "planted-tenant:planted-key",
    "CLOUDRU_S3_SECRET_KEY": "planted/secret+key",
    "WATCHER_OCR__BACKEND": "vllm-server",
    "WATCHER_OCR__SERVER__API_KEY": "planted-api-key",
    "WATCHER_OCR__SERVER__COMMAND": "vllm serve --api-key planted-in-the-command",
}


def found(environ: dict[str, str], half: str = "", unread: tuple[str, ...] = ()) -> tuple[Verdict, str]:
    finding = settings_finding(load_settings(None, environ), half, unread)
    return finding.verdict, f"{finding.seen} {finding.advice}".strip()


def test_untouched_settings_are_told_in_one_sentence() -> None:
    assert found({}) == (Verdict.OK, "All settings have their defaults.")


def test_changed_settings_are_told_as_people_write_them() -> None:
    environ = {
        "WATCHER_LIMITS__FILE_BYTES": "2 GiB",
        "WATCHER_WATCH__POLL_SECONDS": "2.5",
        "WATCHER_OCR__DEVICES": "gpu:0,gpu:1",
        "WATCHER_RESULTS__OMIT_LABELS": "[]",
        "WATCHER_HTTP__PORT": "8081",  # the default
    }
    verdict, said = found(environ)
    assert verdict is Verdict.OK
    assert said == (
        "All settings are valid. Changed from their defaults: watch.poll_seconds = 2.5; limits.file_bytes = 2 GiB; ocr.devices = gpu:0, gpu:1;"
        " results.omit_labels = (empty)."
    )


def test_no_secret_is_told_of_the_settings() -> None:
    _, said = found(SECRETS)
    assert "planted" not in said
    assert "ocr.server.api_key = (set, not shown)" in said
    assert "ocr.server.command = (set, not shown)" in said


def test_half_a_store_is_a_warning_and_variables_of_before_are_named() -> None:
    verdict, said = found(
        {}, half="CLOUDRU_S3_BUCKET not set: the folder data takes the bucket's place; set all of them, or none", unread=("USE_CLOUDRU_S3",)
    )
    assert verdict is Verdict.WARNING
    assert said.startswith("CLOUDRU_S3_BUCKET not set: the folder data takes the bucket's place. ")
    assert "Nothing reads USE_CLOUDRU_S3" in said
    assert said.endswith("Set all of them, or none.")


def test_settings_that_cannot_be_used_are_told_fault_by_fault() -> None:
    finding = unusable_settings(SettingsError(["http.port is wrong", "watch.ignore is wrong"]))
    assert finding.verdict is Verdict.FAILED
    assert "http.port is wrong / watch.ignore is wrong" in finding.seen


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the free bytes of every disk."""

    def free(bytes_left: int) -> None:
        monkeypatch.setattr(folders.shutil, "disk_usage", lambda path: SimpleNamespace(free=bytes_left))

    return free


@pytest.mark.parametrize(("free", "verdict"), [(5 * GIB, Verdict.OK), (3 * GIB, Verdict.WARNING), (GIB // 100, Verdict.FAILED)])
def test_room_for_scratch_is_compared_with_the_limits(tmp_path: Path, room: Callable[[int], None], free: int, verdict: Verdict) -> None:
    room(free)
    finding = scratch_folder(str(tmp_path), 4, GIB)
    assert finding.verdict is verdict
    assert str(tmp_path) in finding.seen
    if verdict is not Verdict.OK:
        assert "limits.file_bytes" in finding.advice


@pytest.mark.parametrize(
    "check",
    [lambda folder: scratch_folder(folder, 1, 1), lambda folder: copy_folder(folder, 1), lambda folder: documents_folder(folder, 1)],
)
def test_a_folder_that_cannot_be_used_is_named_with_its_setting(check: Callable[[str], Any]) -> None:
    finding = check("/dev/null/x")
    assert finding.verdict is Verdict.FAILED
    assert "(WATCHER_" in finding.seen
    assert "'/dev/null/x' cannot be used: Not a directory" in finding.seen
    assert finding.advice.startswith("Name a folder that this user may write to")


def test_copies_that_stand_already_need_no_more_room(tmp_path: Path, room: Callable[[int], None]) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "copy.json").write_bytes(bytes(60 << 20))
    room(70 << 20)
    assert copy_folder(str(tmp_path), 100 << 20).verdict is Verdict.OK
    assert copy_folder(str(tmp_path), 200 << 20).verdict is Verdict.WARNING


def test_without_a_copy_there_is_nothing_to_look_at() -> None:
    assert copy_folder("", GIB).verdict is Verdict.OK


def test_both_folders_of_results_are_looked_at(tmp_path: Path) -> None:
    finding = results_on_disk("/dev/null/x", 1, str(tmp_path / "made"), 1)
    assert finding.verdict is Verdict.FAILED
    assert f"The folder {tmp_path / 'made'} can be written to" in finding.seen
    assert (tmp_path / "made").is_dir()


def limits(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("memberships", "files", "limit"),
    [
        ("0::/\n", {"memory.max": "2147483648\n"}, 2 * GIB),  # version 2, as a container sees it
        ("0::/\n", {"memory.max": "max\n"}, None),
        ("0::/a.slice/b.service\n", {"a.slice/b.service/memory.max": "max\n", "a.slice/memory.max": "1073741824\n"}, GIB),
        ("0::/a/b\n", {"a/b/memory.max": "1000\n", "a/memory.max": "2000\n"}, 1000),
        ("0::/../other\n", {"memory.max": "4096\n"}, None),  # outside of what we may see
        ("4:memory:/docker/id\n0::/\n", {"memory/docker/id/memory.limit_in_bytes": "2147483648\n"}, 2 * GIB),  # version 1
        ("4:memory:/docker/id\n", {"memory/memory.limit_in_bytes": "1073741824\n"}, GIB),  # as a container of version 1 sees it
        ("4:cpu,memory:/x\n", {"memory/x/memory.limit_in_bytes": "9223372036854771712\n"}, None),  # without a limit
        ("3:cpu:/x\n", {"memory/x/memory.limit_in_bytes": "1\n"}, None),
        ("", {}, None),
        ("nonsense\n0::\n", {"memory.max": "not a number\n"}, None),
    ],
)
def test_the_least_limit_around_us_counts(tmp_path: Path, memberships: str, files: dict[str, str], limit: int | None) -> None:
    assert cgroup_limit(memberships, limits(tmp_path, files)) == limit


@pytest.mark.parametrize(
    ("total", "limit", "engine", "verdict", "said"),
    [
        (64 * GIB, None, 8 * GIB, Verdict.OK, "This machine has 64 GiB"),
        (64 * GIB, 3 * GIB, 0, Verdict.WARNING, "This container (or service) may use 3 GiB"),
        (6 * GIB, None, 0, Verdict.OK, "This machine has 6 GiB"),
        (6 * GIB, None, 8 * GIB, Verdict.WARNING, "ocr.recycle_bytes"),
        (6 * GIB, 64 * GIB, 0, Verdict.OK, "This machine has 6 GiB"),
    ],
)
def test_memory_is_compared_with_what_the_settings_allow(total: int, limit: int | None, engine: int, verdict: Verdict, said: str) -> None:
    finding = memory(total, limit, 4 * GIB, 1, engine)
    assert finding.verdict is verdict
    assert said in finding.seen


def test_each_process_that_opens_documents_counts() -> None:
    assert memory(8 * GIB + OWN_BYTES, None, 4 * GIB, 2, 0).verdict is Verdict.OK
    assert memory(8 * GIB + OWN_BYTES - 1, None, 4 * GIB, 2, 0).verdict is Verdict.WARNING


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a program that takes connections and says nothing."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(8)
        yield other.getsockname()[1]


def test_a_free_port_is_free() -> None:
    assert port("127.0.0.1", free_port(), 1.0).verdict is Verdict.OK
    assert port("0.0.0.0", 0, 1.0).verdict is Verdict.OK


def test_a_port_that_another_program_has_is_told(listener: int) -> None:
    finding = port("127.0.0.1", listener, 0.2)
    assert finding.verdict is Verdict.FAILED
    assert finding.seen == f"Another program uses port {listener}."
    assert "http.port" in finding.advice


def test_an_address_that_is_not_ours_is_told() -> None:
    finding = port("192.0.2.1", 8081, 1.0)  # an address for documentation
    assert finding.verdict is Verdict.FAILED
    assert "http.host" in finding.advice


HEALTHY = {"status": "healthy", "claim_mode": "conditional", "replica": "one", "version": "2.0.0"}


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (reply(200, json.dumps(HEALTHY)), Verdict.OK),
        (reply(503, json.dumps({**HEALTHY, "status": "unhealthy", "reason": "the engine cannot be started"})), Verdict.WARNING),
        (reply(200, json.dumps({**HEALTHY, "reason": "the store cannot be reached"})), Verdict.WARNING),
        (reply(200, json.dumps({"status": "healthy"})), Verdict.FAILED),
        (reply(200, "<html>another program</html>"), Verdict.FAILED),
        (reply(200, "[" * 100_000), Verdict.FAILED),
        (reply(404, "no"), Verdict.FAILED),
    ],
)
def test_our_own_daemon_may_have_the_port(answer: bytes, verdict: Verdict) -> None:
    with run_canned(answer) as server:
        finding = port("127.0.0.1", int(server.endpoint.rpartition(":")[2]), 5.0)
    assert finding.verdict is verdict


def test_what_a_daemon_says_is_passed_on() -> None:
    told = in_use(8081, {**HEALTHY, "reason": "the store cannot be reached"})
    assert "replica one" in told.seen
    assert "the store cannot be reached" in told.seen


def test_shutil_is_what_tells_room() -> None:
    """Else the fixture above would set nothing."""
    assert folders.shutil is shutil
