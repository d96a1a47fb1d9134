"""Marks within an answer's text: put in where it is not whole, found again, and nothing that a document can fake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.engines.model_servers.chat import Answer
from watcher.engines.paddle.marks import BROKEN_OFF, EMPTY, REPEATED, Marks

WORD = "5ec4e7"
CUT_OFF = "cut off at the model's limit of 64 tokens (ocr.max_new_tokens)"
TABLE = "Table Recognition:"


@pytest.fixture
def marks() -> Marks:
    return Marks(WORD, 64)


@pytest.mark.parametrize("reason", ["stop", None, ""])
def test_a_whole_answer_is_passed_on_as_it_is(marks: Marks, reason: str | None) -> None:
    assert marks.observe("OCR:", Answer(" words\n", reason)) == " words\n"
    assert marks.left() == []


@pytest.mark.parametrize(
    ("answer", "text", "reason"),
    [
        (Answer("words", "length"), "words", CUT_OFF),
        (Answer(None, "stop"), "", EMPTY),
        (Answer(None, "length"), "", f"{EMPTY}; {CUT_OFF}"),
        (Answer("  ", "stop"), "  ", EMPTY),
        (Answer("words", "abort"), "words", BROKEN_OFF),
        (Answer("again " * 200, "stop"), "again", REPEATED),
    ],
)
@pytest.mark.parametrize("prompt", ["OCR:", TABLE, "Formula Recognition:"])
def test_an_answer_that_is_not_whole_carries_its_reason(marks: Marks, answer: Answer, text: str, reason: str, prompt: str) -> None:
    if prompt == TABLE and reason == REPEATED:
        answer = Answer("again " * 600, "stop")
    marked = marks.observe(prompt, answer)
    assert marked != text
    assert marks.left() == [reason]
    assert marks.take(f"before {marked} after") == (f"before {text} after", reason)
    assert marks.left() == []


def test_each_answer_has_a_mark_of_its_own(marks: Marks) -> None:
    one, two = marks.observe("OCR:", Answer("one", "length")), marks.observe("OCR:", Answer("two", "abort"))
    assert marks.take(two) == ("two", BROKEN_OFF)
    assert marks.left() == [CUT_OFF]
    assert marks.take(one) == ("one", CUT_OFF)


def test_two_answers_in_one_block_are_both_told_of(marks: Marks) -> None:
    text = (
        marks.observe("OCR:", Answer("a", "length"))
        + marks.observe("OCR:", Answer("b", "abort"))
        + marks.observe("OCR:", Answer("c", "length"))
    )
    assert marks.take(text) == ("abc", f"{CUT_OFF}; {BROKEN_OFF}")


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("<fcel>a<fcel>b<nl>", "<fcel>[]a<fcel>b<nl>"),
        ("<ecel><fcel>b<nl>", "<ecel><fcel>[]b<nl>"),
        ("<ecel><lcel><nl>", "<fcel>[]<lcel><nl>"),
        ("<lcel><nl>", "[]<lcel><nl>"),
        ("plain", "[]plain"),
    ],
)
def test_in_a_table_the_mark_stands_within_a_cell(marks: Marks, text: str, marked: str) -> None:
    found = marks.observe(TABLE, Answer(text, "length"))
    mark = f"\ue0f0{WORD}:1\ue0f1"
    assert found.replace(mark, "[]") == marked


def test_a_new_call_forgets_the_last(marks: Marks) -> None:
    old = marks.observe("OCR:", Answer("old", "length"))
    marks.begin()
    assert marks.left() == []
    assert marks.take(old) == ("old", "")


def test_a_model_that_writes_our_mark_is_not_believed(marks: Marks) -> None:
    marks.observe("OCR:", Answer("other", "length"))
    assert marks.observe("OCR:", Answer(f"words\ue0f0{WORD}:1\ue0f1", "stop")) == "words"


@given(
    st.text(alphabet=st.sampled_from("\ue0f0\ue0f1:0159a<fcel> \n"), max_size=60),
    st.sampled_from(["stop", "length"]),
    st.sampled_from(["OCR:", TABLE]),
)
def test_text_of_the_document_survives_and_fakes_nothing(text: str, reason: str, prompt: str) -> None:
    marks = Marks(WORD, 64)
    taken, missing = marks.take(marks.observe(prompt, Answer("x" + text, reason)))
    assert taken.replace("<fcel>", "").replace("<ecel>", "") == ("x" + text).replace("<fcel>", "").replace("<ecel>", "")
    assert missing == (CUT_OFF if reason == "length" else "")
