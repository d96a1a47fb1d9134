"""The claim log's entries, and what may follow on each: pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from pydantic import AwareDatetime, Field

from watcher.domain.manifest import Source
from watcher.domain.page import Value
from watcher.domain.retry import RetryPolicy

MOST_PAGES = 1 << 31
"""Beyond any document. Whoever may write to the bucket must not have us reckon with numbers that no float can hold."""


class Phase(str, Enum):
    HELD = "held"
    WAITING = "waiting"
    CLOSED = "closed"


class Purpose(str, Enum):
    READ = "read"
    QUARANTINE = "quarantine"


class Outcome(str, Enum):
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"  # the source left the inbox before it was read


class Fault(Value):
    """Why the last attempt did not succeed: a code, the sentence for people, and the page where it happened."""

    code: str
    message: str
    message_ru: str = ""
    transient: bool
    page: int | None = None


class Entry(Value):
    """One entry of a claim log: created once, never rewritten."""

    phase: Phase
    nonce: str = Field(description="new for every entry: tells ours from another's")
    owner: str = Field(description="name of the replica")
    source: Source
    at: AwareDatetime = Field(description="the owner's wall clock, for people")
    attempts: int = Field(ge=0, description="attempts begun, this one included")
    generation: int = Field(default=1, ge=1, description="which reading of the document: a person may ask for another one")
    purpose: Purpose = Purpose.READ
    lease_seconds: float = Field(description="the owner's lease: nobody takes over sooner")
    took_over: bool = Field(default=False, description="of held: the holder before it fell silent")
    pages_done: int = Field(default=0, ge=0, le=MOST_PAGES, description="pages of this generation that were known to be read by then")
    handovers: int = Field(default=0, description="times that it was given back without a page gained")
    postponed: int = Field(default=0, description="times in a row that it waited for something that is not its fault")
    delay_seconds: float = Field(default=0.0, description="of waiting: how long")
    not_before: AwareDatetime | None = Field(default=None, description="of waiting: the end of it by the owner's wall clock")
    reason: str = Field(default="", description="of waiting: the word for why, an error code where the document is to blame")
    outcome: Outcome | None = None
    error: Fault | None = Field(default=None, description="the last fault, carried on by the entries that follow")


class Beat(Value):
    """`<n>.beat`: rewritten by the owner of entry n alone. `sequence` makes each one differ."""

    nonce: str
    sequence: int
    at: AwareDatetime
    pages_done: int = Field(default=0, ge=0, le=MOST_PAGES)
    pages_total: int = Field(default=0, ge=0, le=MOST_PAGES)


_CAUTION = {Phase.CLOSED: 0, Phase.WAITING: 1, Phase.HELD: 2}


def standing(entries: Iterable[Entry]) -> Entry:
    """The entry that counts where bids of crashed bidders stand beside the one that won, or alone: the most cautious of them.

    One that may be held is waited out, one that condemns the document is heeded, and neither an attempt nor a person's wish to have it read
    anew is forgotten. Raises `ValueError` for none.
    """
    found = tuple(entries)
    counts = max(found, key=lambda entry: (_CAUTION[entry.phase], entry.purpose is Purpose.QUARANTINE, entry.attempts, entry.nonce))
    return counts.model_copy(update={"generation": max(entry.generation for entry in found)})


@dataclass(frozen=True)
class Skip:
    """Leave the document alone for now. `settled`: nothing is left to do while the same version stands there; `gone`: it does not stand there.

    `contended`: another was there first though the document looked untouched.
    """

    reason: str
    settled: bool = False
    gone: bool = False
    contended: bool = False


@dataclass(frozen=True)
class Take:
    """Append the next entry with these values."""

    attempts: int
    purpose: Purpose
    generation: int = 1
    took_over: bool = False
    pages_done: int = 0
    handovers: int = 0
    postponed: int = 0
    error: Fault | None = None


def decide(
    last: Entry, unchanged_seconds: float, now: datetime, lease_seconds: float, policy: RetryPolicy, keeps_source: bool
) -> Skip | Take:
    """What a replica that found `last` at the end of a log may do, given that the source is present (or the log is to be closed).

    `unchanged_seconds`: for how long, on our own monotonic clock and between an answer and a later request, neither the entry nor its beat
    has changed. `keeps_source`: the source stays in the inbox when it is done, so that its presence means nothing.
    """
    if last.phase is Phase.CLOSED:
        if last.outcome is Outcome.DONE and keeps_source:
            return Skip("done", settled=True)
        return Take(attempts=1, purpose=Purpose.READ, generation=last.generation, pages_done=last.pages_done)
    if last.phase is Phase.WAITING:
        due = last.not_before is None or now >= last.not_before or unchanged_seconds >= last.delay_seconds
        return _next_attempt(last, policy) if due else Skip("waiting")
    if unchanged_seconds < max(lease_seconds, last.lease_seconds):
        return Skip("held")
    return _next_attempt(last, policy)


def spared(take: Take, last: Entry, beat: Beat | None) -> Take:
    """A takeover is free of charge where the silent holder had read pages that nobody had read before: it fell to something else than poison.

    Bounded by the pages of the document, since only more of them than ever before count.
    """
    if beat is None or beat.nonce != last.nonce or beat.pages_done <= last.pages_done:
        return take
    gained = replace(take, pages_done=beat.pages_done)
    return gained if last.purpose is Purpose.QUARANTINE else replace(gained, attempts=last.attempts, purpose=Purpose.READ)


def _next_attempt(last: Entry, policy: RetryPolicy) -> Take:
    spent = last.purpose is Purpose.QUARANTINE or policy.spent(last.attempts)
    return Take(
        attempts=last.attempts if spent else last.attempts + 1,
        purpose=Purpose.QUARANTINE if spent else Purpose.READ,
        generation=last.generation,
        took_over=last.phase is Phase.HELD,
        pages_done=last.pages_done,
        handovers=last.handovers,
        postponed=last.postponed,
        error=last.error,
    )
