"""What the container image is made of, as its files say it; tests/image builds and runs it."""

from __future__ import annotations

import os
import re
import runpy
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
base_pins = runpy.run_path(str(ROOT / "scripts" / "base_pins.py"))["base_pins"]

STAND_IN = """#!/bin/sh
echo "args: $*"
env
trap 'echo got TERM; exit 0' TERM
echo ready
for _ in $(seq 600); do sleep 0.05; done
"""

EXPORTS = {
    "PADDLEX_HOME": "/home/paddleocr/.paddlex",
    "PADDLE_PDX_CACHE_HOME": "/home/paddleocr/.paddlex",
    "HF_HOME": "/home/paddleocr/.cache/huggingface",
    "FLAGS_enable_eager_mode": "1",
    "FLAGS_eager_delete_tensor_gb": "0",
    "FLAGS_use_mkldnn": "0",
}


def instructions(name: str) -> list[str]:
    """The arguments of every instruction of this name, continued lines joined."""
    joined = re.sub(r"\\\n", " ", DOCKERFILE)
    return [line.split(None, 1)[1] for line in joined.splitlines() if line.split(None, 1)[:1] == [name]]


def start(folder: Path, *args: str, **environ: str) -> subprocess.Popen[str]:
    """start.sh with a stand-in for the `watcher` command, which prints its arguments and environment and waits for SIGTERM."""
    stand_in = folder / "watcher"
    stand_in.write_text(STAND_IN, encoding="utf-8")
    stand_in.chmod(0o755)
    env = {"PATH": f"{folder}:{os.environ['PATH']}", **environ}
    return subprocess.Popen([ROOT / "start.sh", *args], env=env, stdout=subprocess.PIPE, text=True)


def lines_until_ready(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        if line == "ready\n":
            return lines
        lines.append(line.rstrip("\n"))
    raise AssertionError(f"start.sh ended early: {lines}")


@pytest.mark.parametrize(
    "script", sorted([ROOT / "start.sh", ROOT / ".ci" / "run", *(ROOT / "scripts").glob("*.sh")]), ids=lambda p: p.name
)
def test_script_parses_and_is_executable(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    assert os.access(script, os.X_OK)


def test_start_exports_the_variables_and_passes_arguments(tmp_path: Path) -> None:
    process = start(tmp_path, "--drain")
    try:
        lines = lines_until_ready(process)
    finally:
        process.kill()
        process.communicate()
    assert lines[0] == "args: run --drain"
    assert {name: value for name, _, value in (line.partition("=") for line in lines) if name in EXPORTS} == EXPORTS


def test_start_keeps_a_variable_that_is_set(tmp_path: Path) -> None:
    process = start(tmp_path, PADDLE_PDX_CACHE_HOME="/models")
    try:
        lines = lines_until_ready(process)
    finally:
        process.kill()
        process.communicate()
    assert "PADDLE_PDX_CACHE_HOME=/models" in lines


def test_sigterm_reaches_the_daemon(tmp_path: Path) -> None:
    process = start(tmp_path)
    try:
        lines_until_ready(process)
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert rest == "got TERM\n"
    assert process.returncode == 0


def test_base_image_is_an_argument_with_the_default_of_before() -> None:
    default = "ccr-2vdh3abv-pub.cnc.bj.baidubce.com/paddlepaddle/paddleocr-vl:latest-gpu-sm120-offline"
    assert instructions("ARG")[0] == f"BASE_IMAGE={default}"
    assert instructions("FROM") == ["${BASE_IMAGE}"]


def test_image_has_what_the_platform_asks_for() -> None:
    assert instructions("VOLUME") == []
    assert instructions("EXPOSE") == ["8081"]
    assert instructions("USER")[-1] == "1000"
    assert instructions("ENTRYPOINT") == ['["/app/start.sh"]']
    assert len(instructions("HEALTHCHECK")) == 1


def test_image_gets_no_extras() -> None:
    """The `cpu` extra brings a second OpenCV, the `paddle` extra a PaddlePaddle without GPU."""
    (install,) = [line for line in instructions("RUN") if "pip install" in line]
    assert "[" not in install
    assert "--constraint" in install


def test_every_copied_file_is_in_the_build_context() -> None:
    sources = {source for line in instructions("COPY") for source in line.split()[:-1] if not source.startswith("--")}
    sources |= {name for line in instructions("RUN") for name in re.findall(r"/tmp/lent/(\S+)", line)}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")}
    assert sources == allowed
    assert all((ROOT / source).exists() for source in sources)


def test_health_check_of_the_image_is_valid_python() -> None:
    (check,) = re.findall(r'"-c", "(.*)"\]', instructions("HEALTHCHECK")[0])
    compile(check, "HEALTHCHECK", "exec")


def test_base_pins_leave_the_framework_where_it_is_and_pin_what_is_missing() -> None:
    ours = ["# comment", "boto3==1.44.5", "pydantic_core==2.50.4", "numpy==2.2.6; python_version<'3.14'"]
    base = {"pydantic-core": "2.41.0", "numpy": "1.26.4", "paddlepaddle-gpu": "3.2.1", "opencv-contrib-python": "4.10.0.84"}
    assert list(base_pins(ours, base)) == [
        "boto3==1.44.5",
        "numpy==1.26.4",
        "opencv-contrib-python==4.10.0.84",
        "paddlepaddle-gpu==3.2.1",
    ]
