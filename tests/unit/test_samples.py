"""The committed samples are what the script makes, so that neither drifts from the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageStat

SAMPLES = Path(__file__).parents[2] / "samples"
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf")
NAMES = ("english-scan.jpg", "russian-page.png", "table-two-pages.pdf")
MEAN_DIFFERENCE = 3  # grey levels of 255; another version of the font or of its renderer moves single pixels


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not FONT.exists():
        reason = "DejaVu is not installed: apt-get install fonts-dejavu-core"
        pytest.fail(reason, pytrace=False) if os.environ.get("CI") else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, SAMPLES / "make_samples.py", folder], check=True)
    return folder


def pages(path: Path) -> Iterator[Image.Image]:
    if path.suffix != ".pdf":
        with Image.open(path) as image:
            yield image.convert("L")
        return
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            yield page.render().to_pil().convert("L")


@pytest.mark.parametrize("name", NAMES)
def test_committed_sample_looks_like_the_one_that_the_script_makes(made: Path, name: str) -> None:
    ours, theirs = list(pages(SAMPLES / name)), list(pages(made / name))
    assert [page.size for page in ours] == [page.size for page in theirs]
    for our, their in zip(ours, theirs, strict=True):
        (difference,) = ImageStat.Stat(ImageChops.difference(our, their)).mean
        assert difference < MEAN_DIFFERENCE
        (ink,) = ImageStat.Stat(our).stddev
        assert ink > 3 * MEAN_DIFFERENCE, "a page this even could not differ by more than is allowed"


@pytest.mark.parametrize("name", NAMES)
def test_committed_words_are_those_of_the_script(made: Path, name: str) -> None:
    words = Path(name).with_suffix(".txt")
    assert (SAMPLES / words).read_bytes() == (made / words).read_bytes()


def test_words_have_a_part_for_each_page_of_their_document() -> None:
    assert [(SAMPLES / name).with_suffix(".txt").read_text(encoding="utf-8").count("\f") + 1 for name in NAMES] == [1, 1, 2]
    assert [len(list(pages(SAMPLES / name))) for name in NAMES] == [1, 1, 2]
