"""The engine as the settings want it: which one, on which devices, within which limits, and what of it the manifest tells."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from watcher.domain.clock import Clock
from watcher.engines.choose import PADDLE, Choice, choose
from watcher.engines.model_servers.local import ModelServer, ServerLimits
from watcher.engines.model_servers.options import ServerOptions
from watcher.engines.paddle.choice import PaddleWanted
from watcher.engines.port import EngineSpec
from watcher.engines.recogniser import EngineLimits, Recogniser
from watcher.settings import MODEL_SERVERS, Ocr, Settings

LOOK_SECONDS = 5.0
"""Between two looks at the health of the server of `ocr.server.command`."""
LOCAL_SERVER = "http://127.0.0.1:8080/v1"
"""Where the server of `ocr.server.command` answers, if `ocr.server.url` does not say."""


def chosen_engine(settings: Settings) -> Choice:
    """Raises `EngineNotFoundError` where nothing here can read."""
    ocr = settings.ocr
    choice = choose(ocr.engine, ocr.languages, _folder(ocr.tessdata), paddle=_paddle_wanted(ocr))
    if choice.spec.name == "fake":
        return replace(choice, spec=EngineSpec("fake", {"page_seconds": ocr.fake_page_seconds}))
    if choice.spec.name == PADDLE:
        return replace(choice, spec=replace(choice.spec, options={**choice.spec.options, **_paddle_options(ocr)}))
    return choice


def engine_options(settings: Settings, choice: Choice) -> dict[str, str | int | float | bool]:
    """The settings that may change results, for the manifest: nothing of where a server is, or of its key."""
    ocr, render = settings.ocr, settings.render
    drawn: dict[str, str | int | float | bool] = {"engine": choice.spec.name, "dpi": render.dpi, "max_pixels": render.max_pixels}
    if choice.spec.name != PADDLE:
        return {**drawn, "languages": ocr.languages}
    read = {"backend": ocr.backend, "charts": ocr.charts, "seals": ocr.seals, "max_new_tokens": ocr.max_new_tokens}
    return {**drawn, **read, **({"model": ocr.server.model} if ocr.server.model else {})}


def engines_by_device(settings: Settings, spec: EngineSpec) -> dict[str, EngineSpec]:
    """One for each of `ocr.devices`, where the engine knows of devices."""
    if spec.name != PADDLE:
        return {"cpu": spec}
    return {device: replace(spec, options={**spec.options, "device": device}) for device in settings.ocr.devices}


def _paddle_wanted(ocr: Ocr) -> PaddleWanted:
    return PaddleWanted(ocr.backend, ocr.pipeline_version, _folder(ocr.models), ocr.devices, seals=ocr.seals == "read")


def _folder(setting: str) -> Path | None:
    return Path(setting) if setting else None


def _paddle_options(ocr: Ocr) -> dict[str, object]:
    """Besides the models and the device."""
    return {
        "backend": ocr.backend,
        "charts": ocr.charts == "read",
        "seals": ocr.seals == "read",
        "max_new_tokens": ocr.max_new_tokens,
        "page_seconds": ocr.page_seconds,
        "server": server_options(ocr),
    }


def server_options(ocr: Ocr) -> ServerOptions | None:
    """None where the backend asks no server."""
    if ocr.backend not in MODEL_SERVERS:
        return None
    server = ocr.server
    return ServerOptions(
        urls=server.url or (LOCAL_SERVER,),
        model=server.model,
        api_key=server.api_key.get_secret_value(),
        concurrency=server.concurrency,
        connect_seconds=server.connect_seconds,
        request_seconds=server.request_seconds,
        attempts=server.attempts,
    )


def engine_limits(settings: Settings) -> EngineLimits:
    ocr = settings.ocr
    return EngineLimits(
        batch_pages=ocr.pages_per_call,
        gather_seconds=ocr.pause_seconds,
        page_seconds=ocr.page_seconds,
        call_seconds=ocr.call_seconds,
        load_seconds=ocr.load_seconds,
        recycle_pages=ocr.recycle_pages,
        recycle_bytes=ocr.recycle_bytes,
        restart_seconds=ocr.restart_seconds,
        restart_max_seconds=ocr.restart_max_seconds,
    )


def build_recogniser(settings: Settings, choice: Choice, clock: Clock, log: FilteringBoundLogger) -> Recogniser:
    return Recogniser(engines_by_device(settings, choice.spec), engine_limits(settings), clock, log)


def build_model_server(settings: Settings, clock: Clock, log: FilteringBoundLogger) -> ModelServer | None:
    """None where `ocr.server.command` starts none. Of several addresses the first is taken for its own."""
    ocr, server = settings.ocr, settings.ocr.server
    if not server.command:
        return None
    limits = ServerLimits(
        start=server.start_seconds,
        hung=server.hung_seconds,
        stop=server.stop_seconds,
        look=LOOK_SECONDS,
        restart=ocr.restart_seconds,
        restart_max=ocr.restart_max_seconds,
    )
    return ModelServer(server.command, (server.url or (LOCAL_SERVER,))[0], limits, clock, random.random, log)
