"""All checks, in the order in which they are made: what stands further down needs what stands above."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
import structlog

from watcher.doctor import (
    clock,
    conditions,
    engine,
    folders,
    gpu,
    large,
    memory,
    model_server,
    names,
    port,
    reach,
    rights,
    settings,
    versioning,
)
from watcher.doctor.examination import Check
from watcher.doctor.wording import ok
from watcher.domain.clock import Clock
from watcher.domain.doctor import Finding
from watcher.engines.choose import PADDLE, Choice, EngineNotFoundError
from watcher.engines.paddle.build import paddle_build, paddle_folder
from watcher.engines.port import EngineSpec
from watcher.engines.supervisor import Supervisor
from watcher.opening import layout_of
from watcher.recognition import chosen_engine, engine_limits, engines_by_device, server_options
from watcher.settings import MODEL_SERVERS, Settings, SettingsError
from watcher.storage.port import Store

TITLES = {
    "settings": "Settings",
    "store": "Store",
    "rights.incoming": "Rights: incoming",
    "rights.claims": "Rights: claims",
    "rights.processed": "Rights: processed",
    "rights.failed": "Rights: failed",
    "conditions": "Shared use",
    "clock": "Clock",
    "names": "Names",
    "versioning": "Versions",
    "large": "Large objects",
    "scratch": "Scratch disk",
    "results": "Results on disk",
    "memory": "Memory",
    "port": "Port",
    "engine": "Engine",
    "models": "Models",
    "gpu": "GPU",
    "model_server": "Model server",
    "trial": "Trial page",
}
"""By the names that never change, which `--json` tells."""

LOCAL_SECONDS = 30.0
ASKING_SECONDS = 10.0
"""How long one answer of a port or of the store's clock is waited for; a driver may have to wake its GPU first."""
STORE_SECONDS = 90.0
RACING_SECONDS = 180.0
"""More than two tries of the slowest request that these checks send may take; see `watcher.cli.doctor.SHORT`."""


@dataclass(frozen=True)
class Surroundings:
    """What the checks take from outside. `open_store` may be called by any of them, and returns the same store each time."""

    open_store: Callable[[], Store]
    environ: Mapping[str, str]
    monotonic: Callable[[], float]
    utc_now: Callable[[], datetime]
    nonce: Callable[[], str]


def checks(given: Settings, around: Surroundings, half_configured: str, unread: tuple[str, ...], *, trial: bool) -> tuple[Check, ...]:
    """`trial`: whether the engine is to be loaded, which may take minutes."""
    return (
        _check("settings", LOCAL_SECONDS, lambda: settings.settings_finding(given, half_configured, unread)),
        *_of_store(given, around),
        *_of_machine(given),
        *_of_engine(given, around, trial),
    )


def checks_without_settings(error: SettingsError) -> tuple[Check, ...]:
    """One that fails, and all others, which cannot be made."""
    first, *others = TITLES
    return (
        _check(first, LOCAL_SECONDS, lambda: settings.unusable_settings(error)),
        *(_check(name, LOCAL_SECONDS, _never, "settings") for name in others),
    )


def _never() -> Finding:
    raise AssertionError("needs settings")


def _check(name: str, seconds: float, find: Callable[[], Finding], *needs: str) -> Check:
    return Check(name, TITLES[name], seconds, find, needs)


def _of_store(given: Settings, around: Surroundings) -> tuple[Check, ...]:
    layout, store, nonce = layout_of(given), around.open_store, around.nonce
    prefixes = {"incoming": layout.incoming, "claims": layout.claims, "processed": layout.processed, "failed": layout.failed}
    folder = not given.s3.configured

    def rights_under(prefix: str) -> Callable[[], Finding]:
        return lambda: rights.rights(store(), prefix, nonce)

    def time_told() -> Finding:
        if folder:
            return ok("The documents are in a folder: this machine's clock is the only one.")
        patience = min(ASKING_SECONDS, given.storage.connect_seconds + given.storage.read_seconds)
        return clock.clock(given.s3.endpoint, around.utc_now, patience)

    def replaced() -> Finding:
        keeps = given.retention.source == "keep"
        return versioning.versioning(store(), layout.incoming, layout.claims, nonce, keeps_source=keeps, in_folder=folder)

    return (
        _check("store", STORE_SECONDS, lambda: reach.reach(store, layout.incoming, around.monotonic, in_folder=folder)),
        *(_check(f"rights.{name}", STORE_SECONDS, rights_under(prefix), "store") for name, prefix in prefixes.items()),
        _check("conditions", RACING_SECONDS, lambda: conditions.conditions(store(), layout, nonce), "rights.claims"),
        _check("clock", 3 * ASKING_SECONDS, time_told),
        _check("names", STORE_SECONDS, lambda: names.names(store(), layout.incoming, nonce), "rights.incoming"),
        _check("versioning", STORE_SECONDS, replaced, "rights.incoming", "rights.claims"),
        _check("large", STORE_SECONDS, lambda: large.large(store(), layout.processed, nonce, around.monotonic), "rights.processed"),
    )


def _of_machine(given: Settings) -> tuple[Check, ...]:
    limits, documents = given.limits, None if given.s3.configured else given.storage.folder

    def remembered() -> Finding:
        grown = int(given.ocr.recycle_bytes) * len(given.ocr.devices) if _paddle(given) else 0
        return memory.memory(
            psutil.virtual_memory().total,
            memory.cgroup_limit(Path("/proc/self/cgroup").read_text(encoding="utf-8")) if Path("/proc/self/cgroup").exists() else None,
            limits.parse_memory_bytes,
            given.render.processes,
            grown,
        )

    return (
        _check(
            "scratch",
            LOCAL_SECONDS,
            lambda: folders.scratch_folder(given.watch.scratch, given.documents_at_once + given.finishing_at_once, limits.file_bytes),
        ),
        _check(
            "results",
            LOCAL_SECONDS,
            lambda: folders.results_on_disk(given.output.folder, given.output.max_bytes, documents, limits.file_bytes),
        ),
        _check("memory", LOCAL_SECONDS, remembered),
        _check("port", 3 * ASKING_SECONDS, lambda: port.port(given.http.host, given.http.port, ASKING_SECONDS)),
    )


def _of_engine(given: Settings, around: Surroundings, trial: bool) -> tuple[Check, ...]:
    ocr, limits = given.ocr, engine_limits(given)
    options = server_options(ocr)
    clock = Clock(around.monotonic, around.utc_now)
    silent = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

    def supervise(spec: EngineSpec) -> Supervisor:
        return Supervisor(spec, limits, clock, silent)

    def tried() -> Finding:
        return engine.canary(supervise, engines_by_device(given, chosen_engine(given).spec), around.monotonic)

    def driven() -> Finding:
        try:
            found: tuple[gpu.Gpu, ...] | OSError = gpu.ask_driver(ASKING_SECONDS)
        except OSError as error:
            found = error
        folder = paddle_folder()
        return gpu.gpu(found, paddle_build(folder) if folder else None, _wanted_gpu(given))

    asked = len(options.urls) * options.models_seconds if options else 0.0
    loaded = len(ocr.devices) * (3 * limits.load_seconds + limits.call_seconds)
    models_folder = Path(ocr.models) if ocr.models else None
    needed = ("engine", "model_server") if ocr.backend in MODEL_SERVERS else ("engine",)
    return (
        _check("engine", LOCAL_SECONDS, lambda: engine.chosen(lambda: chosen_engine(given), ocr.engine)),
        _check("models", LOCAL_SECONDS, lambda: engine.models(chosen_engine(given), models_folder, around.environ), "engine"),
        _check("gpu", LOCAL_SECONDS, driven),
        _check("model_server", LOCAL_SECONDS + asked, lambda: model_server.model_servers(options, ocr.server.command, around.utc_now)),
        _check("trial", LOCAL_SECONDS + loaded, tried, *needed) if trial else _check("trial", LOCAL_SECONDS, engine.not_tried),
    )


def _chosen(given: Settings) -> Choice | None:
    try:
        return chosen_engine(given)
    except EngineNotFoundError:
        return None


def _paddle(given: Settings) -> bool:
    choice = _chosen(given)
    return choice is not None and choice.spec.name == PADDLE


def _wanted_gpu(given: Settings) -> gpu.Wanted:
    """A model server has its own GPU; the layout model may use one here. Where no engine can be used, the one that would need a GPU is meant."""
    choice, wanted = _chosen(given), given.ocr.engine
    meant = choice.spec.name == PADDLE if choice else wanted == PADDLE or (wanted == "auto" and paddle_folder() is not None)
    may_use = meant and any(device != "cpu" for device in given.ocr.devices)
    return gpu.Wanted(may_use and given.ocr.backend not in MODEL_SERVERS, may_use, given.ocr.devices)
