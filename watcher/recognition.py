"""The engine as the settings want it: which one, on which devices, within which limits, and what of it the manifest tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.engines.choose import Choice, choose
from watcher.engines.port import EngineSpec
from watcher.engines.recogniser import EngineLimits, Recogniser
from watcher.settings import Settings

ON_DEVICES = "paddleocr-vl"
"""The engine that runs on several devices, one process each; the others use the CPU."""


def chosen_engine(settings: Settings) -> Choice:
    """Raises `EngineNotFoundError` where nothing here can read."""
    ocr = settings.ocr
    choice = choose(ocr.engine, ocr.languages, Path(ocr.tessdata) if ocr.tessdata else None)
    if choice.spec.name == "fake":
        return replace(choice, spec=EngineSpec("fake", {"page_seconds": ocr.fake_page_seconds}))
    return choice


def engine_options(settings: Settings, choice: Choice) -> dict[str, str | int | float | bool]:
    """The settings that may change results, for the manifest: nothing of where a server is, or of its key."""
    render = settings.render
    return {
        "engine": choice.spec.name,
        "languages": settings.ocr.languages,
        "dpi": render.dpi,
        "max_pixels": render.max_pixels,
    }


def engines_by_device(settings: Settings, spec: EngineSpec) -> dict[str, EngineSpec]:
    """One for each of `ocr.devices`, where the engine knows of devices."""
    if spec.name != ON_DEVICES:
        return {"cpu": spec}
    return {device: replace(spec, options={**spec.options, "device": device}) for device in settings.ocr.devices}


def build_recogniser(settings: Settings, choice: Choice, clock: Clock, log: FilteringBoundLogger) -> Recogniser:
    ocr = settings.ocr
    limits = EngineLimits(
        batch_pages=ocr.pages_per_call,
        page_seconds=ocr.page_seconds,
        call_seconds=ocr.call_seconds,
        load_seconds=ocr.load_seconds,
        recycle_pages=ocr.recycle_pages,
        recycle_bytes=ocr.recycle_bytes,
        restart_seconds=ocr.restart_seconds,
        restart_max_seconds=ocr.restart_max_seconds,
    )
    return Recogniser(engines_by_device(settings, choice.spec), limits, clock, log)
