"""`watcher run`: the daemon."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from watcher.app import new_log
from watcher.cli.folders import check_folders
from watcher.cli.missing import half_configured
from watcher.daemon import Daemon
from watcher.engines.choose import EngineNotFoundError
from watcher.logs import configure_logs
from watcher.settings import Settings, SettingsError, ignored_variables
from watcher.web import HttpServerError
from watcher.workers.cores import stay_on_one
from watcher.workers.secrecy import close_memory, forget_secrets


def run(settings: Settings, *, drain: bool) -> NoReturn:
    """Runs until SIGTERM or SIGINT, or with `drain` until the inbox is empty; a second signal ends at once. Ends the process.

    Raises `SettingsError`, also where no engine can read here, or the HTTP server cannot listen where it is told to.
    """
    configure_logs(settings.log.level, settings.log.format, sys.stderr, settings.secrets)
    log = new_log()
    check_folders(settings)
    if settings.s3.missing:
        tell = log.warning if half_configured(settings) else log.info
        tell("folder_mode", folder=settings.storage.folder, missing=list(settings.s3.missing))
    if ignored := ignored_variables(os.environ):
        log.info("variables_ignored", names=list(ignored))
    forget_secrets()  # before the first child is started, which would be given them; the settings hold what is needed
    close_memory()
    if settings.watch.cores == "one":
        stay_on_one()
    try:
        code = _watch(Daemon(settings, log), drain=drain)
    except (EngineNotFoundError, HttpServerError) as error:
        raise SettingsError(str(error).splitlines()) from None
    sys.stderr.flush()
    # Nothing is left to do; a thread that still waits for a store that does not answer must not hold the process.
    os._exit(code)


def _watch(daemon: Daemon, *, drain: bool) -> int:
    def end(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, _end_at_once)
        signal.signal(signal.SIGINT, _end_at_once)
        daemon.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return daemon.run(drain=drain)


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    # Safe: nothing that stands is half-written, and the claims run out. The children end with this process.
    os._exit(128 + number)
