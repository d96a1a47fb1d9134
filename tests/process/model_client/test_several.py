"""Several model servers as one: those that are down, slow or set up otherwise are done without."""

from __future__ import annotations

import time
from concurrent.futures import Future

import pytest
from doubles.model_clients import CALL_SECONDS, Clients, ask, messages, requests_of, text_of
from servers.model_server import ModelServer, running_model_server

from watcher.engines.model_servers.client import Completion
from watcher.engines.port import EngineWaitError


def test_of_two_servers_one_that_is_down_is_done_without(server: ModelServer, clients: Clients, nobody: str) -> None:
    client = clients(nobody, server.url)
    client.check()
    for future in ask(client, 20):
        assert text_of(future.result()) == "constant text"


@pytest.mark.parametrize("mode", ["429", "500", "503", "close", "401", "404"])
def test_of_two_servers_one_that_fails_is_done_without(server: ModelServer, second: ModelServer, clients: Clients, mode: str) -> None:
    server.set(mode)
    client = clients(server.url, second.url)
    for _ in range(3):
        client.begin_call(CALL_SECONDS)
        for future in ask(client, 20):
            assert text_of(future.result()) == "constant text"


def test_of_two_servers_one_that_hangs_is_done_without(server: ModelServer, clients: Clients, black_hole: str) -> None:
    client = clients(black_hole, server.url, model="stand-in", request_seconds=2.0)
    for future in ask(client, 20):
        assert text_of(future.result()) == "constant text"


def test_of_two_servers_the_slow_one_gets_less(server: ModelServer, second: ModelServer, clients: Clients) -> None:
    server.set("const", delay=0.5)
    client = clients(server.url, second.url, concurrency=4)
    futures: list[Future[Completion]] = []
    slow = requests_of(server, lambda: [future.result() for future in futures + ask(client, 40)])
    assert 4 <= slow < 20


def test_a_server_that_is_back_is_asked_again(clients: Clients, server: ModelServer) -> None:
    with running_model_server("const") as other:
        client = clients(other.url, server.url, concurrency=2)
        other.stop()
        for future in ask(client, 10):
            future.result()
        other.start()
        other.set("const")
        for _ in range(100):
            client.begin_call(CALL_SECONDS)
            for future in ask(client, 10):
                future.result()
            if other.stats()["requests"]:
                break
            time.sleep(0.05)
        assert other.stats()["requests"] > 0


def test_a_server_that_is_down_is_waited_for_and_served_by_once_it_is_back(clients: Clients) -> None:
    with running_model_server("const") as server:
        client = clients(server.url, attempts=2)
        server.stop()
        for act in (client.check, lambda: client.create_chat_completion(messages())):
            with pytest.raises(EngineWaitError, match=r"cannot be connected to .*: check ocr\.server\.url"):
                act()
        server.start()
        server.set("const")
        client.check()
        client.begin_call(CALL_SECONDS)
        assert text_of(client.create_chat_completion(messages())) == "constant text"


def test_all_of_several_servers_that_fail_are_named(clients: Clients, server: ModelServer, nobody: str) -> None:
    server.set("const", key="right")
    with pytest.raises(EngineWaitError) as caught:
        clients(nobody, server.url).check()
    assert "model server 1 of 2 cannot be connected to" in str(caught.value)
    assert "model server 2 of 2 answered 401" in str(caught.value)
    assert "ocr.server.url" in str(caught.value)
    assert "ocr.server.api_key" in str(caught.value)
