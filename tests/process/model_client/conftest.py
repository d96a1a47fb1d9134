"""Clients, and the servers that they may be told of."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from doubles.model_clients import Clients
from servers.model_server import ModelServer, running_model_server


@pytest.fixture
def clients() -> Iterator[Clients]:
    with ExitStack() as stack:
        yield Clients(stack)


@pytest.fixture(scope="module")
def started() -> Iterator[list[ModelServer]]:
    with running_model_server("const") as first, running_model_server("const") as second:
        yield [first, second]


@pytest.fixture
def server(started: list[ModelServer]) -> ModelServer:
    started[0].set("const")
    return started[0]


@pytest.fixture
def second(started: list[ModelServer]) -> ModelServer:
    started[1].set("const")
    return started[1]


@pytest.fixture
def nobody() -> str:
    """An address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
