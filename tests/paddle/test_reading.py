"""What the pipeline makes of pages, as blocks: labels, boxes, formats, figures, order; several pages a call; both backends."""

from __future__ import annotations

from io import BytesIO

import pytest
from doubles.paddle_reader import Draw, MakeReader
from PIL import Image
from servers.scripted_model import Script

from watcher.domain.page import TextFormat
from watcher.engines.port import ReadBlock

ONE = [("text", 0.1, 0.1, 0.9, 0.3)]
RICH = [
    ("header", 0.1, 0.0, 0.9, 0.03),
    ("doc_title", 0.1, 0.04, 0.9, 0.08),
    ("text", 0.1, 0.1, 0.9, 0.2),
    ("table", 0.1, 0.22, 0.9, 0.5),
    ("image", 0.2, 0.25, 0.5, 0.45),
    ("display_formula", 0.1, 0.52, 0.8, 0.56),
    ("formula_number", 0.82, 0.52, 0.9, 0.56),
    ("image", 0.1, 0.6, 0.5, 0.7),
    ("chart", 0.5, 0.6, 0.9, 0.7),
    ("seal", 0.1, 0.72, 0.3, 0.8),
    ("footer_image", 0.1, 0.9, 0.2, 0.95),
    ("number", 0.5, 0.97, 0.6, 1.0),
]
WORDS = {
    "OCR:": "Words of the page, where $a<b$",
    "Table Recognition:": "<fcel>Name<fcel>Sum<nl><fcel>A & B<fcel>[F2]<nl>",
    "Formula Recognition:": "\\[ e = m c^2 \\]",
    "Chart Recognition:": "Year | Sum\n2024 | <5>\n2025 | 6",
    "Seal Recognition:": "SEAL",
}


def by_label(blocks: tuple[ReadBlock, ...]) -> dict[str, ReadBlock]:
    return {block.label: block for block in blocks}


@pytest.mark.parametrize("served", [False, True], ids=["native", "server"])
def test_a_page_becomes_blocks_with_boxes_in_its_pixels(
    open_reader: MakeReader, script: Script, release: str, draw: Draw, served: bool
) -> None:
    reader = open_reader(release, ONE, script.url if served else "")
    (reading,) = reader.read(draw())
    (block,) = reading.blocks
    assert (block.label, block.format) == ("text", TextFormat.MARKDOWN)
    assert block.box == pytest.approx((60, 80, 540, 240), abs=1)
    assert block.text
    assert reading.seconds > 0
    assert reading.remarks == ()


def test_labels_decide_what_is_asked_and_how_the_answer_is_written(
    open_reader: MakeReader, script: Script, release: str, draw: Draw
) -> None:
    script.answer = lambda prompt, _: (WORDS[prompt], "stop")
    (reading,) = open_reader(release, RICH, script.url, charts=True, seals=True).read(draw())
    found = by_label(reading.blocks)
    assert {label for label, *_ in RICH} == set(found)
    assert not any(block.missing for block in reading.blocks)
    assert (found["doc_title"].text, found["doc_title"].format) == (WORDS["OCR:"], TextFormat.MARKDOWN)
    assert (found["number"].format, found["formula_number"].format) == (TextFormat.PLAIN, TextFormat.PLAIN)
    assert found["table"].format is TextFormat.HTML
    assert "<td>A &amp; B</td>" in found["table"].text
    assert (found["display_formula"].text, found["display_formula"].format) == ("e = m c^2", TextFormat.LATEX)
    assert found["chart"].format is TextFormat.HTML
    assert "<td>&lt;5&gt;</td>" in found["chart"].text
    assert found["seal"].text == ("" if release == "v1" and "Seal Recognition:" not in script.asked else "SEAL")


def test_blocks_stand_in_the_pipelines_order_and_a_tables_picture_behind_it(
    open_reader: MakeReader, script: Script, release: str, draw: Draw
) -> None:
    script.answer = lambda prompt, _: (WORDS[prompt], "stop")
    (reading,) = open_reader(release, RICH, script.url).read(draw())
    assert [block.label for block in reading.blocks] == [label for label, *_ in RICH]


def test_pictures_are_kept_as_jpeg_of_their_box(open_reader: MakeReader, script: Script, release: str, draw: Draw) -> None:
    (reading,) = open_reader(release, RICH, script.url).read(draw((200, 30, 30)))
    pictures = [block for block in reading.blocks if block.figure is not None]
    assert sorted(block.label for block in pictures) == ["chart", "footer_image", "image", "image", "seal"]
    for block in pictures:
        image = Image.open(BytesIO(block.figure or b""))
        left, top, right, bottom = block.box
        assert (image.format, image.size) == ("JPEG", (right - left, bottom - top))
        red, green, blue = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
        assert red > 150 > 100 > green
        assert blue < 100


def test_charts_and_seals_are_not_read_unless_that_is_set(open_reader: MakeReader, script: Script, release: str, draw: Draw) -> None:
    script.asked.clear()
    (reading,) = open_reader(release, RICH, script.url).read(draw())
    assert not {"Chart Recognition:", "Seal Recognition:"} & set(script.asked)
    assert (by_label(reading.blocks)["chart"].text, by_label(reading.blocks)["seal"].text) == ("", "")


def test_a_picture_is_not_lost_where_another_page_has_a_table_around_the_same_box(
    open_reader: MakeReader, script: Script, release: str, draw: Draw
) -> None:
    """Pages of one call: the pipeline names pictures by label and box alone."""
    readings = open_reader(release, RICH, script.url).read(draw(), draw())
    assert [[block.label for block in reading.blocks] for reading in readings] == [[label for label, *_ in RICH]] * 2


def test_pages_of_a_call_keep_their_order_and_sizes(open_reader: MakeReader, script: Script, release: str, draw: Draw) -> None:
    colours = {(250, 0, 0): "red", (0, 250, 0): "green", (0, 0, 250): "blue"}

    def named(_: str, colour: tuple[int, int, int]) -> tuple[str, str]:
        return min(colours.items(), key=lambda known: sum(abs(a - b) for a, b in zip(known[0], colour, strict=True)))[1], "stop"

    script.answer = named
    pages = [draw(colour, (300 + 100 * index, 400)) for index, colour in enumerate(colours)]
    readings = open_reader(release, ONE, script.url).read(*pages)
    assert [reading.blocks[0].text for reading in readings] == ["red", "green", "blue"]
    for reading, box in zip(readings, [(30, 40, 270, 120), (40, 40, 360, 120), (50, 40, 450, 120)], strict=True):
        assert reading.blocks[0].box == pytest.approx(box, abs=1)


def test_a_page_on_which_nothing_is_found_is_without_blocks(open_reader: MakeReader, script: Script, release: str, draw: Draw) -> None:
    assert [reading.blocks for reading in open_reader(release, [], script.url).read(draw(), draw())] == [(), ()]


@pytest.mark.parametrize("size", [(1, 1), (2, 4000), (4000, 3), (3000, 12)])
@pytest.mark.parametrize("served", [False, True], ids=["native", "server"])
def test_pages_of_any_shape_are_read(
    open_reader: MakeReader, script: Script, newest: str, draw: Draw, size: tuple[int, int], served: bool
) -> None:
    (reading,) = open_reader(newest, ONE, script.url if served else "").read(draw(size=size))
    for block in reading.blocks:
        left, top, right, bottom = block.box
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        assert block.text


def test_a_box_of_no_pixels_does_not_fail_the_page(open_reader: MakeReader, script: Script, newest: str, draw: Draw) -> None:
    boxes = [("text", 0.1, 0.1, 0.1001, 0.5), ("text", 0.1, 0.6, 0.9, 0.8)]
    (reading,) = open_reader(newest, boxes, script.url).read(draw())
    assert [block.text for block in reading.blocks] == ["words"]


def test_a_text_that_flows_on_beside_is_read_with_the_first_part(open_reader: MakeReader, script: Script, release: str, draw: Draw) -> None:
    """The pipeline joins such crops before it reads them: the second block keeps its place, without text and with nothing missing."""
    beside = [("text", 0.1, 0.1, 0.45, 0.3), ("text", 0.5, 0.1, 0.9, 0.3)]
    (reading,) = open_reader(release, beside, script.url).read(draw())
    assert [(block.text, block.missing) for block in reading.blocks] == [("words", ""), ("", "")]
    assert script.asked == ["OCR:"]
