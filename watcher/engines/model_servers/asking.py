"""Several model servers as one: each request goes to the one that has the least to do, and from one that fails to another. Runs in an asyncio loop."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from watcher.domain.retry import RetryPolicy
from watcher.engines.model_servers.balance import Rest, ServerPool, Ticket
from watcher.engines.model_servers.chat import Answer, Fault, trial_body
from watcher.engines.model_servers.http import ADVICE, ModelHttp, ServerFaultError
from watcher.engines.model_servers.options import ServerOptions
from watcher.engines.port import EngineFaultError, EngineWaitError


class ModelRequestError(EngineFaultError):
    """A request failed, and its page may be why: the servers answer others. The text holds no document text."""


class SpentError(Exception):
    """No try is left."""


_PROVEN = 2
"""A request under which a server broke so often, alone each time, is not asked any more."""
_MOST_SUSPECTS = 10_000


@dataclass(eq=False)
class Request:
    """`suspicious`: it may be this request that the server cannot cope with. `asked`: the server that had it last; `fault`: what came of that.

    `failed`: a server broke while it had it. `alone`: it was sent without other suspects, to a server that had just answered.
    """

    body: bytes
    tries: int = 0
    suspicious: bool = False
    asked: int = 0
    fault: ServerFaultError | None = None
    failed: bool = False
    alone: bool = False
    avoid: set[int] = field(default_factory=set)

    @cached_property
    def key(self) -> bytes:
        return hashlib.sha256(self.body).digest()


class ModelPool:
    """Its methods belong to the thread of the loop that runs when it is made."""

    def __init__(self, options: ServerOptions, jitter: Callable[[], float], utc_now: Callable[[], datetime]) -> None:
        self._options = options
        self._jitter = jitter
        self._loop = asyncio.get_running_loop()
        self._backoff = RetryPolicy(options.attempts, options.backoff_seconds, options.backoff_max_seconds)
        self._pool = ServerPool(len(options.urls), options.concurrency, Rest(options.rest_seconds, options.rest_max_seconds, jitter))
        self._servers = [ModelHttp(url, options, utc_now) for url in options.urls]
        self._models = [""] * len(options.urls)
        self._faults: list[ServerFaultError | None] = [None] * len(options.urls)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._suspects: dict[bytes, int] = {}  # by request: how often a server broke while it had this one alone
        self._alone = asyncio.Lock()

    def renew(self) -> None:
        """Forgets old failures, where no server is left without."""
        self._pool.renew()

    async def close(self) -> None:
        for server in self._servers:
            await server.close()

    async def answer(self, request: Request) -> Answer:
        """Raises SpentError, or ModelRequestError where the server refused this request, or breaks each time that it is asked."""
        if request.key not in self._suspects:
            return await self._tried(request)
        async with self._alone:
            if self._suspects.get(request.key, 0) >= _PROVEN:
                raise _broken_by(request)
            if not await self._any_copes():
                raise SpentError
            request.alone = True
            request.tries = self._options.attempts - 1  # it is not to break the other servers, too
            return await self._tried(request)

    def suspect(self, request: Request) -> None:
        """A server broke while it had the request, and perhaps others. Raises ModelRequestError where it is proven to be this one's fault."""
        times = self._suspects[request.key] = self._suspects.pop(request.key, 0) + request.alone
        while len(self._suspects) > _MOST_SUSPECTS:
            del self._suspects[next(iter(self._suspects))]
        if times >= _PROVEN:
            raise _broken_by(request)

    async def _tried(self, request: Request) -> Answer:
        while True:
            ticket = await self._place(request)
            request.asked = ticket.server
            fault = await self._try(ticket, request)
            if isinstance(fault, Answer):
                return fault
            request.fault = fault
            request.avoid.add(ticket.server)
            request.suspicious = fault.fault is Fault.FAILED
            request.failed |= request.suspicious
            if fault.fault is Fault.REFUSED:
                self._suspects.pop(request.key, None)
                raise ModelRequestError(f"{self._name(ticket.server)} {fault}")
            if fault.fault in (Fault.UNAUTHORISED, Fault.UNKNOWN):
                continue  # elsewhere, at once
            request.tries += 1
            if self._backoff.spent(request.tries):
                raise SpentError
            await asyncio.sleep(self._backoff.delay(request.tries, self._jitter()))

    async def copes(self, index: int, seconds: float) -> bool:
        """Whether the server answers a small request of ours."""
        try:
            model = await self._model_of(index)
            await self._servers[index].complete(model, trial_body(), seconds)
        except ServerFaultError as fault:
            self._faults[index] = fault
            return False
        self._faults[index] = None
        return True

    async def _any_copes(self) -> bool:
        for index in range(len(self._servers)):
            if await self.copes(index, self._options.trial_seconds):
                self._pool.seen_well(index)
                return True
        return False

    async def look_at_all(self) -> None:
        """Raises EngineWaitError where no server can be used."""
        faults = await asyncio.gather(*map(self._look_at, range(len(self._servers))))
        self._wake()
        if all(faults):
            raise EngineWaitError(self.words())

    def words(self) -> str:
        """What is wrong with the servers, and what to do; empty where nothing is."""
        faulty = [(index, fault) for index, fault in enumerate(self._faults) if fault is not None]
        advice = dict.fromkeys(ADVICE[fault.fault] for _, fault in faulty)
        found = "; ".join(f"{self._name(index)} {fault}" for index, fault in faulty)
        return f"{found}: {'; '.join(advice)}" if faulty else ""

    def _name(self, index: int) -> str:
        """By its place in `ocr.server.url`: addresses do not belong into /health."""
        return "the model server" if len(self._servers) == 1 else f"model server {index + 1} of {len(self._servers)}"

    async def _try(self, ticket: Ticket, request: Request) -> Answer | ServerFaultError:
        """Tells the pool what became of it, in any case."""
        try:
            model = await self._model_of(ticket.server)
            request.suspicious = True
            answer = await self._servers[ticket.server].complete(model, request.body, self._options.request_seconds)
        except ServerFaultError as fault:
            self._blame(ticket, fault)
            return fault
        except BaseException:
            self._pool.cancelled(ticket)
            raise
        else:
            self._faults[ticket.server] = None
            self._pool.served(ticket)
            self._suspects.pop(request.key, None)
            return answer
        finally:
            self._wake()

    def _blame(self, ticket: Ticket, fault: ServerFaultError) -> None:
        now, pool = self._loop.time(), self._pool
        self._faults[ticket.server] = fault
        if fault.fault is Fault.OVERLOADED:
            pool.overloaded(ticket, now, fault.pause)
        elif fault.fault is Fault.UNREACHABLE:
            pool.unreachable(ticket, now)
        elif fault.fault is Fault.FAILED:
            pool.failed(ticket, now)
        elif fault.fault is Fault.REFUSED:
            pool.served(ticket)  # the server is well
        else:
            self._models[ticket.server] = ""  # it may have another by now
            pool.misfit(ticket, now)

    async def _place(self, request: Request) -> Ticket:
        while (ticket := self._pool.take(self._loop.time(), request.avoid)) is None:
            if self._pool.given_up(self._options.attempts):
                raise SpentError
            waiter = self._loop.create_future()
            self._waiting.append(waiter)
            try:
                await asyncio.wait([waiter], timeout=self._pool.seconds_to_change(self._loop.time()))
            except asyncio.CancelledError:
                self._wake()  # it may have been its turn
                raise
            finally:
                with suppress(ValueError):
                    self._waiting.remove(waiter)
        return ticket

    def _wake(self) -> None:
        turns = len(self._waiting) if self._pool.given_up(self._options.attempts) else self._pool.free(self._loop.time())
        for _ in range(min(turns, len(self._waiting))):
            self._waiting.popleft().set_result(None)

    async def _model_of(self, index: int) -> str:
        if not self._models[index]:
            self._models[index] = self._options.model or await self._servers[index].models("")
        return self._models[index]

    async def _look_at(self, index: int) -> ServerFaultError | None:
        try:
            self._models[index] = await self._servers[index].models(self._options.model)
        except ServerFaultError as fault:
            self._faults[index] = fault
            self._pool.seen_down(index, self._loop.time())
            return fault
        self._faults[index] = None
        self._pool.seen_well(index)
        return None


def _broken_by(request: Request) -> ModelRequestError:
    what = f" ({request.fault})" if request.fault else ""
    return ModelRequestError(f"the model server broke each time it was given this request{what}")
