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
def started() -> Iterator[ModelServer]:
    with running_model_server("const") as server:
        yield server


@pytest.fixture
def server(started: ModelServer) -> ModelServer:
    started.set("const")
    return started


@pytest.fixture(scope="module")
def second_started() -> Iterator[ModelServer]:
    with running_model_server("const") as server:
        yield server


@pytest.fixture
def second(second_started: ModelServer) -> ModelServer:
    second_started.set("const")
    return second_started


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
