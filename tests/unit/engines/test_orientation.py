from __future__ import annotations

import pytest
from PIL import Image

from watcher.engines.orientation import box_before_turn, turn


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_box_found_on_the_turned_page_covers_the_same_pixels_before(degrees: int) -> None:
    page = Image.new("L", (70, 40), color=255)
    page.paste(0, (5, 8, 25, 18))
    turned = turn(page, degrees)
    box = turned.point(lambda value: 255 - value).getbbox()
    assert box is not None
    assert box_before_turn(box, degrees, page.width, page.height) == (5, 8, 25, 18)


def test_degrees_count_counterclockwise() -> None:
    page = Image.new("L", (3, 2), color=255)
    page.putpixel((0, 0), 0)
    assert turn(page, 90).getpixel((0, 2)) == 0
