"""Runs the checks one after the other: each within its time, each whatever became of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from watcher.doctor.wording import failed, of_store_error, skipped
from watcher.domain.doctor import Finding, Verdict
from watcher.storage.port import StoreError


@dataclass(frozen=True)
class Check:
    """`seconds` it may take. It is made only where none of `needs`, names of earlier checks, failed or was skipped."""

    name: str
    title: str
    seconds: float
    find: Callable[[], Finding]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """`cause`: of one that was skipped, the check that kept it from being made. `unfinished`: a thread of the check still runs."""

    check: Check
    finding: Finding
    seconds: float
    unfinished: bool = False
    cause: Result | None = None


def examine(checks: Sequence[Check], begun: Callable[[Check], None], monotonic: Callable[[], float]) -> Iterator[Result]:
    """One result for each check, in order. `begun` is told of each that is really made."""
    done: dict[str, Result] = {}
    for check in checks:
        done[check.name] = _result(check, done, begun, monotonic)
        yield done[check.name]


def _result(check: Check, done: dict[str, Result], begun: Callable[[Check], None], monotonic: Callable[[], float]) -> Result:
    lacking = [done[name] for name in check.needs if done[name].finding.verdict in (Verdict.FAILED, Verdict.SKIPPED)]
    if lacking:
        cause = lacking[0].cause or lacking[0]
        return Result(check, _because_of(cause), 0.0, cause=cause)
    begun(check)
    started = monotonic()
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.append(_found(check)), name=f"check-{check.name}", daemon=True)
    thread.start()
    thread.join(check.seconds)
    unfinished = not found
    return Result(check, found[0] if found else _too_slow(check), monotonic() - started, unfinished)


def _found(check: Check) -> Finding:
    try:
        return check.find()
    except StoreError as error:
        return of_store_error(error)
    except Exception as error:  # its text may hold anything, a secret too
        return failed(
            f"This check itself broke off ({type(error).__name__}), so nothing is known.", "Please report it to the makers of this program."
        )


def _because_of(cause: Result) -> Finding:
    verb = "failed" if cause.finding.verdict is Verdict.FAILED else "was skipped"
    return skipped(f"Skipped: because '{cause.check.title}' {verb}.", f"See '{cause.check.title}' first.")


def _too_slow(check: Check) -> Finding:
    return failed(
        f"There was no answer within {check.seconds:.0f} s.",
        "Look whether the network, the disk or the program that this row is about hangs, then run this again.",
    )
