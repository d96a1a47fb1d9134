"""What counts as a model's loop, and what people write that only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.engines.paddle.repetition import without_repetition

LINE = "These words come again.\n"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Before. " + "and so on " * 60, "Before. and so on"),
        (LINE * 40, LINE.strip()),
        ("Title\n" + LINE * 40, "Title\n" + LINE.strip()),
        ("abcdefgh" * 100, "abcdefgh"),
        ("\n".join(["Kept one", *["The same line here"] * 60, "kept two"]), "Kept one\nThe same line here\nkept two"),
    ],
    ids=["words", "lines", "lines behind a title", "no spaces", "line among others"],
)
def test_a_long_loop_is_left_out_though_the_answer_ended_by_itself(text: str, left: str) -> None:
    assert without_repetition(text, cut_off=False) == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "One sentence, and then another one.",
        "Name: " + "_" * 500,
        "Chapter " + ". " * 300 + "7",
        "0.00\n" * 30,
        "ha " * 9,
        "Long text before. " * 1 + "x" * 1000 + " " + "end of list " * 12,
        "yes\nno\n" * 20,
    ],
    ids=["nothing", "sentences", "line to fill in", "dots", "column of zeros", "laughter", "less than half", "answers"],
)
def test_what_people_write_is_left_as_it_is(text: str) -> None:
    assert without_repetition(text, cut_off=False) is None


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A long beginning of the text, which is whole. " + "na " * 60, "A long beginning of the text, which is whole. na"),
        ("Total: " + "." * 300, "Total: ."),
        ("x" * 400 + " once and " * 12, "x" * 400 + " once and"),
    ],
    ids=["short words", "dots", "less than half"],
)
def test_an_answer_that_was_cut_off_in_a_loop_loses_it(text: str, left: str) -> None:
    assert without_repetition(text, cut_off=True) == left


def test_rows_of_a_table_may_be_alike() -> None:
    empty, zeros = "<ecel><ecel><nl>" * 300, "<fcel>0<fcel>0<nl>" * 100
    assert without_repetition(empty, cut_off=False, table=True) is None
    assert without_repetition(zeros, cut_off=False, table=True) is None
    assert without_repetition(zeros * 3, cut_off=False, table=True) == "<fcel>0<fcel>0<nl>"
    assert without_repetition("<fcel>Sum<nl>" + zeros, cut_off=True, table=True) == "<fcel>Sum<nl><fcel>0<fcel>0<nl>"


@given(st.text(alphabet="ab \n.", max_size=400), st.booleans(), st.booleans())
def test_what_is_left_is_shorter_and_made_of_the_same_beginning(text: str, cut_off: bool, table: bool) -> None:
    left = without_repetition(text, cut_off=cut_off, table=table)
    assert left is None or (len(left) < len(text) and set(left) <= set(text))


@given(st.text(alphabet="abc ", min_size=1, max_size=30).filter(str.strip), st.integers(min_value=20, max_value=200))
def test_a_loop_to_the_limit_is_always_found(unit: str, times: int) -> None:
    text = unit * times
    if len(text.rstrip()) >= 100 + len(unit):
        left = without_repetition(text, cut_off=True)
        assert left is not None
        assert len(left) <= 2 * len(unit)
