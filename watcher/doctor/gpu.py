"""The GPU and its driver, and whether the installed PaddlePaddle was built for them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from watcher.doctor.wording import failed, ok, rounded, together, warning
from watcher.domain.doctor import Finding
from watcher.engines.paddle.build import PaddleBuild

FIELDS = ("index", "name", "driver_version", "memory.total", "memory.free", "compute_cap")
_UNKNOWN = "is not a valid field"
"""What older drivers say of `compute_cap`."""
LEAST_DRIVER = {11: (450, 80), 12: (525, 60), 13: (580, 0)}
"""By the major version of CUDA, the oldest Linux driver that runs it: NVIDIA's "CUDA Compatibility", table of minor version compatibility."""
_IMAGES = "Take the base image, or the paddlepaddle-gpu, that is built for this GPU (docs/engines.md, 'Images for GPUs')."


@dataclass(frozen=True)
class Gpu:
    """`capability` as `86` for compute capability 8.6, 0 where the driver does not tell; memory in bytes."""

    index: int
    name: str
    driver: str
    memory: int
    free: int
    capability: int


@dataclass(frozen=True)
class Wanted:
    """Whether the engine that was chosen computes on a GPU (`needs`), may (`may_use`), and on which: `auto` or `gpu:N`."""

    needs: bool
    may_use: bool
    devices: tuple[str, ...]


def ask_driver(timeout: float) -> tuple[Gpu, ...]:
    """Each of two questions within `timeout` seconds. Raises `FileNotFoundError` where there is no driver's program, `OSError` where it fails."""
    try:
        return parse(_ask(FIELDS, timeout))
    except _OldDriverError:
        return parse(_ask(FIELDS[:-1], timeout))


def parse(answer: str) -> tuple[Gpu, ...]:
    """Of the answer about FIELDS, or all but the last; lines that hold something else are passed over."""
    rows = [[cell.strip() for cell in line.split(",")] for line in answer.splitlines()]
    return tuple(
        Gpu(int(row[0]), row[1], row[2], _mebibytes(row[3]), _mebibytes(row[4]), _capability("".join(row[5:])))
        for row in rows
        if len(row) in (len(FIELDS) - 1, len(FIELDS)) and row[0].isdigit()
    )


class _OldDriverError(OSError):
    """It does not know the last of the fields."""


def _ask(fields: Sequence[str], timeout: float) -> str:
    query = ("nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits")
    try:
        asked = subprocess.run(query, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)  # noqa: S603 - words of ours
    except subprocess.TimeoutExpired:
        raise OSError(f"nvidia-smi gave no answer within {timeout:g} s") from None
    if asked.returncode == 0:
        return asked.stdout
    told = (asked.stdout + asked.stderr).strip().splitlines()
    kind = _OldDriverError if _UNKNOWN in asked.stdout else OSError
    raise kind(f"nvidia-smi ended with {asked.returncode}: {told[0][:200] if told else 'it said nothing'}")


def gpu(found: Sequence[Gpu] | OSError, build: PaddleBuild | None, wanted: Wanted) -> Finding:
    """`found`: what `ask_driver` returned or raised; `build`: of the installed PaddlePaddle, None where none is installed."""
    if isinstance(found, OSError) or not found:
        return _without(found if isinstance(found, OSError) else None, wanted)
    seen = ok(f"{'; '.join(_told(one) for one in found)}.")
    if not wanted.may_use:
        return ok(f"{seen.seen} The engine that was chosen does not use it.")
    findings = [seen, *_misplaced(found, wanted.devices)]
    if build is not None:
        findings += [_of_build(one, build) for one in _used(found, wanted.devices)]
    return together(findings)


def _without(error: OSError | None, wanted: Wanted) -> Finding:
    absent = error is None or isinstance(error, FileNotFoundError)
    seen = "There is no NVIDIA GPU here, or its driver is not visible." if absent else f"The GPU's driver does not work: {error}."
    if not wanted.needs:
        return ok(f"{seen} The engine that was chosen needs none.")
    return warning(
        f"{seen} PaddleOCR-VL needs minutes for a page without one.",
        "Start the container with its GPU (docker run --gpus all; on a platform, choose a GPU), install the NVIDIA driver, or name a model"
        " server elsewhere by ocr.backend and ocr.server.url.",
    )


def _misplaced(found: Sequence[Gpu], devices: Sequence[str]) -> list[Finding]:
    there = {f"gpu:{number}" for number in range(len(found))}
    absent = [device for device in devices if device.startswith("gpu") and device not in there]
    if not absent:
        return []
    return [
        failed(f"ocr.devices names {', '.join(absent)}, which is not there.", f"Set ocr.devices to some of {', '.join(sorted(there))}.")
    ]


def _used(found: Sequence[Gpu], devices: Sequence[str]) -> list[Gpu]:
    if "auto" in devices:
        return [found[0]]
    return [one for number, one in enumerate(found) if f"gpu:{number}" in devices]


def _of_build(one: Gpu, build: PaddleBuild) -> Finding:
    if not build.cuda:
        return failed(
            f"The installed PaddlePaddle {build.version} knows no GPU.",
            "Install paddlepaddle-gpu as https://www.paddlepaddle.org.cn/install tells.",
        )
    driver = tuple(int(part) for part in re.findall(r"\d+", one.driver)[:2])
    least = LEAST_DRIVER.get(int(build.cuda.split(".")[0]))
    if least and driver and driver < least:
        return failed(
            f"The driver {one.driver} is too old for CUDA {build.cuda}, which PaddlePaddle {build.version} uses.",
            f"Install NVIDIA's driver {least[0]} or newer on the machine.",
        )
    if not build.architectures or not one.capability:
        return ok(
            f"PaddlePaddle {build.version} uses CUDA {build.cuda}; it does not say for which GPUs it was built: the engine's trial will show."
        )
    built = ", ".join(_dotted(number) for number in build.architectures)
    fits = any(number // 10 == one.capability // 10 and number <= one.capability for number in build.architectures)
    if fits:
        return ok(f"PaddlePaddle {build.version} with CUDA {build.cuda} is built for it.")
    seen = f"PaddlePaddle {build.version} was built for GPUs of compute capability {built}; this one has {_dotted(one.capability)}."
    if one.capability < min(build.architectures):
        return failed(f"{seen} It cannot be used.", _IMAGES)
    return warning(f"{seen} It may not work, or begin slowly.", _IMAGES)


def _told(one: Gpu) -> str:
    capability = f", compute capability {_dotted(one.capability)}" if one.capability else ""
    free = f" ({rounded(one.free)} free)" if one.free else ""
    return f"{one.name} with {rounded(one.memory)}{free}, driver {one.driver}{capability}"


def _dotted(number: int) -> str:
    return f"{number // 10}.{number % 10}"


def _mebibytes(cell: str) -> int:
    return int(cell) << 20 if cell.isdigit() else 0


def _capability(cell: str) -> int:
    found = re.fullmatch(r"(\d+)\.(\d)", cell)
    return int(found[1]) * 10 + int(found[2]) if found else 0
