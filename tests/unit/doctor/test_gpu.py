"""What is made of nvidia-smi's answers, and of what PaddlePaddle was built for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from watcher.doctor.gpu import Gpu, Wanted, ask_driver, gpu, parse
from watcher.domain.doctor import Finding, Verdict
from watcher.engines.paddle.build import PaddleBuild

ANSWER = """\
0, NVIDIA H100 80GB HBM3, 570.86.15, 81559, 81004, 9.0
1, NVIDIA GeForce RTX 5090, 570.86.15, 32607, [N/A], 12.0
"""
H100, RTX = parse(ANSWER)
NEEDED, USEFUL, UNUSED = Wanted(True, True, ("auto",)), Wanted(False, True, ("auto",)), Wanted(False, False, ("auto",))


def build(*architectures: int, cuda: str = "12.6") -> PaddleBuild:
    return PaddleBuild("3.2.1", cuda, architectures)


def test_the_driver_s_answer_is_read() -> None:
    assert Gpu(0, "NVIDIA H100 80GB HBM3", "570.86.15", 81559 << 20, 81004 << 20, 90) == H100
    assert (RTX.free, RTX.capability) == (0, 120)


@pytest.mark.parametrize("answer", ["", "No devices were found\n", "0, only, three\n", "\x00\xff,,,,,\n"])
def test_an_answer_without_gpus_has_none(answer: str) -> None:
    assert parse(answer) == ()


@pytest.mark.parametrize(
    ("found", "wanted", "built", "verdict", "said"),
    [
        ((H100,), NEEDED, build(80, 90), Verdict.OK, "is built for it"),
        ((H100,), NEEDED, build(), Verdict.OK, "the engine's trial will show"),
        ((H100,), NEEDED, None, Verdict.OK, "NVIDIA H100"),
        ((H100,), NEEDED, build(120), Verdict.FAILED, "compute capability 12.0; this one has 9.0. It cannot be used"),
        ((RTX,), NEEDED, build(80, 90), Verdict.WARNING, "this one has 12.0. It may not work"),
        ((RTX,), NEEDED, build(120), Verdict.OK, "is built for it"),
        ((H100,), NEEDED, build(80, 90, cuda=""), Verdict.FAILED, "knows no GPU"),
        ((H100,), NEEDED, build(90, cuda="13.0"), Verdict.FAILED, "driver 570.86.15 is too old for CUDA 13.0"),
        ((H100,), UNUSED, build(120), Verdict.OK, "does not use it"),
        ((), NEEDED, None, Verdict.WARNING, "There is no NVIDIA GPU here"),
        ((), USEFUL, None, Verdict.OK, "needs none"),
        (FileNotFoundError(2, "nvidia-smi"), UNUSED, None, Verdict.OK, "needs none"),
        (OSError("nvidia-smi ended with 9: it failed"), NEEDED, None, Verdict.WARNING, "nvidia-smi ended with 9"),
        ((H100,), Wanted(True, True, ("gpu:0", "gpu:3")), None, Verdict.FAILED, "names gpu:3, which is not there"),
        ((H100, RTX), Wanted(True, True, ("gpu:1",)), build(120), Verdict.OK, "is built for it"),
        ((H100, RTX), Wanted(True, True, ("gpu:0", "gpu:1")), build(120), Verdict.FAILED, "It cannot be used"),
    ],
)
def test_gpu_driver_and_build_are_compared(
    found: tuple[Gpu, ...] | OSError, wanted: Wanted, built: PaddleBuild | None, verdict: Verdict, said: str
) -> None:
    finding: Finding = gpu(found, built, wanted)
    assert said in finding.seen
    assert finding.verdict is verdict


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a program that stands in for nvidia-smi is to be put."""
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "nvidia-smi"


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_the_driver_is_asked_by_its_own_program(driver: Path) -> None:
    script(driver, f"echo '{ANSWER.splitlines()[0]}'")
    assert ask_driver(30.0) == (H100,)


def test_an_old_driver_that_tells_no_capability_is_asked_for_the_rest(driver: Path) -> None:
    refusal = 'Field "compute_cap" is not a valid field to query.'
    script(driver, f"case $1 in *compute_cap*) echo '{refusal}'; exit 2;; esac\necho '0, Tesla T4, 450.80.02, 15109, 15000'")
    assert ask_driver(30.0) == (Gpu(0, "Tesla T4", "450.80.02", 15109 << 20, 15000 << 20, 0),)


@pytest.mark.parametrize(
    ("body", "said"),
    [("echo 'NVIDIA-SMI has failed'; exit 9", "ended with 9: NVIDIA-SMI has failed"), ("exec sleep 60", "no answer within 0.2 s")],
)
def test_a_driver_that_fails_or_hangs_is_told(driver: Path, body: str, said: str) -> None:
    script(driver, body)
    with pytest.raises(OSError, match=said):
        ask_driver(0.2 if "sleep" in body else 30.0)
