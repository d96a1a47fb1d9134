"""The client of model servers against the stand-in, which is a process of its own: what is asked, what comes back, and whose fault a failure is."""

from __future__ import annotations

import base64
import io
import pickle
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from typing import Any

import pytest
from PIL import Image
from servers.model_server import ModelServer, running_model_server

from watcher.engines.model_client import Answer, Completion, ModelRequestError, ModelServers, ServerOptions
from watcher.engines.port import EngineWaitError

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


# What is asked, and what comes back.


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


# Whose fault it is.


@pytest.mark.parametrize("mode", ["400", "413", "422", "302", "empty", "html", "deep", "types", "huge"])
def test_a_refused_request_or_a_malformed_answer_fails_the_call_at_once(server: ModelServer, clients: Clients, mode: str) -> None:
    server.set(mode, huge_bytes=5 * 2**20)
    client = clients(server.url)

    def fail() -> None:
        with pytest.raises(ModelRequestError, match=r"the model server at http://127\.0\.0\.1:\d+/v1 (answered|gave)"):
            client.create_chat_completion(messages())

    assert requests_of(server, fail) == 1


@pytest.mark.parametrize(
    ("mode", "words"), [("429", "answered 429"), ("500", "answered 500"), ("503", "answered 503"), ("close", "broke"), ("cut", "broke")]
)
def test_a_server_that_fails_every_request_is_tried_again_and_then_waited_for(
    server: ModelServer, clients: Clients, mode: str, words: str
) -> None:
    server.set(mode)
    client = clients(server.url)

    def fail() -> None:
        with pytest.raises(EngineWaitError, match=words):
            client.create_chat_completion(messages())

    assert requests_of(server, fail) >= QUICK["attempts"]


@pytest.mark.parametrize("mode", ["429", "500", "503", "close", "cut"])
def test_a_request_that_fails_twice_and_then_succeeds_has_succeeded(server: ModelServer, clients: Clients, mode: str) -> None:
    server.set("const", rules=[{"mode": mode, "times": 2}])
    assert text_of(clients(server.url).create_chat_completion(messages())) == "constant text"


@pytest.mark.parametrize("mode", ["500", "close", "cut"])
def test_a_request_that_fails_while_the_server_answers_others_is_to_blame(server: ModelServer, clients: Clients, mode: str) -> None:
    server.set("const", rules=[{"mode": mode, "colour": RED}])
    client = clients(server.url)
    with pytest.raises(ModelRequestError, match="though the model server answers others"):
        client.create_chat_completion(messages(RED))
    client.begin_call(CALL_SECONDS)
    assert text_of(client.create_chat_completion(messages())) == "constant text"


def test_a_request_that_hangs_while_the_server_answers_others_is_to_blame(server: ModelServer, clients: Clients) -> None:
    server.set("const", rules=[{"mode": "hang", "colour": RED}])
    client = clients(server.url, request_seconds=0.3)
    with pytest.raises(ModelRequestError, match=r"gave no answer within 0\.3 s"):
        client.create_chat_completion(messages(RED))


def test_an_unknown_key_is_waited_for_and_names_the_setting(server: ModelServer, clients: Clients) -> None:
    server.set("const", key="right")
    client = clients(server.url, api_key="wrong-key-of-mine")
    for act in (client.check, lambda: client.create_chat_completion(messages())):
        with pytest.raises(EngineWaitError, match=r"answered 401: set ocr\.server\.api_key") as caught:
            act()
        assert "wrong-key-of-mine" not in str(caught.value)


def test_the_right_key_is_sent_and_shown_by_no_options(server: ModelServer, clients: Clients) -> None:
    server.set("const", key="right")
    clients(server.url, api_key="right").create_chat_completion(messages())
    assert "right" not in repr(ServerOptions(urls=(server.url,), **{**QUICK, "api_key": "right"}))


def test_user_and_password_of_the_address_are_sent_and_not_shown(server: ModelServer, clients: Clients, nobody: str) -> None:
    clients(server.url.replace("//", "//me:hidden@")).create_chat_completion(messages())
    assert server.stats()["keys"]["Basic " + base64.b64encode(b"me:hidden").decode()] == 1
    with pytest.raises(EngineWaitError) as caught:
        clients(nobody.replace("//", "//me:hidden@")).check()
    assert "hidden" not in str(caught.value)
    assert nobody in str(caught.value)


def test_an_unknown_model_is_waited_for_and_names_the_setting_and_what_is_served(server: ModelServer, clients: Clients) -> None:
    client = clients(server.url, model="other")
    with pytest.raises(EngineWaitError, match=r"it serves stand-in: check ocr\.server\.model"):
        client.check()
    client = clients(server.url, model="other")
    with pytest.raises(EngineWaitError, match=r"answered 404: check ocr\.server\.model"):
        client.create_chat_completion(messages())


def test_a_path_that_the_server_does_not_know_is_no_pages_fault(server: ModelServer, clients: Clients) -> None:
    client = clients(server.url.removesuffix("/v1"), model="stand-in")
    with pytest.raises(EngineWaitError, match=r"ocr\.server\.url goes up to /v1"):
        client.create_chat_completion(messages())


def test_texts_of_errors_hold_nothing_of_the_request_or_the_answer(server: ModelServer, clients: Clients) -> None:
    texts = []
    for mode in ("400", "500", "401", "404", "html", "cut"):
        server.set(mode)
        with pytest.raises((EngineWaitError, ModelRequestError)) as caught:
            clients(server.url).create_chat_completion(messages(prompt=SECRET_TEXT))
        texts.append(str(caught.value))
    assert not any(part in text for text in texts for part in (SECRET_TEXT, "asked to fail", "log in", "base64"))


@pytest.mark.parametrize("error", [EngineWaitError("words"), ModelRequestError("words")])
def test_errors_survive_the_way_out_of_the_child(error: Exception) -> None:
    assert str(pickle.loads(pickle.dumps(error))) == "words"


# A call: its deadline, and how it fails as one.


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


def test_a_request_that_breaks_the_server_each_time_is_found_among_others_and_not_asked_again(clients: Clients) -> None:
    def begin() -> None:
        server.set("const", rules=[{"mode": "die", "colour": RED}])
        client.begin_call(CALL_SECONDS)

    with running_model_server("const") as server:
        client = clients(server.url, attempts=2)
        errors: list[BaseException | None] = []
        for _ in range(3):
            begin()
            others = [client.create_chat_completion(messages((0, 50 * number, 0)), return_future=True) for number in range(5)]
            errors.append(client.create_chat_completion(messages(RED), return_future=True).exception(CALL_SECONDS))
            for other in others:
                other.exception(CALL_SECONDS)
            server.stop()
            server.start()
        assert [type(error) for error in errors] == [EngineWaitError, EngineWaitError, ModelRequestError]
        begin()
        with pytest.raises(ModelRequestError, match="broke each time it was given this request"):
            client.create_chat_completion(messages(RED))
        begin()
        for number in range(5):
            assert text_of(client.create_chat_completion(messages((0, 50 * number, 0)))) == "constant text"


def test_a_server_that_is_restarted_often_leaves_no_request_convicted(clients: Clients) -> None:
    with running_model_server("hang") as server:
        client = clients(server.url, attempts=2)
        for _ in range(5):
            client.begin_call(CALL_SECONDS)
            futures = ask(client, 3)
            wait_for(lambda: server.stats()["requests"] > 0)  # the trial of whether it works included
            server.stop()
            assert {type(future.exception(CALL_SECONDS)) for future in futures} == {EngineWaitError}
            server.start()
            server.set("hang")
        server.set("const")
        client.begin_call(CALL_SECONDS)
        assert text_of(client.create_chat_completion(messages())) == "constant text"


# Several servers.


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
    assert nobody in str(caught.value)
    assert server.url in str(caught.value)
    assert "ocr.server.url" in str(caught.value)
    assert "ocr.server.api_key" in str(caught.value)
