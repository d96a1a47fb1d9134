"""Asks model servers for the text of crops, in place of paddlex's own client (`paddlex.inference.models.common.genai.GenAIClient`).

That one waits 600 s for an answer, asks one server only, and drops `finish_reason` and `content: null`. Requests run in one asyncio loop, whose thread
dies with the process.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal, TypeVar, overload

from watcher.engines.model_servers.asking import ModelPool, ModelRequestError, Request, SpentError
from watcher.engines.model_servers.chat import Answer, prompt_of, unnamed_body
from watcher.engines.model_servers.options import ServerOptions
from watcher.engines.port import EngineWaitError

__all__ = ["Answer", "Completion", "ModelRequestError", "ModelServers", "ServerOptions"]

T = TypeVar("T")
Observe = Callable[[str, Answer], str]
Messages = Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Message:
    content: str


@dataclass(frozen=True)
class Choice:
    message: Message


@dataclass(frozen=True)
class Completion:
    """As much of OpenAI's answer as paddlex reads."""

    choices: tuple[Choice, ...]


@dataclass(eq=False)
class _Call:
    """The requests of one call of the engine: they succeed together, or the first that fails ends all."""

    deadline: float
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    failure: Exception | None = None
    dropped: bool = False
    trial: asyncio.Task[bool] | None = None

    def fail(self, error: Exception) -> None:
        self.failure = error
        self._cancel()

    def drop(self) -> None:
        self.dropped = True
        self._cancel()

    def _cancel(self) -> None:
        for task in self.tasks:
            task.cancel()


class ModelServers:
    """A pool of model servers. `begin_call`, then any number of `create_chat_completion` from any threads, then the next call.

    `observe(prompt, answer)` makes the text that the pipeline gets; it runs in this client's own thread, one answer at a time.
    """

    def __init__(
        self,
        options: ServerOptions,
        backend: str,
        observe: Observe,
        *,
        jitter: Callable[[], float] = random.random,
        utc_now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.backend = backend
        self._options = options
        self._observe = observe
        self._call = _Call(deadline=float("inf"))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="model-servers", daemon=True)
        self._thread.start()
        self._pool = self._run(self._connect(jitter, utc_now)).result()

    def begin_call(self, deadline_seconds: float) -> None:
        """Whatever is asked from now on is over within `deadline_seconds`; whatever was asked before is dropped."""
        last, self._call = self._call, _Call(self._loop.time() + deadline_seconds)
        self._loop.call_soon_threadsafe(self._begin, last)

    def check(self) -> None:
        """Asks each server for its models. Raises EngineWaitError where none can be used."""
        self._run(self._pool.look_at_all()).result()

    @overload
    def create_chat_completion(
        self, messages: Messages, *, return_future: Literal[True], timeout: float | None = None, **kwargs: object
    ) -> Future[Completion]: ...
    @overload
    def create_chat_completion(
        self, messages: Messages, *, return_future: Literal[False] = False, timeout: float | None = None, **kwargs: object
    ) -> Completion: ...
    def create_chat_completion(
        self, messages: Messages, *, return_future: bool = False, timeout: float | None = None, **kwargs: object
    ) -> Completion | Future[Completion]:
        """Fails with EngineWaitError, or ModelRequestError. The caller's `timeout` is passed over: the deadlines of the options hold."""
        request = Request(unnamed_body(messages, kwargs))
        future = self._run(self._complete(self._call, request, prompt_of(messages)))
        return future if return_future else future.result()

    def close(self) -> None:
        """Drops what is being asked."""
        if not self._thread.is_alive():
            return
        self._run(self._end()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    # Everything below runs in the loop's thread.

    async def _connect(self, jitter: Callable[[], float], utc_now: Callable[[], datetime]) -> ModelPool:
        return ModelPool(self._options, jitter, utc_now)

    def _begin(self, last: _Call) -> None:
        last.drop()
        self._pool.renew()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._pool.close()

    async def _complete(self, call: _Call, request: Request, prompt: str) -> Completion:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        if call.failure is not None:
            raise call.failure
        if call.dropped:
            raise asyncio.CancelledError
        call.tasks.add(task)
        try:
            answer = await self._answer(call, request)
            return Completion((Choice(Message(self._observe(prompt, answer))),))
        except asyncio.CancelledError:
            if call.failure is None:
                raise
            if isinstance(call.failure, EngineWaitError):
                request.alone = False  # another was with it
                self._accuse(request)
            raise call.failure from None
        except Exception as error:
            if call.failure is None:
                call.tasks.discard(task)
                call.fail(error)
            raise
        finally:
            call.tasks.discard(task)

    async def _answer(self, call: _Call, request: Request) -> Answer:
        left = call.deadline - self._loop.time()
        try:
            return await asyncio.wait_for(self._pool.answer(request), max(left / 2, left - self._options.trial_seconds))
        except SpentError:
            outcome = f"came to nothing (the server {request.fault})"
        except asyncio.TimeoutError:
            outcome = "was not answered in the time of the call"
        if request.suspicious and await self._serves(call, request.asked):
            raise ModelRequestError(f"a request {outcome}, though the model server answers others")
        self._accuse(request)
        raise EngineWaitError(
            self._pool.words() or "the model servers did not answer all requests in the time of the call: raise ocr.page_seconds"
        )

    def _accuse(self, request: Request) -> None:
        """Of having broken the server, if it was with the server when that broke."""
        if request.suspicious or request.failed:
            self._pool.suspect(request)

    async def _serves(self, call: _Call, index: int) -> bool:
        """Whether the server can cope with a small request of ours: asked once a call, for all its requests that failed."""
        if call.trial is None:
            call.trial = asyncio.create_task(self._pool.copes(index, min(call.deadline - self._loop.time(), self._options.trial_seconds)))
        return await asyncio.shield(call.trial)
