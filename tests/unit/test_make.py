"""The commands of a working copy, with stand-ins for apt and the daemon: what they decide, not what they install."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = {"english-scan.jpg", "russian-page.png", "table-two-pages.pdf"}

INSTALLED = "printf installed"
ABSENT = "exit 1"
NOBODY, SUPERUSER = "echo 1000", "echo 0"


def put_program(folder: Path, name: str, body: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    program.chmod(0o755)


def deps(
    folder: Path, tier: str, *, packages: str, user: str, sudo: str = "exit 1", apt: str = "exit 0", ci: bool = False
) -> tuple[int, str, str]:
    """scripts/deps.sh with stand-ins: exit status, what it said, and the calls of apt-get."""
    calls = folder / "calls"
    calls.touch()
    put_program(folder, "dpkg-query", packages)
    put_program(folder, "id", user)
    put_program(folder, "sudo", f'[ "$*" = "-n true" ] && {{ {sudo}; }}; shift; exec "$@"')
    put_program(folder, "apt-get", f'echo "$@" >> {calls}\n{apt}')
    env = {"PATH": f"{folder}:{os.environ['PATH']}", **({"CI": "true"} if ci else {})}
    done = subprocess.run(
        ["bash", ROOT / "scripts" / "deps.sh", tier], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr, calls.read_text(encoding="utf-8")


@pytest.mark.parametrize("tier", ["run", "test"])
def test_deps_says_and_does_nothing_where_all_is_there(tmp_path: Path, tier: str) -> None:
    assert deps(tmp_path, tier, packages=INSTALLED, user=NOBODY, ci=True) == (0, "", "")


@pytest.mark.parametrize(("tier", "package"), [("run", "tesseract-ocr-rus"), ("test", "radosgw")])
def test_deps_tells_a_laptop_in_one_line_what_is_missing_and_goes_on(tmp_path: Path, tier: str, package: str) -> None:
    status, said, calls = deps(tmp_path, tier, packages=ABSENT, user=NOBODY)
    assert status == 0
    assert re.fullmatch(rf"Not installed: .*sudo apt-get install .*{package}.*; without: .*\.\n", said)
    assert calls == ""


def test_deps_fails_in_ci_where_it_cannot_install(tmp_path: Path) -> None:
    status, said, _ = deps(tmp_path, "test", packages=ABSENT, user=NOBODY, ci=True)
    assert status == 1
    assert said.startswith("Not installed: ")


@pytest.mark.parametrize(("user", "sudo"), [(SUPERUSER, "exit 1"), (NOBODY, "exit 0")], ids=["as root", "by sudo without password"])
def test_deps_installs_exactly_what_is_missing(tmp_path: Path, user: str, sudo: str) -> None:
    only_radosgw_missing = f'case "$*" in *radosgw) {ABSENT};; esac; {INSTALLED}'
    status, _, calls = deps(tmp_path, "test", packages=only_radosgw_missing, user=user, sudo=sudo)
    assert status == 0
    assert re.search(r"install --yes --no-install-recommends radosgw\n", calls)


@pytest.mark.parametrize(("ci", "expected"), [(False, 0), (True, 1)])
def test_deps_shows_what_apt_said_when_it_fails(tmp_path: Path, ci: bool, expected: int) -> None:
    status, said, _ = deps(tmp_path, "run", packages=ABSENT, user=SUPERUSER, apt="echo E: no such mirror; exit 100", ci=ci)
    assert status == expected
    assert "E: no such mirror" in said
    assert "Not installed: tesseract-ocr" in said


@pytest.fixture
def working_copy(tmp_path: Path) -> Path:
    """Makefile, scripts and samples, with a stand-in for the installed daemon that waits for SIGINT."""
    for name in ("scripts", "samples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    put_program(
        tmp_path / ".venv" / "bin",
        "watcher",
        "trap 'echo ended; exit 0' INT TERM\necho \"watcher $* in $WATCHER_STORAGE__FOLDER\"\nenv | grep CLOUDRU\nfor _ in $(seq 600); do sleep 0.05; done",
    )
    (tmp_path / ".venv" / ".installed").touch()
    put_program(tmp_path / "bin", "dpkg-query", INSTALLED)
    return tmp_path


def make_run(folder: Path, *, end_with: signal.Signals = signal.SIGINT) -> tuple[int, str]:
    """`make run` as a terminal runs it, ended by a signal to the whole process group once the daemon runs: make's status, and all it said."""
    env = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "CLOUDRU_S3_BUCKET": "bucket", "CLOUDRU_S3_SECRET_KEY": "secret"}
    process = subprocess.Popen(
        ["make", "run"], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    said = ""
    try:
        while "watcher run in" not in said:
            line = process.stdout.readline()
            assert line, f"make ended early: {said}"
            said += line
        os.killpg(process.pid, end_with)
        rest, _ = process.communicate(timeout=60)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, said + rest


def incoming(folder: Path) -> set[str]:
    return {path.name for path in (folder / "data" / "incoming").iterdir()}


def test_run_drops_the_samples_and_starts_the_daemon_on_the_folder(working_copy: Path) -> None:
    _, said = make_run(working_copy)
    assert incoming(working_copy) == SAMPLES
    assert f"watcher run in {working_copy / 'data'}\n" in said
    assert all((working_copy / "data" / "incoming" / name).read_bytes() == (ROOT / "samples" / name).read_bytes() for name in SAMPLES)


def test_run_leaves_the_bucket_alone_and_says_so(working_copy: Path) -> None:
    _, said = make_run(working_copy)
    assert re.findall("CLOUDRU_S3_.*", said) == ["CLOUDRU_S3_* variables are left aside here; for the bucket, run: .venv/bin/watcher run"]


def test_run_drops_no_samples_where_documents_were_read_before(working_copy: Path) -> None:
    (working_copy / "data" / "processed").mkdir(parents=True)
    (working_copy / "data" / "incoming").mkdir()
    make_run(working_copy)
    assert incoming(working_copy) == set()


def test_run_never_replaces_a_document_of_the_person(working_copy: Path) -> None:
    mine = working_copy / "data" / "incoming" / "english-scan.jpg"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    make_run(working_copy)
    assert incoming(working_copy) == SAMPLES
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_daemon_and_make_complains_of_nothing(working_copy: Path, how: signal.Signals) -> None:
    _, said = make_run(working_copy, end_with=how)
    assert "ended\n" in said
    assert not re.search(r"\*\*\*.*Error", said)


def test_help_lists_every_target_that_a_person_calls() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = "run test check bench sim chaos fuzz image image-test docs pictures venv deps help"
    assert set(re.findall(r"^make (\S+)", listed, re.MULTILINE)) == set(targets.split())


def test_an_old_python_is_refused_in_one_line(working_copy: Path) -> None:
    put_program(working_copy / "bin", "python-old", '[ "$1" = --version ] && { echo Python 3.9.18; exit 0; }; exit 1')
    (working_copy / ".venv" / ".installed").unlink()
    env = {"PATH": f"{working_copy / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(["make", "venv", "PYTHON=python-old"], cwd=working_copy, env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == "PYTHON=python-old is Python 3.9.18: Python 3.10 or newer is needed."
    assert not (working_copy / ".venv" / ".installed").exists()
