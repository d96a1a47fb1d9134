"""The protocol of model servers: requests as OpenAI's client spells them, and answers that are hostile."""

from __future__ import annotations

import base64
import io
import json
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from watcher.engines.model_servers.chat import (
    Answer,
    Fault,
    MalformedAnswerError,
    fault_of,
    named,
    pause_asked,
    prompt_of,
    read_answer,
    read_models,
    told,
    trial_body,
    unnamed_body,
)

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
SECRET = "text of a document"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["choices", "message", "content", "data", "id", "finish_reason"]), inner)
    ),
)


def completion(content: object = "words", reason: object = "stop") -> bytes:
    return json.dumps({"choices": [{"message": {"content": content}, "finish_reason": reason}]}).encode()


def test_a_request_names_the_model_and_lays_the_extra_body_over_the_rest() -> None:
    body = unnamed_body(
        [{"role": "user", "content": "hello"}], {"temperature": 0, "top_p": None, "extra_body": {"skip_special_tokens": True}}
    )
    assert json.loads(named(body, 'a "model"')) == {
        "model": 'a "model"',
        "messages": [{"role": "user", "content": "hello"}],
        "temperature": 0,
        "skip_special_tokens": True,
    }


def test_the_prompt_is_what_stands_beside_the_image() -> None:
    parts = [{"type": "image_url", "image_url": {"url": "data:,"}}, {"type": "text", "text": "Table Recognition:"}]
    assert prompt_of([{"role": "user", "content": parts}]) == "Table Recognition:"
    assert prompt_of([{"role": "user", "content": "plain"}]) == "plain"


def test_the_trial_is_a_small_image_that_can_be_opened() -> None:
    parts = json.loads(trial_body())["messages"][0]["content"]
    with Image.open(io.BytesIO(base64.b64decode(parts[0]["image_url"]["url"].partition(",")[2]))) as image:
        assert image.size == (64, 64)
        assert image.convert("L").getextrema() == (0, 255)
    assert len(trial_body()) < 2000


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (completion(), Answer("words", "stop")),
        (completion(None), Answer(None, "stop")),
        (completion("", None), Answer("", None)),
        (completion("a \ud83d\ude00 b"), Answer("a 😀 b", "stop")),
        (b'{"choices": [{"message": {"content": "\\ud83d"}}]}', Answer("\ufffd", None)),
        (b'{"choices": [{"message": {}}]}', Answer(None, None)),
    ],
)
def test_an_answer_is_read(body: bytes, answer: Answer) -> None:
    assert read_answer(body) == answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>" + SECRET.encode(),
        b"[]",
        b"null",
        b"[" * 1_000_000,
        b'{"choices": ' + b"9" * 100_000 + b"}",
        b"{}",
        b'{"choices": []}',
        b'{"choices": {"0": 1}}',
        b'{"choices": [1]}',
        b'{"choices": [{"message": "' + SECRET.encode() + b'"}]}',
        completion(7),
        completion([{"type": "text", "text": SECRET}]),
        completion("words", 3),
        b"\xff\xfe",
    ],
)
def test_an_answer_of_another_shape_is_refused_without_quoting_it(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError) as caught:
        read_answer(body)
    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 100


@given(JSON)
def test_no_answer_does_worse_than_being_refused(document: Any) -> None:
    body = json.dumps(document).encode()
    for read in (read_answer, read_models):
        try:
            found = read(body)
        except MalformedAnswerError:
            continue
        if isinstance(found, Answer) and found.text is not None:
            found.text.encode()


def test_models_are_named_in_the_order_of_the_list() -> None:
    assert read_models(b'{"data": [{"id": "one"}, {"id": "two"}]}') == ("one", "two")


def test_names_that_cannot_be_shown_are_passed_over() -> None:
    document = {"data": [{"id": "a\u001b[2J"}, {"id": "x" * 201}, {"id": ""}, {"id": 5}, 7, {"id": "good"}]}
    assert read_models(json.dumps(document).encode()) == ("good",)


@pytest.mark.parametrize("body", [b"{}", b'{"data": []}', b'{"data": "x"}', b"<html>"])
def test_a_list_without_models_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        read_models(body)


def test_few_of_many_names_are_told() -> None:
    assert told(["a", "b"]) == "a, b"
    assert told([str(number) for number in range(50)]) == "0, 1, 2, 3, 4, ..."


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (200, None),
        (429, Fault.OVERLOADED),
        (503, Fault.OVERLOADED),
        (500, Fault.FAILED),
        (401, Fault.UNAUTHORISED),
        (403, Fault.UNAUTHORISED),
        (404, Fault.UNKNOWN),
        (400, Fault.REFUSED),
        (413, Fault.REFUSED),
        (422, Fault.REFUSED),
        (302, Fault.REFUSED),
        (201, Fault.REFUSED),
    ],
)
def test_a_status_tells_whose_fault_it_is(status: int, fault: Fault | None) -> None:
    assert fault_of(status) is fault


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("3600", 30.0),
        ("inf", 30.0),
        ("nan", 0.0),
        ("-5", 0.0),
        ("", 0.0),
        (None, 0.0),
        ("soon", 0.0),
        ("9" * 500, 0.0),
        ("Thu, 01 Jan 2026 00:00:10 GMT", 10.0),
        ("Thu, 01 Jan 2026 00:00:10", 0.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
    ],
)
def test_the_pause_asked_for_is_a_number_or_a_date_within_bounds(header: str | None, seconds: float) -> None:
    assert pause_asked(header, NOW, at_most=30.0) == seconds
