"""`watcher doctor`: looks at all that documents need to be read, and says what to do."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from watcher import __version__
from watcher.cli.doctor_table import print_report
from watcher.cli.missing import half_configured
from watcher.doctor.checkup import Surroundings, checks, checks_without_settings
from watcher.doctor.examination import Check, Result, examine
from watcher.doctor.policy import PLACEHOLDER, bucket_policy
from watcher.doctor.scratch import ScratchStore
from watcher.doctor.wording import with_variables
from watcher.domain import exits
from watcher.domain.doctor import CheckReport, DoctorReport, Verdict, worst
from watcher.domain.terminal import escaped_json
from watcher.opening import layout_of, new_nonce, open_store, utc_now
from watcher.redaction import redactor
from watcher.settings import Settings, SettingsError, ignored_variables, load_settings
from watcher.workers.secrecy import forget_secrets

SHORT = {"attempts": 2, "read_seconds": 20.0, "settle_seconds": 0.0}
"""The store is asked less patiently than by the daemon: a person waits."""
CLEARING_SECONDS = 30.0
LONG_SECONDS = 300.0
"""A check that may take so long is announced where no progress can be shown."""


def print_policy(settings: Settings, principal: str) -> int:
    """The policy alone, as JSON. Raises `SettingsError` where no bucket is named."""
    if not settings.s3.bucket:
        raise SettingsError(["CLOUDRU_S3_BUCKET is not set: a policy is for a bucket, and a folder has none"])
    if not principal:
        sys.stderr.write(f"watcher: put the owner of the access key in place of {PLACEHOLDER}, or name it by --principal\n")
    sys.stdout.write(_json(bucket_policy(settings.s3.bucket, layout_of(settings), principal or PLACEHOLDER)) + "\n")
    return exits.OK


def doctor(config: Path | None, environ: Mapping[str, str], *, as_json: bool, trial: bool, principal: str) -> int:
    """Makes all checks and prints what they found. Returns the exit code; ends the process itself where a check still hangs, or it is interrupted."""
    try:
        settings = load_settings(config, environ)
    except SettingsError as error:
        visit = _Visit(Console(stderr=True), lambda: (), ())
        results = visit.make(checks_without_settings(error))
        _print(_report(results, (), None), as_json)
        return exits.ERROR
    given = dict(environ)
    forget_secrets()  # before the engine's child is started, which would be given them
    scratch: list[ScratchStore] = []

    @lru_cache(maxsize=1)
    def opened() -> ScratchStore:
        scratch.append(ScratchStore(open_store(_hasty(settings))))
        return scratch[0]

    around = Surroundings(opened, given, time.monotonic, utc_now, new_nonce)
    made = checks(settings, around, half_configured(settings), ignored_variables(given), trial=trial)
    visit = _Visit(Console(stderr=True), lambda: scratch[0].clear(CLEARING_SECONDS) if scratch else (), settings.secrets)
    results = visit.make(made)
    policy = bucket_policy(settings.s3.bucket, layout_of(settings), principal or PLACEHOLDER) if settings.s3.configured else None
    report = _report(results, visit.left_behind, policy)
    _print(report, as_json)
    code = exits.ERROR if report.verdict is Verdict.FAILED else exits.OK
    if any(result.unfinished for result in results):
        _end_at_once(code)
    return code


@dataclass
class _Visit:
    """Makes the checks, tells on `console` how far they are, and calls `clear` whatever happens."""

    console: Console
    clear: Callable[[], tuple[str, ...]]
    secrets: Sequence[str]
    left_behind: tuple[str, ...] = ()
    _hide: Callable[[dict[str, Any]], dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._hide = redactor(self.secrets)

    def make(self, made: Sequence[Check]) -> list[Result]:
        try:
            with _interruptible(), _progress(self.console) as progress:
                task = progress.add_task("", total=None)

                def begun(check: Check) -> None:
                    progress.reset(task, description=f"{check.title}{_patience(check)}")
                    if not self.console.is_terminal and check.seconds > LONG_SECONDS:
                        self.console.print(f"{check.title}{_patience(check)} ...", highlight=False, markup=False)

                return [self._safe(result) for result in examine(made, begun, time.monotonic)]
        except _Interrupted as interrupted:
            self.console.print("watcher: interrupted; removing what was put for a moment", highlight=False, soft_wrap=True)
            self.console.print(_told_of_leftovers(self.clear()), highlight=False, markup=False, soft_wrap=True)
            _end_at_once(128 + interrupted.number)
        finally:
            self.left_behind = self.clear()

    def _safe(self, result: Result) -> Result:
        """Without secrets, which no text should hold anyway, and with the variables of all settings that are named."""
        finding = result.finding
        told = self._hide({"seen": finding.seen, "advice": with_variables(finding.advice)})
        return replace(result, finding=replace(finding, **told))


class _Interrupted(BaseException):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def _interruptible() -> Iterator[None]:
    """Signals that ask for an end get one in good order; a second one of the kind ends the process at once."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise _Interrupted(number)

    heeded = [number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _patience(check: Check) -> str:
    return f" (up to {check.seconds / 60:.0f} minutes)" if check.seconds > LONG_SECONDS else ""


def _told_of_leftovers(left: Sequence[str]) -> str:
    return f"watcher: could not be removed, remove it by hand: {', '.join(left)}" if left else "watcher: nothing was left behind"


def _end_at_once(code: int) -> NoReturn:
    """A thread that still waits for what does not answer must not hold the process."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _hasty(settings: Settings) -> Settings:
    storage = settings.storage
    hasty = {name: min(value, getattr(storage, name)) for name, value in SHORT.items()}
    return settings.model_copy(update={"storage": storage.model_copy(update=hasty)})


def _report(results: Sequence[Result], left_behind: Sequence[str], policy: dict[str, Any] | None) -> DoctorReport:
    rows = [
        CheckReport(
            name=result.check.name,
            title=result.check.title,
            verdict=result.finding.verdict,
            seen=result.finding.seen,
            advice=result.finding.advice,
            seconds=round(result.seconds, 3),
        )
        for result in results
    ]
    return DoctorReport(
        watcher=__version__,
        at=utc_now(),
        verdict=worst(row.verdict for row in rows),
        checks=rows,
        left_behind=list(left_behind),
        bucket_policy=policy,
    )


def _print(report: DoctorReport, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(escaped_json(report.model_dump_json(indent=1)) + "\n")
    else:
        print_report(report, Console(), _json(report.bucket_policy) if report.bucket_policy else "")


def _json(policy: dict[str, Any]) -> str:
    return json.dumps(policy, indent=2, ensure_ascii=False)
