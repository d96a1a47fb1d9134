"""Whose fault a failed request is: the server's, for which documents wait, or its own, for which its page is charged."""

from __future__ import annotations

import base64
import pickle

import pytest
from doubles.model_clients import CALL_SECONDS, QUICK, RED, SECRET_TEXT, Clients, ask, messages, requests_of, text_of, wait_for
from servers.model_server import ModelServer, running_model_server

from watcher.engines.model_servers.client import ModelRequestError, ServerOptions
from watcher.engines.port import EngineWaitError


@pytest.mark.parametrize("mode", ["400", "413", "422", "302", "empty", "html", "deep", "types", "huge"])
def test_a_refused_request_or_a_malformed_answer_fails_the_call_at_once(server: ModelServer, clients: Clients, mode: str) -> None:
    server.set(mode, huge_bytes=5 * 2**20)
    client = clients(server.url)

    def fail() -> None:
        with pytest.raises(ModelRequestError, match=r"^the model server (answered|gave)"):
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
    assert nobody not in str(caught.value)  # it would stand in /health


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
