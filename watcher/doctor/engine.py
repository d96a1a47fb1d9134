"""The engine that would read the pages: which one, its models, and whether it really reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

from watcher.doctor.wording import failed, ok, rounded, skipped, together, warning
from watcher.domain.doctor import Finding
from watcher.engines.choose import PADDLE, Choice, EngineNotFoundError
from watcher.engines.paddle.models import RELEASES, model_homes, search
from watcher.engines.port import EngineSpec
from watcher.engines.supervisor import EngineUnavailableError, Supervisor

Supervise = Callable[[EngineSpec], Supervisor]


def chosen(choose: Callable[[], Choice], wanted: str) -> Finding:
    """`wanted` is `ocr.engine`."""
    try:
        choice = choose()
    except EngineNotFoundError as error:
        return failed(f"No engine can read documents here (ocr.engine = {wanted}).", f"{error}.")
    version = choice.facts.get("pipeline_version")
    seen = f"The engine {choice.spec.name} {f'{version} ' if version else ''}reads the pages."
    return warning(seen, " ".join(_stopped(told) for told in choice.warnings)) if choice.warnings else ok(seen)


def models(choice: Choice, folder: Path | None, environ: Mapping[str, str]) -> Finding:
    """Of PaddleOCR-VL, all versions that lie on the disk; `folder` is `ocr.models`. Of the others, where theirs are."""
    if choice.spec.name == "tesseract":
        return ok(f"Tesseract has its data for {choice.spec.options['languages']} in {choice.spec.options['tessdata']}.")
    if choice.spec.name != PADDLE:
        return ok(
            f"{choice.spec.name} brings its models with it." if choice.spec.name == "rapidocr" else f"{choice.spec.name} has no models."
        )
    homes = model_homes(folder, environ)
    whole = search(homes, "auto", needs_language=choice.spec.options["language"] is not None)
    used = choice.spec.options["version"]
    told = "; ".join(
        f"{one.version}{' (used)' if one.version == used else ''}: {one.layout}{f' and {one.language}' if one.language else ''}"
        for one in whole.found
    )
    broken = [fault for fault in whole.faults if not fault.startswith("none of them holds")]
    if broken:
        return warning(f"Found {told}. Not whole: {'; '.join(broken)}.", "Copy these folders again, whole, or remove them.")
    newest = RELEASES[0].version
    newer = "" if any(one.version == newest for one in whole.found) else f" Newer versions exist, up to {newest}."
    return ok(f"Found {told}.{newer}")


def canary(supervise: Supervise, specs: Mapping[str, EngineSpec], monotonic: Callable[[], float]) -> Finding:
    """Loads the engine in a child process on each device, has it read a small page, and ends it."""
    return together([_read_on(device, supervise(spec), len(specs) > 1, monotonic) for device, spec in specs.items()])


def _read_on(device: str, supervisor: Supervisor, several: bool, monotonic: Callable[[], float]) -> Finding:
    where = f" on {device}" if several else ""
    began = monotonic()
    try:
        supervisor.load()
    except EngineUnavailableError as error:
        if supervisor.state.waits:
            return failed(f"The engine cannot read{where} yet: {error}.", "See the check of the model server.")
        return failed(
            f"The engine could not be loaded{where}: {_stopped(str(error))}",
            "Mend what is named here; docs/engines.md tells what each engine needs. ocr.load_seconds is how long it may take.",
        )
    finally:
        seconds, memory = monotonic() - began, supervisor.memory_bytes()
        supervisor.close()
    info = supervisor.state.info
    name = f" {info.name} {info.version}" if info else ""
    return ok(
        f"The engine{name} was loaded{where} and read a page of ours within {math.ceil(seconds)} s; it holds {rounded(memory)} of memory."
    )


def not_tried() -> Finding:
    return skipped("Skipped: because of --no-engine.", "Run it without --no-engine to see whether the engine really reads.")


def _stopped(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
