"""Which of several servers is asked next, and which are left in peace for a while: decisions on passed-in times, no I/O.

Three things are told apart. A server that cannot be reached, or that fails several times in a row, rests, each time twice as long; after that
one request alone finds out whether it is back. A server that is overloaded is given half as many requests at once, then one more for
each full round that it serves (additive increase, multiplicative decrease, as TCP does). A server that refuses every request, because it is set up otherwise
than we are, rests as long as any.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

_FAILURES_BEFORE_REST = 3
"""Failures in a row. One hostile request that is tried again and again must not rest a server that answers all others."""


@dataclass(frozen=True)
class Rest:
    """Seconds that a server rests the first time, and at most; `jitter()` in [0, 1) takes up to half off, so that clients spread."""

    seconds: float
    max_seconds: float
    jitter: Callable[[], float]

    def after(self, rests: int) -> float:
        return min(self.max_seconds, self.seconds * 2.0 ** min(rests, 60)) * (1 - self.jitter() / 2)


@dataclass(frozen=True)
class Ticket:
    """Leave to send one request to the server of that index; handed back with the outcome. `probe`: it alone finds out whether the server is back."""

    server: int
    sent: float
    probe: bool = False


@dataclass
class _Server:
    limit: float
    in_flight: int = 0
    taken: int = 0
    failures: int = 0  # in a row
    rests: int = 0  # in a row
    rest_until: float = -math.inf
    rested_at: float = -math.inf
    lowered_at: float = -math.inf
    suspect: bool = False  # after a rest, until it serves
    probed: bool = False
    misfit: bool = False  # refuses all that we ask


class ServerPool:
    """`take` before each request, and exactly one of the outcomes after it. Times are monotonic seconds. Not thread-safe."""

    def __init__(self, servers: int, concurrency: int, rest: Rest) -> None:
        self._servers = [_Server(limit=concurrency) for _ in range(servers)]
        self._concurrency = concurrency
        self._rest = rest

    def take(self, now: float, avoid: Collection[int] = ()) -> Ticket | None:
        """A place at the server with the fewest requests in flight, at one of `avoid` only where no other has one. None: no place now."""
        open_ones = [index for index, server in enumerate(self._servers) if self._free(server, now) > 0]
        if not open_ones:
            return None
        index = min(open_ones, key=lambda i: (i in avoid, self._servers[i].in_flight, self._servers[i].taken))
        server = self._servers[index]
        server.in_flight += 1
        server.taken += 1
        server.probed = server.suspect
        return Ticket(index, now, probe=server.suspect)

    def free(self, now: float) -> int:
        """Requests that could be sent now."""
        return sum(self._free(server, now) for server in self._servers)

    def seconds_to_change(self, now: float) -> float | None:
        """Until a rest ends; None where only an outcome can free a place."""
        ends = [server.rest_until - now for server in self._servers if server.rest_until > now]
        return min(ends) if ends else None

    def given_up(self, rounds: int) -> bool:
        """Whether every server refuses, or has failed and then failed as many probes as make `rounds` together."""
        return all(server.misfit or (server.suspect and server.rests >= rounds) for server in self._servers)

    def renew(self) -> None:
        """Gives all servers another chance, where none is left that works."""
        if all(server.suspect for server in self._servers):
            for server in self._servers:
                self._reopen(server)

    # What became of a request.

    def cancelled(self, ticket: Ticket) -> None:
        self._returned(ticket)

    def served(self, ticket: Ticket) -> None:
        server = self._returned(ticket)
        server.limit = min(self._concurrency, server.limit + 1 / server.limit)
        self._reopen(server)

    def overloaded(self, ticket: Ticket, now: float, pause: float) -> None:
        """`pause`: seconds for which the server asked to be spared."""
        server = self._returned(ticket)
        if ticket.sent >= server.lowered_at:  # not once for each request of one burst
            server.limit = max(1.0, (server.in_flight + 1) / 2)
            server.lowered_at = now
        if pause > 0:
            server.rest_until = max(server.rest_until, now + pause)

    def failed(self, ticket: Ticket, now: float) -> None:
        server = self._returned(ticket)
        server.failures += 1
        if server.failures >= _FAILURES_BEFORE_REST or ticket.probe:
            self._send_to_rest(server, ticket, now)

    def unreachable(self, ticket: Ticket, now: float) -> None:
        self._send_to_rest(self._returned(ticket), ticket, now)

    def misfit(self, ticket: Ticket, now: float) -> None:
        server = self._returned(ticket)
        server.misfit = server.suspect = True
        server.rest_until = now + self._rest.max_seconds

    # What a look at its list of models tells of a server, outside of any request.

    def seen_well(self, index: int) -> None:
        self._reopen(self._servers[index])

    def seen_down(self, index: int, now: float) -> None:
        self._send_to_rest(self._servers[index], Ticket(index, now), now)

    def _free(self, server: _Server, now: float) -> int:
        if now < server.rest_until:
            return 0
        if server.suspect:
            return 0 if server.probed else 1
        return max(0, int(server.limit) - server.in_flight)

    def _returned(self, ticket: Ticket) -> _Server:
        server = self._servers[ticket.server]
        server.in_flight -= 1
        if ticket.probe:
            server.probed = False
        return server

    def _send_to_rest(self, server: _Server, ticket: Ticket, now: float) -> None:
        if ticket.sent < server.rested_at:  # sent before the rest that others of its burst began
            return
        server.rest_until = now + self._rest.after(server.rests)
        server.rested_at = now
        server.rests += 1
        server.suspect = True

    def _reopen(self, server: _Server) -> None:
        server.failures = server.rests = 0
        server.rest_until = -math.inf
        server.suspect = server.misfit = server.probed = False
