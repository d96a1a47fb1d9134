"""Clients of model servers for tests: quick to try again, closed at the end, asked with small crops."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

from PIL import Image
from servers.model_server import ModelServer

from watcher.engines.model_servers.client import Answer, Completion, ModelServers, ServerOptions

RED = (255, 0, 0)
PROMPT = "OCR:"
SECRET_TEXT = "Top secret words"
CALL_SECONDS = 60.0
QUICK: dict[str, Any] = {
    "model": "",
    "api_key": "",
    "concurrency": 64,
    "connect_seconds": 2.0,
    "request_seconds": 30.0,
    "attempts": 3,
    "backoff_seconds": 0.05,
    "rest_seconds": 0.05,
    "rest_max_seconds": 0.2,
}


def messages(colour: tuple[int, int, int] = (255, 255, 255), prompt: str = PROMPT) -> list[dict[str, Any]]:
    with io.BytesIO() as file:
        Image.new("RGB", (60, 20), colour).save(file, "JPEG")
        url = "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": prompt}]}]


class Clients:
    """Makes clients that are closed at the end. `seen` holds what their observers were told."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.seen: list[tuple[str, Answer]] = []

    def __call__(self, *urls: str, **options: Any) -> ModelServers:
        client = ModelServers(ServerOptions(urls=urls, **{**QUICK, **options}), "vllm-server", self._observe)
        self._stack.callback(client.close)
        client.begin_call(CALL_SECONDS)
        return client

    def _observe(self, prompt: str, answer: Answer) -> str:
        self.seen.append((prompt, answer))
        return answer.text or ""


def text_of(completion: Completion) -> str:
    return completion.choices[0].message.content


def ask(client: ModelServers, count: int = 1, **kwargs: Any) -> list[Future[Completion]]:
    return [client.create_chat_completion(messages(**kwargs), return_future=True) for _ in range(count)]


def requests_of(server: ModelServer, act: Callable[[], object]) -> int:
    before = server.stats()["requests"]
    act()
    return int(server.stats()["requests"] - before)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + CALL_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)
