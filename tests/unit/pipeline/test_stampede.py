"""Many replicas on one inbox, in virtual time: the real inbox and the real claims, with documents that take a while."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from itertools import count

from doubles.clocks import SetClock
from doubles.stores import HookedStore

from watcher.domain.claim import Outcome
from watcher.domain.document import Document, Layout
from watcher.domain.manifest import Source
from watcher.domain.retry import RetryPolicy
from watcher.lease.acquire import Acquirer
from watcher.lease.claim import Claim, Identity
from watcher.pipeline.inbox import Inbox
from watcher.storage.memory import MemoryStore

LAYOUT = Layout()
REQUEST_SECONDS = 0.02
POLL_SECONDS = 5.0


class Fleet:
    """`replicas` with four slots each; a document takes 1 to 9 s. `won` and `lost` count attempts to append an entry."""

    def __init__(self, replicas: int, documents: int, lease: float = 60) -> None:
        self.random = random.Random(7)
        self.time = SetClock()
        self.store = HookedStore(MemoryStore(self.time.clock.now))
        self.left = documents
        for number in range(documents):
            self.time.advance(0.01)
            self.store.inner.put(f"incoming/{number * 7919 % documents:05d}.pdf", str(number).encode(), "")
        self.won = self.lost = 0
        self._order = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        for name in range(replicas):
            replica = Replica(self, str(name), lease)
            for _ in range(4):
                self.after(self.random.random(), replica.step)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.time.seconds + seconds, next(self._order), action))

    def run(self, seconds: float = float("inf")) -> None:
        end = self.time.seconds + seconds
        while self.left and self._events[0][0] <= end:
            at, _, action = heapq.heappop(self._events)
            self.time.seconds = max(self.time.seconds, at)
            action()


class Replica:
    def __init__(self, fleet: Fleet, name: str, lease: float) -> None:
        numbers = count()
        clock = fleet.time.clock
        identity = Identity(name, lease, clock, lambda: f"{name}-{next(numbers)}")
        self.fleet = fleet
        self.acquirer = Acquirer(fleet.store, identity, RetryPolicy(3, 30, 3600), keeps_source=False)
        self.inbox = Inbox(fleet.store, LAYOUT, (), clock.monotonic, fleet.random.random, 30)
        self.round = self.inbox.deal()

    def step(self) -> None:
        """A free slot takes the next document; where the round is over, another begins at the next poll, or at once after a crowded one."""
        dealt = next(self.round, None)
        if dealt is not None:
            self.attempt(dealt.document)
            return
        self.round = self.inbox.deal()
        self.fleet.after(REQUEST_SECONDS if self.inbox.abandoned else POLL_SECONDS, self.step)

    def attempt(self, document: Document) -> None:
        source = Source(key=document.key, etag=document.etag, size=document.size, dropped_at=document.modified)
        self.fleet.store.requests.clear()
        acquired = self.acquirer.acquire(LAYOUT.claim_log(document), source)
        if isinstance(acquired, Claim):
            self.fleet.won += 1
            self.fleet.after(self.fleet.random.uniform(1, 9), lambda: self.finish(acquired, document))
            return
        self.fleet.lost += sum(verb == "create" for verb, _ in self.fleet.store.requests)
        if acquired.contended:
            self.inbox.contended()
        self.fleet.after(REQUEST_SECONDS, self.step)

    def finish(self, claim: Claim, document: Document) -> None:
        self.fleet.store.delete(document.key)
        assert claim.close(Outcome.DONE)
        self.fleet.left -= 1
        self.step()


def test_few_claims_are_lost_where_many_replicas_share_a_backlog() -> None:
    fleet = Fleet(replicas=8, documents=10_000)
    fleet.run()
    assert fleet.won == 10_000
    assert fleet.lost / (fleet.won + fleet.lost) < 0.05, fleet.lost


def test_one_document_is_not_hammered() -> None:
    fleet = Fleet(replicas=8, documents=1, lease=1000)
    requests: list[str] = []
    fleet.store.before.append(lambda verb, key: requests.append(verb))
    fleet.random.uniform = lambda low, high: 1000.0  # the document takes long
    fleet.run(seconds=100)
    assert fleet.won == 1
    # every replica lists the inbox for each of its slots' polls, looks once at each poll at the claim, and lost at most a few claims of its own
    polls = 8 * 4 * (100 / POLL_SECONDS + 1)
    assert requests.count("create") <= 8 * 4
    assert len(requests) <= 3 * polls
