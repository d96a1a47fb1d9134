"""Answers that are not whole: cut off, lost, repeated. Each is told of at the very block, and hostile text cannot fake one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from doubles.paddle_reader import Draw, MakeReader, Reader
from servers.scripted_model import Script

from watcher.domain.page import TextFormat
from watcher.engines import child
from watcher.engines.paddle.marks import BROKEN_OFF, EMPTY, REPEATED, LostAnswerError

PAGE = [
    ("paragraph_title", 0.1, 0.02, 0.9, 0.08),
    ("text", 0.1, 0.1, 0.9, 0.3),
    ("table", 0.1, 0.4, 0.9, 0.6),
    ("display_formula", 0.1, 0.7, 0.9, 0.8),
]
TABLE, FORMULA = "Table Recognition:", "Formula Recognition:"
CUT_OFF = "cut off at the model's limit of 16 tokens (ocr.max_new_tokens)"
LINE = "These words come again. "


@pytest.mark.parametrize(
    ("text", "reason", "kept", "missing"),
    [
        ("The beginning of", "length", "The beginning of", CUT_OFF),
        (None, "stop", "", EMPTY),
        (" \n", "stop", "", EMPTY),
        ("whatever", "content_filter", "whatever", BROKEN_OFF),
        ("Before. " + LINE * 100, "stop", "Before. " + LINE.strip(), REPEATED),
        ("Before. " + LINE * 100, "length", "Before. " + LINE.strip(), f"{REPEATED}; {CUT_OFF}"),
        ("x. " + "." * 200, "stop", "x. " + "." * 200, ""),
        ("0.00\n" * 12, "stop", ("0.00\n" * 12).strip(), ""),
        ("costs $5 and \\(a\\)", "stop", None, ""),
    ],
    ids=["length", "null", "blank", "refused", "repeated", "repeated to the end", "dotted line", "column", "whole"],
)
def test_a_text_says_what_is_missing_of_it(
    open_reader: MakeReader, script: Script, newest: str, draw: Draw, text: str | None, reason: str, kept: str | None, missing: str
) -> None:
    marked = (250, 0, 0)
    script.answer = lambda prompt, colour: (text, reason) if prompt == "OCR:" and colour[0] > colour[1] + 50 else ("words", "stop")
    _, reading, _ = open_reader(newest, PAGE, script.url).read(draw(), draw(marked), draw())
    title, block, table, formula = reading.blocks
    assert block.missing == missing
    assert kept is None or block.text == kept
    assert title.missing == missing  # the same prompt
    assert (table.missing, formula.missing) == ("", "")


def test_only_the_page_of_an_answer_tells_of_it(open_reader: MakeReader, script: Script, newest: str, draw: Draw) -> None:
    script.answer = lambda _, colour: ("words", "length" if colour[0] > colour[1] + 50 else "stop")
    readings = open_reader(newest, PAGE, script.url).read(draw(), draw((250, 0, 0)), draw())
    assert [[block.missing for block in reading.blocks] for reading in readings] == [[""] * 4, [CUT_OFF] * 4, [""] * 4]


@pytest.mark.parametrize(
    ("text", "kept", "form"),
    [
        ("<fcel>a<fcel>b<nl><fcel>c<fcel>d", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", TextFormat.HTML),
        ("<ecel><fcel>b<nl><ecel><fcel>d<nl>", "<table><tr><td></td><td>b</td></tr><tr><td></td><td>d</td></tr></table>", TextFormat.HTML),
        ("<ecel><ecel><nl>", "<table><tr><td></td><td></td></tr></table>", TextFormat.HTML),
        ("<fcel>a<lcel><nl><ucel><xcel><nl>", '<table><tr><td rowspan="2" colspan="2">a</td></tr><tr></tr></table>', TextFormat.HTML),
        ("no cells at all", "no cells at all", TextFormat.PLAIN),
        ("<nl>", "<nl>", TextFormat.PLAIN),
        ("<lcel><nl>", "<lcel><nl>", TextFormat.PLAIN),
        ("", "", TextFormat.PLAIN),
    ],
    ids=["cells", "first empty", "all empty", "spans", "words", "row only", "span only", "nothing"],
)
def test_a_table_says_what_is_missing_of_it(
    open_reader: MakeReader, script: Script, newest: str, draw: Draw, text: str, kept: str, form: TextFormat
) -> None:
    script.says(text, "length", prompt=TABLE)
    (reading,) = open_reader(newest, PAGE, script.url).read(draw())
    table = reading.blocks[2]
    assert (table.text, table.format) == (kept, form)
    assert CUT_OFF in table.missing
    assert [block.missing for block in reading.blocks if block is not table] == [""] * 3


def test_a_formula_says_what_is_missing_of_it(open_reader: MakeReader, script: Script, newest: str, draw: Draw) -> None:
    script.says("\\[ x = ", "length", prompt=FORMULA)
    (reading,) = open_reader(newest, PAGE, script.url).read(draw())
    assert [block.missing for block in reading.blocks] == ["", "", "", CUT_OFF]
    assert "\ue0f0" not in reading.blocks[3].text


@pytest.mark.parametrize(
    "text",
    ["\ue0f00123456789abcdef:1\ue0f1", "\ue0f0:1\ue0f1", "\ue0f0" * 1000, "\ue0f1\ue0f0", "\ue0f0x:99999999999999999999\ue0f1"],
    ids=["mark", "no word", "many", "turned", "large"],
)
@pytest.mark.parametrize("reason", ["stop", "length"])
def test_hostile_text_fakes_nothing(open_reader: MakeReader, script: Script, newest: str, draw: Draw, text: str, reason: str) -> None:
    script.says(f"<fcel>{text}<fcel>b<nl>", reason, prompt=TABLE)
    (reading,) = open_reader(newest, PAGE, script.url).read(draw())
    table = reading.blocks[2]
    assert table.missing == (CUT_OFF if reason == "length" else "")
    assert text in table.text


def test_the_native_model_says_where_it_was_cut_off(open_reader: MakeReader, newest: str, draw: Draw) -> None:
    """The stand-in's random weights never end an answer."""
    readings = open_reader(newest, PAGE).read(draw(), draw())
    assert all(CUT_OFF in block.missing for reading in readings for block in reading.blocks)
    assert all("\ue0f0" not in block.text for reading in readings for block in reading.blocks)


def test_the_native_model_ends_answers_too(open_reader: MakeReader, newest: str, draw: Draw) -> None:
    """As if the token that it always writes last were the one that ends an answer."""
    reader = open_reader(newest, PAGE)
    with changed(reader, end_every_answer):
        (reading,) = reader.read(draw())
    assert all(block.missing in ("", EMPTY) for block in reading.blocks)


def test_a_mark_that_no_block_carries_sends_the_pages_to_be_read_alone(
    open_reader: MakeReader, script: Script, newest: str, draw: Draw
) -> None:
    reader = open_reader(newest, PAGE, script.url)
    script.says("<fcel>a", "length", prompt=TABLE)
    with changed(reader, lose_tables):
        with pytest.raises(LostAnswerError, match="1 answers"):
            reader.read(draw(), draw())
        (reading,) = reader.read(draw())
    assert [block.label for block in reading.blocks] == ["paragraph_title", "text", "display_formula"]
    assert reading.blocks[0].missing.startswith("somewhere on this page: cut off")
    assert (reading.blocks[1].missing, reading.blocks[2].missing) == ("", "")


def test_another_number_of_results_fails_the_call(open_reader: MakeReader, script: Script, newest: str, draw: Draw) -> None:
    reader = open_reader(newest, PAGE, script.url)
    with changed(reader, drop_last), pytest.raises(Exception, match="1 results of 2 pages"):
        reader.read(draw(), draw())


# What follows runs in the child, on the pipeline that it has built.

_undo: list[Callable[[], None]] = []


@contextmanager
def changed(reader: Reader, change: Callable[[], None]) -> Iterator[None]:
    reader.call(change)
    try:
        yield
    finally:
        reader.call(undo)


def undo() -> None:
    while _undo:
        _undo.pop()()


def pipeline() -> Any:
    return child._engine._pipeline._paddle  # type: ignore[union-attr]


def replaced(owner: Any, name: str, value: object) -> None:
    _undo.append(partial(setattr, owner, name, getattr(owner, name)))
    setattr(owner, name, value)


def end_every_answer() -> None:
    model = pipeline().paddlex_pipeline._pipeline.vl_rec_model.infer._model
    generate = model.generate

    def ended(*args: object, **options: object) -> object:
        tokens, *rest = generate(*args, **options)
        tokens[:, -1] = 2  # the tokenizer's number of it
        return (tokens, *rest)

    replaced(model, "generate", ended)


def lose_tables() -> None:
    """As if the pipeline dropped a block after it was read."""
    predict = pipeline().predict_iter

    def without_tables(*args: object, **options: object) -> Iterator[Any]:
        for result in predict(*args, **options):
            result["parsing_res_list"] = [block for block in result["parsing_res_list"] if block.label != "table"]
            yield result

    replaced(pipeline(), "predict_iter", without_tables)


def drop_last() -> None:
    predict = pipeline().predict_iter
    replaced(pipeline(), "predict_iter", lambda *args, **options: list(predict(*args, **options))[:-1])


def test_children_are_other_processes(open_reader: MakeReader, script: Script, newest: str) -> None:
    assert open_reader(newest, PAGE, script.url).call(os.getpid) != os.getpid()
