"""The model servers of `ocr.server`: whether each answers, and serves the model."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from collections.abc import Callable
from datetime import datetime
from importlib.util import find_spec
from urllib.parse import urlsplit

from watcher.doctor.wording import failed, ok, skipped, together, warning
from watcher.domain.doctor import Finding, Verdict
from watcher.engines.model_servers.options import ServerOptions


def model_servers(options: ServerOptions | None, command: str, utc_now: Callable[[], datetime]) -> Finding:
    """`options`: None where no model server is used; `command`: the program that the daemon starts as the first of them, or empty."""
    if options is None:
        return ok("No model server is set (ocr.backend), and none is needed.")
    if command and (fault := _command_fault(command)):
        return fault
    if find_spec("httpx") is None:
        return failed("The package that asks model servers is not installed.", "Run: pip install 'paddleocr-watcher[paddle]'.")
    found = together([_asked(url, options, utc_now, command if number == 0 else "") for number, url in enumerate(options.urls)])
    some = len(options.urls) > 1 and " answers and serves " in found.seen
    return warning(f"{found.seen} The others do its work.", found.advice) if found.verdict is Verdict.FAILED and some else found


def _command_fault(command: str) -> Finding | None:
    try:
        arguments = shlex.split(command)
    except ValueError:
        arguments = []
    if arguments and shutil.which(arguments[0]):
        return None
    return failed(
        "The program of ocr.server.command is not found, or may not be run.",
        "Install it, give its whole path in ocr.server.command, or name a server that runs elsewhere in ocr.server.url.",
    )


def _asked(url: str, options: ServerOptions, utc_now: Callable[[], datetime], command: str) -> Finding:
    from watcher.engines.model_servers.chat import Fault  # here: httpx is installed where model servers are used
    from watcher.engines.model_servers.http import ADVICE, ModelHttp, ServerFaultError

    address = urlsplit(url).netloc.rpartition("@")[2]

    async def ask() -> str:
        http = ModelHttp(url, options, utc_now)
        try:
            return await http.models(options.model)
        finally:
            await http.close()

    try:
        model = asyncio.run(ask())
    except ServerFaultError as error:
        if command and error.fault is Fault.UNREACHABLE:
            return skipped(
                f"Skipped: the daemon starts the model server itself (ocr.server.command), and none runs at {address} now.",
                "If the daemon runs, look into its log for model_server_failed. If not, run this again while it does.",
            )
        return failed(f"The model server at {address} {error}.", f"Do this: {ADVICE[error.fault]}.")
    return ok(f"The model server at {address} answers and serves {model}.")
