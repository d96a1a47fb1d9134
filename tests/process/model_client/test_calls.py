"""What the client of model servers asks, what comes back, and how the requests of a call end together."""

from __future__ import annotations

import time
from concurrent.futures import CancelledError

import pytest
from doubles.model_clients import CALL_SECONDS, PROMPT, QUICK, RED, Clients, ask, messages, text_of, wait_for
from servers.model_server import ModelServer, running_model_server

from watcher.engines.model_servers.client import Answer, ModelRequestError, ModelServers, ServerOptions
from watcher.engines.port import EngineWaitError


def test_the_request_is_what_openais_client_would_send(server: ModelServer, clients: Clients) -> None:
    client = clients(server.url)
    answer = client.create_chat_completion(
        messages(),
        timeout=600,
        temperature=0,
        max_completion_tokens=512,
        extra_body={"skip_special_tokens": True, "mm_processor_kwargs": {"min_pixels": 9}},
    )
    assert text_of(answer) == "constant text"
    assert server.stats()["options"] == {
        "model": "stand-in",
        "temperature": 0,
        "max_completion_tokens": 512,
        "skip_special_tokens": True,
        "mm_processor_kwargs": {"min_pixels": 9},
    }
    assert server.stats()["prompts"][PROMPT] > 0


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        ("const", Answer("constant text", "stop")),
        ("length", Answer("constant text", "length")),
        ("null", Answer(None, "stop")),
        ("surrogate", Answer("half \ufffd of a pair", "stop")),
    ],
)
def test_the_observer_is_told_what_the_pipeline_would_drop(server: ModelServer, clients: Clients, mode: str, answer: Answer) -> None:
    server.set(mode)
    (future,) = ask(clients(server.url))
    future.result()
    assert clients.seen == [(PROMPT, answer)]


def test_the_pipeline_gets_what_the_observer_makes_of_an_answer(server: ModelServer) -> None:
    client = ModelServers(ServerOptions(urls=(server.url,), **QUICK), "vllm-server", lambda prompt, answer: f"<{prompt}{answer.text}>")
    try:
        assert text_of(client.create_chat_completion(messages())) == "<OCR:constant text>"
    finally:
        client.close()


def test_as_many_requests_as_allowed_are_in_flight_and_no_more(clients: Clients) -> None:
    with running_model_server("hang") as fresh:
        client = clients(fresh.url)
        ask(client, 70)
        wait_for(lambda: fresh.stats()["in_flight"] == 64)
        client.close()
    with running_model_server("const", delay=0.05) as fresh:
        for future in ask(clients(fresh.url, concurrency=5), 20):
            future.result()
        assert fresh.stats()["most_in_flight"] == 5


def test_the_model_is_the_first_that_each_server_lists(server: ModelServer, second: ModelServer, clients: Clients) -> None:
    server.set("const", model="one")
    second.set("const", model="two", delay=0.1)
    client = clients(server.url, second.url)
    client.check()
    for future in ask(client, 8):
        future.result()
    assert server.stats()["models"].get("one", 0) > 0
    assert second.stats()["models"].get("two", 0) > 0
    assert server.stats()["models"].get("two", 0) == 0


def test_a_server_that_got_another_model_is_asked_for_that_in_the_next_call(server: ModelServer, clients: Clients) -> None:
    client = clients(server.url)
    client.create_chat_completion(messages())
    server.set("const", model="newer")
    with pytest.raises(EngineWaitError):
        client.create_chat_completion(messages())
    client.begin_call(CALL_SECONDS)
    assert text_of(client.create_chat_completion(messages())) == "constant text"


@pytest.mark.parametrize("mode", ["400", "500"])
def test_the_first_failure_ends_the_call_with_the_same_error_for_all(server: ModelServer, clients: Clients, mode: str) -> None:
    server.set("const", rules=[{"mode": mode, "colour": RED}, {"mode": "hang", "prompt": "Chart"}])
    client = clients(server.url)
    slow = ask(client, 5, prompt="Chart Recognition:")
    error = client.create_chat_completion(messages(RED), return_future=True).exception(CALL_SECONDS)
    assert isinstance(error, ModelRequestError)
    assert [future.exception(CALL_SECONDS) for future in slow] == [error] * 5
    with pytest.raises(ModelRequestError):
        client.create_chat_completion(messages())
    client.begin_call(CALL_SECONDS)
    server.set("const")
    assert text_of(client.create_chat_completion(messages())) == "constant text"


def test_a_call_is_over_by_its_deadline_whatever_the_server_does(clients: Clients, black_hole: str) -> None:
    client = clients(black_hole, model="any")
    started = time.monotonic()
    client.begin_call(1.0)
    futures = ask(client, 100)
    for future in futures:
        assert isinstance(future.exception(), EngineWaitError)
    assert time.monotonic() - started < QUICK["request_seconds"]


def test_a_call_begun_drops_what_was_asked_before(server: ModelServer, clients: Clients) -> None:
    server.set("hang")
    client = clients(server.url)
    (old,) = ask(client)
    client.begin_call(CALL_SECONDS)
    with pytest.raises(CancelledError):
        old.result(CALL_SECONDS)


def test_closing_drops_what_is_being_asked_and_may_be_done_twice(server: ModelServer, clients: Clients) -> None:
    server.set("hang")
    client = clients(server.url)
    futures = ask(client, 70)
    client.close()
    client.close()
    assert all(future.cancelled() for future in futures)


def test_a_server_that_serves_fewer_at_once_than_it_is_asked_for_serves_all_in_the_end(clients: Clients) -> None:
    with running_model_server("const", delay=0.05, refuse_beyond=8) as fresh:
        for future in ask(clients(fresh.url, attempts=6), 64):
            assert text_of(future.result()) == "constant text"
        assert fresh.stats()["statuses"]["429"] < 3 * 64


def test_retry_after_is_heeded_within_bounds(server: ModelServer, clients: Clients) -> None:
    server.set("const", rules=[{"mode": "429", "times": 1}], retry_after="3600")
    client = clients(server.url, pause_max_seconds=0.6)
    started = time.monotonic()
    client.create_chat_completion(messages())
    assert time.monotonic() - started >= 0.6
