"""Blocks from what the pipeline returns: formats, boxes, pictures that it left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.domain.page import Box, TextFormat
from watcher.engines.paddle.blocks import UNTAKEN, Seen, read_blocks, scaled_back, with_lost
from watcher.engines.port import ReadBlock

SIZE = (1000, 2000)
TABLE = Seen("table", (100, 100, 900, 800), "<table><tr><td>x</td></tr></table>")


def cut(box: Box) -> bytes:
    return repr(box).encode()


def whole(text: str) -> tuple[str, str]:
    return text, ""


def blocks(*seen: Seen, pictures: tuple[Seen, ...] = (), read_labels: tuple[str, ...] = ()) -> tuple[ReadBlock, ...]:
    return read_blocks(seen, pictures, SIZE, whole, cut, read_labels)


@pytest.mark.parametrize(
    ("label", "text", "expected", "form"),
    [
        ("text", " a $x$ ", "a $x$", TextFormat.MARKDOWN),
        ("doc_title", "Title", "Title", TextFormat.MARKDOWN),
        ("algorithm", "for x in y", "for x in y", TextFormat.PLAIN),
        ("seal", "SEAL", "SEAL", TextFormat.PLAIN),
        ("formula_number", "(1)", "(1)", TextFormat.PLAIN),
        ("display_formula", " $$ x^2 $$ ", "x^2", TextFormat.LATEX),
        ("display_formula", "x^2", "x^2", TextFormat.LATEX),
        ("inline_formula", "$a \\$ b$", "a \\$ b", TextFormat.LATEX),
        ("display_formula", "\\[ x \\]", "x", TextFormat.LATEX),
        ("display_formula", "$$ a $$ and $$ b $$", "$$ a $$ and $$ b $$", TextFormat.MARKDOWN),
        ("table", "<table></table>", "<table></table>", TextFormat.HTML),
        ("table", "words", "words", TextFormat.PLAIN),
        ("chart", "A | B\n1 | <2>", "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>&lt;2&gt;</td></tr></table>", TextFormat.HTML),
        ("chart", "no cells", "no cells", TextFormat.PLAIN),
        ("new_label", "text", "text", TextFormat.MARKDOWN),
        ("text", "", "", TextFormat.PLAIN),
    ],
)
def test_the_label_decides_the_format(label: str, text: str, expected: str, form: TextFormat) -> None:
    (block,) = blocks(Seen(label, (0, 0, 10, 10), text))
    assert (block.label, block.text, block.format) == (label, expected, form)


@given(st.tuples(*[st.floats(min_value=-3000, max_value=3000)] * 4))
def test_boxes_are_whole_pixels_of_the_page_and_never_empty(box: tuple[float, float, float, float]) -> None:
    (block,) = blocks(Seen("text", box, "x"))
    left, top, right, bottom = block.box
    assert 0 <= left < right <= SIZE[0]
    assert 0 <= top < bottom <= SIZE[1]


def test_what_is_missing_is_told_at_its_block() -> None:
    found = read_blocks(
        [Seen("text", (0, 0, 9, 9), "a"), Seen("text", (0, 9, 9, 19), "b!")], [], SIZE, lambda t: (t.strip("!"), "cut" * ("!" in t)), cut
    )
    assert [(block.text, block.missing) for block in found] == [("a", ""), ("b", "cut")]


@pytest.mark.parametrize("label", ["image", "header_image", "footer_image", "chart", "seal"])
def test_pictures_keep_their_cut_out(label: str) -> None:
    (block,) = blocks(Seen(label, (10, 20, 30, 40)))
    assert block.figure == cut((10, 20, 30, 40))


def test_a_picture_inside_a_table_follows_it() -> None:
    inside = Seen("image", (200, 200, 300, 300), path="imgs/a.jpg")
    second = Seen("image", (400, 400, 500, 500), path="imgs/b.jpg")
    found = blocks(TABLE, Seen("text", (0, 900, 1000, 1000), "after"), pictures=(inside, second))
    assert [(block.label, block.box) for block in found[1:3]] == [("image", (200, 200, 300, 300)), ("image", (400, 400, 500, 500))]
    assert [block.label for block in found] == ["table", "image", "image", "text"]
    assert found[1].figure == cut((200, 200, 300, 300))


def test_a_picture_that_was_left_out_elsewhere_stands_by_its_height() -> None:
    picture = Seen("image", (0, 300, 100, 400))
    found = blocks(Seen("text", (0, 0, 100, 100), "a"), Seen("text", (0, 500, 100, 600), "b"), pictures=(picture,))
    assert [block.label for block in found] == ["text", "image", "text"]


@pytest.mark.parametrize("box", [(10, 10, 110, 110), (12, 12, 108, 108), (10, 10, 60, 60)], ids=["same", "nearly", "within"])
def test_a_picture_that_is_a_block_already_is_not_doubled(box: Box) -> None:
    assert len(blocks(Seen("image", (10, 10, 110, 110)), pictures=(Seen("image", box),))) == 1


def test_a_seal_whose_text_did_not_get_into_its_table_says_so() -> None:
    seal = Seen("seal", (200, 200, 300, 300), path="imgs/seal.jpg")
    assert blocks(TABLE, pictures=(seal,), read_labels=("seal",))[1].missing == UNTAKEN
    assert blocks(TABLE, pictures=(seal,))[1].missing == ""
    taken = Seen("table", TABLE.box, '<table><tr><td><img src="imgs/seal.jpg">SEAL</td></tr></table>')
    assert blocks(taken, pictures=(seal,), read_labels=("seal",))[1].missing == ""


def test_an_answer_in_no_block_is_told_of_at_the_first_whole_one() -> None:
    page = (ReadBlock("text", (0, 0, 1, 1), missing="cut"), ReadBlock("text", (0, 1, 1, 2), text="b"))
    told = with_lost(page, ["lost", "cut"], SIZE)
    assert [block.missing for block in told] == ["cut", "somewhere on this page: lost; cut"]
    (only,) = with_lost((), ["lost"], SIZE)
    assert (only.box, only.missing) == ((0, 0, 1000, 2000), "somewhere on this page: lost")


def test_boxes_of_a_smaller_page_are_scaled_back() -> None:
    page = (ReadBlock("text", (10, 20, 499, 1000)),)
    assert scaled_back(page, 0.5, SIZE)[0].box == (20, 40, 998, 2000)
    assert scaled_back(page, 1, SIZE) == page
