"""How far the check of all finished results is. Replicas share it, so that one of them checks for all, and another goes on where that one fell silent."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from watcher.domain.page import Value
from watcher.domain.presence import Word

VERIFICATION = ".verified.json"
"""Below `claims/`."""


class Progress(Value):
    """`after`: the last folder that was looked at, empty before the first; the others count folders since the first."""

    after: str = Field(default="", max_length=2000)
    results: int = 0
    flawed: int = 0
    unfinished: int = 0


class Verification(Value):
    """`claims/.verified.json`: rewritten by the replica that is at it. Nothing but who checks, and when, is decided by it."""

    replica: Word
    began_at: AwareDatetime = Field(description="by the clock of whoever began it")
    at: AwareDatetime = Field(description="when it was last rewritten")
    progress: Progress = Progress()
    ended: bool = False


def next_turn(last: Verification | None, replica: str, now: datetime, every: timedelta, silent: timedelta) -> Verification | None:
    """The check that `replica` begins or goes on with; None while another is at it, or none is due.

    Clocks differ: a time that lies as far ahead as it might lie behind counts as well.
    """
    new = Verification(replica=replica, began_at=now, at=now)
    if last is None:
        return new
    if last.ended:
        return new if abs(now - last.began_at) >= every else None
    return last.model_copy(update={"replica": replica, "at": now}) if abs(now - last.at) >= silent else None
