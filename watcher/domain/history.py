"""What became of each attempt on a document version, as its claim log tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from watcher.domain.claim import Entry, Fault, Outcome, Phase, Purpose
from watcher.domain.errors import ErrorCode
from watcher.domain.manifest import AttemptEnd, PastAttempt

_LOST = Fault(
    code=ErrorCode.WORKER_LOST.value,
    message="The replica fell silent and never told how the attempt ended: it was killed, crashed, or was cut off from the store.",
    transient=True,
)
_ENDS = {Outcome.DONE: AttemptEnd.DONE, Outcome.FAILED: AttemptEnd.FAILED, Outcome.GONE: AttemptEnd.GONE}


def history(entries: Sequence[Entry]) -> list[PastAttempt]:
    """`entries` of one log in their order. Attempts that were not charged, for a fault that is not the document's, are left out."""
    return [attempt for one, following in zip_longest(entries, entries[1:]) for attempt in _ended(one, following)]


def _ended(one: Entry, following: Entry | None) -> Iterator[PastAttempt]:
    if one.phase is not Phase.HELD or one.purpose is not Purpose.READ:
        return
    if following is None or following.took_over or (following.phase is Phase.HELD and following.error is None):
        yield _past(one, AttemptEnd.LOST, _LOST)
    elif following.phase is Phase.CLOSED:
        yield _past(one, _ENDS[following.outcome or Outcome.GONE], following.error)
    elif following.phase is Phase.HELD:
        yield _past(one, AttemptEnd.FAILED, following.error)
    elif following.attempts == one.attempts:
        given_back = following.handovers > one.handovers
        yield _past(one, AttemptEnd.GIVEN_BACK if given_back else AttemptEnd.FAILED, None if given_back else following.error)


def _past(entry: Entry, ended: AttemptEnd, fault: Fault | None) -> PastAttempt:
    told = fault.model_dump(include={"code", "message", "page", "transient"}) if fault else {}
    return PastAttempt(attempt=entry.attempts, generation=entry.generation, replica=entry.owner, began_at=entry.at, ended=ended, **told)
