"""All histories of a few bidders, request by request: the real `append` of each, stopped before every request and answered in every order.

An append does nothing but requests, so what it does next follows from the answers it has had: it is run anew with them each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from enum import Enum

from watcher.domain.claim import Entry, Phase
from watcher.domain.manifest import Source
from watcher.lease.appending import Append, Appender
from watcher.lease.names import EntryName, last_entries
from watcher.storage.memory import Conditions, MemoryStore
from watcher.storage.port import ObjectInfo, OutcomeUnknownError, StoreError, UnavailableError

S = "claims/a.pdf/0123456789ab/"
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
SOURCE = Source(key="incoming/a.pdf", etag="e", size=1, dropped_at=NOW)

Names = frozenset[str]
"""The objects of the log, without its prefix."""


@dataclass(frozen=True)
class Bid:
    """One call of `append`; `known` as there."""

    number: int
    nonce: str
    known: frozenset[EntryName] | None = frozenset()

    @property
    def name(self) -> EntryName:
        return EntryName(self.number, self.nonce)


@dataclass(frozen=True)
class Request:
    verb: str
    name: str = ""


class Answer(Enum):
    DONE = "done"
    UNANSWERED = "unanswered"


class End(Enum):
    WON = "won"
    LOST = "lost"
    FAILED = "failed"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Bidder:
    bid: Bid
    answers: tuple[Names | Answer, ...] = ()
    crashed: bool = False


@dataclass(frozen=True)
class State:
    """`late` are requests that got no answer and may be applied at any time from now on, or never."""

    names: Names
    bidders: tuple[Bidder, ...]
    late: frozenset[Request] = frozenset()
    faults: int = 0


class _NotAnsweredYet(BaseException):
    def __init__(self, request: Request) -> None:
        self.request = request


@dataclass
class _Scripted:
    """A store that gives the answers of the script, and stops at the first request beyond it."""

    answers: Iterator[Names | Answer]

    def list(self, prefix: str) -> list[ObjectInfo]:
        names = self._answer(Request("list"), UnavailableError("no answer"))
        return [ObjectInfo(prefix + name, 1, "e", NOW) for name in sorted(names)]

    def put(self, key: str, body: bytes, content_type: str) -> str:
        self._answer(Request("put", key.removeprefix(S)), UnavailableError("no answer"))
        return "e"

    def delete(self, key: str) -> None:
        self._answer(Request("delete", key.removeprefix(S)), OutcomeUnknownError("no answer"))

    def _answer(self, request: Request, failure: StoreError) -> Names | Answer:
        answer = next(self.answers, None)
        if answer is None:
            raise _NotAnsweredYet(request)
        if answer is Answer.UNANSWERED:
            raise failure
        return answer


@dataclass
class Search:
    """Visits every state that can be reached with at most `faults` faults; `check` is called with each one."""

    appender: Appender
    conditions: Conditions
    faults: int
    states: int = 0
    ends: dict[tuple[End, ...], int] = field(default_factory=dict)
    _next: dict[tuple[Bid, tuple], Request | End] = field(default_factory=dict)
    _applied: dict[tuple[Names, Request], tuple[Names, Names | Answer]] = field(default_factory=dict)

    def run(self, names: Names, *bidders: Bidder) -> None:
        start = State(names, bidders, faults=self.faults)
        seen, stack = {start}, [start]
        while stack:
            state = stack.pop()
            self._check(state)
            for following in self._followers(state):
                if following not in seen:
                    seen.add(following)
                    stack.append(following)
        self.states = len(seen)

    def _check(self, state: State) -> None:
        steps = [self._step(bidder) for bidder in state.bidders]
        winners = [bidder.bid for bidder, step in zip(state.bidders, steps, strict=True) if step is End.WON]
        for number in {bid.number for bid in winners}:
            assert sum(bid.number == number for bid in winners) == 1, f"two winners of {number}: {state}"
        for bid in winners:
            assert str(bid.name) in state.names, f"the winner's bid is gone: {state}"
            before = {winner.name for winner in winners if winner.number == bid.number - 1}
            assert bid.known is None or before <= bid.known, f"{bid} won without knowing the winner before it: {state}"
        if all(isinstance(step, End) for step in steps):
            ends = tuple(step for step in steps if isinstance(step, End))
            self.ends[ends] = self.ends.get(ends, 0) + 1
            self._check_not_blocked(state)

    def _check_not_blocked(self, state: State) -> None:
        """Whoever observed the log's end for long enough may go on, whatever crashed bidders left there."""
        last = last_entries(state.names)
        bid = Bid(last[0].number + 1 if last else 1, "observer", frozenset(last))
        bidder, names = Bidder(bid), state.names
        while isinstance(step := self._step(bidder), Request):
            names, answer = self._apply(names, step)
            bidder = replace(bidder, answers=(*bidder.answers, answer))
        assert step is End.WON, f"the log is blocked: {state}"

    def _followers(self, state: State) -> Iterator[State]:
        for request in state.late:
            names, _ = self._apply(state.names, request)
            yield replace(state, names=names, late=state.late - {request})
        for index, bidder in enumerate(state.bidders):
            request = self._step(bidder)
            if isinstance(request, End):
                continue

            def after(changed: Bidder, at: int = index, **changes: object) -> State:
                bidders = (*state.bidders[:at], changed, *state.bidders[at + 1 :])
                return replace(state, bidders=bidders, **changes)

            names, answer = self._apply(state.names, request)
            answered = replace(bidder, answers=(*bidder.answers, answer))
            yield after(answered, names=names)
            if not state.faults:
                continue
            faults, late = state.faults - 1, state.late | {request}
            unanswered = replace(bidder, answers=(*bidder.answers, Answer.UNANSWERED))
            crashed = replace(bidder, crashed=True)
            yield after(crashed, faults=faults)
            yield after(unanswered, faults=faults, names=names)
            if request.verb != "list":
                yield after(crashed, faults=faults, late=late)
                yield after(unanswered, faults=faults, late=late)
            if request.verb == "put":  # the client sent it twice, and the first one is still under way
                yield after(answered, faults=faults, names=names, late=late)

    def _step(self, bidder: Bidder) -> Request | End:
        """What the bidder asks next, or how it ended."""
        if bidder.crashed:
            return End.CRASHED
        asked = bidder.bid, bidder.answers
        if asked not in self._next:
            self._next[asked] = self._replay(*asked)
        return self._next[asked]

    def _replay(self, bid: Bid, answers: tuple[Names | Answer, ...]) -> Request | End:
        entry = Entry(phase=Phase.HELD, nonce=bid.nonce, owner=bid.nonce, source=SOURCE, at=NOW, attempts=1, lease_seconds=60)
        try:
            result = self.appender.append(_Scripted(iter(answers)), S, bid.number, entry, bid.known)
        except _NotAnsweredYet as stopped:
            return stopped.request
        except StoreError:
            return End.FAILED
        return End.WON if result is Append.WON else End.LOST

    def _apply(self, names: Names, request: Request) -> tuple[Names, Names | Answer]:
        asked = names, request
        if asked not in self._applied:
            store = MemoryStore(conditions=self.conditions)
            for name in names:
                store.put(S + name, b"{}", "")
            if request.verb != "list":
                getattr(store, request.verb)(S + request.name, *((b"{}", "") if request.verb == "put" else ()))
            standing = frozenset(info.key.removeprefix(S) for info in store.list(S))
            self._applied[asked] = standing, standing if request.verb == "list" else Answer.DONE
        return self._applied[asked]
