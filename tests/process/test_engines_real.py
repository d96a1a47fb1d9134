"""Tesseract and RapidOCR in a real child, on drawn pages whose text is known and on documents of the shared corpus."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from documents.drawn import DPI, FONT, FONT_PACKAGE, drawn_page, drawn_table
from documents.recall import word_recall
from PIL import Image, ImageChops, ImageOps

from watcher.domain.page import Box, EngineInfo
from watcher.engines import child
from watcher.engines.choose import EngineNotFoundError, choose
from watcher.engines.port import EngineSpec, PageImage, PageReading
from watcher.workers.pool import ChildPool, ChildUnstartableError

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
corpus = [pytest.mark.corpus, pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")]

RUSSIAN = """Договор поставки оборудования заключён между двумя сторонами
и вступает в силу с момента его подписания. Поставщик обязуется
передать покупателю товар надлежащего качества, а покупатель
обязуется принять его и оплатить в срок, указанный в договоре."""
ENGLISH = """The supplier shall deliver the equipment to the buyer within
thirty days after the contract has been signed. The buyer shall
accept the goods and pay for them in time, as it is written in
the second chapter of this contract."""


class Reader:
    """One engine in a child."""

    def __init__(self, spec: EngineSpec, folder: Path) -> None:
        self.pool = ChildPool(spec.name, processes=1, memory_bytes=None, calls_per_child=0, initializer=child.load, initargs=(spec,))
        self._folder = folder

    def info(self) -> EngineInfo:
        return self.pool.call(child.try_out, seconds=120)

    def read(self, *images: Image.Image, dpi: float = DPI) -> list[PageReading]:
        pages = []
        for number, image in enumerate(images):
            path = self._folder / f"{number}.png"
            image.save(path, compress_level=1)
            pages.append(PageImage(path, image.width, image.height, dpi))
        readings = self.pool.call(child.read, pages, seconds=240)
        for image, reading in zip(images, readings, strict=True):
            for block in reading.blocks:
                left, top, right, bottom = block.box
                assert 0 <= left < right <= image.width
                assert 0 <= top < bottom <= image.height
                assert block.confidence is None or 0 <= block.confidence <= 1
                assert block.text or block.figure
        return readings

    def text(self, image: Image.Image, dpi: float = DPI) -> str:
        return text_of(self.read(image, dpi=dpi)[0])


def text_of(reading: PageReading) -> str:
    return "\n\n".join(block.text for block in reading.blocks)


def missing(reason: str) -> None:
    """Skips by name where the machine lacks something; in CI it must not."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def font() -> None:
    if not FONT.exists():
        missing(f"{FONT} is not installed: apt-get install {FONT_PACKAGE}")


MakeReader = Callable[[EngineSpec], Reader]


@pytest.fixture(scope="module")
def make_reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeReader]:
    readers: list[Reader] = []

    def make(spec: EngineSpec) -> Reader:
        readers.append(Reader(spec, tmp_path_factory.mktemp(spec.name)))
        return readers[-1]

    yield make
    for reader in readers:
        reader.pool.close()


@pytest.fixture(scope="module")
def tesseract(make_reader: MakeReader) -> Reader:
    try:
        spec = choose("tesseract", "rus+eng", None).spec
    except EngineNotFoundError as error:
        missing(str(error))
    if not (Path(str(spec.options["tessdata"])) / "osd.traineddata").exists():
        missing("osd.traineddata is not installed: apt-get install tesseract-ocr-osd")
    return make_reader(spec)


@pytest.fixture(scope="module")
def rapidocr(make_reader: MakeReader) -> Reader:
    try:
        return make_reader(choose("rapidocr", "eng", None).spec)
    except EngineNotFoundError as error:
        missing(str(error))
        raise


def ink(page: Image.Image) -> Box:
    box = ImageChops.invert(page.convert("L")).getbbox()
    assert box is not None
    return box


def around(boxes: Sequence[Box]) -> Box:
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def test_tesseract_tells_what_it_is(tesseract: Reader) -> None:
    info = tesseract.info()
    assert info.name == "tesseract"
    assert info.version.startswith("5.")
    assert info.models == {"languages": "rus+eng", "orientation": "osd"}
    assert set(info.packages) == {"tesserocr"}


@pytest.mark.usefixtures("font")
class TestTesseractOnDrawnPages:
    def test_paragraphs_are_read_in_order_as_flowing_text(self, tesseract: Reader) -> None:
        page = drawn_page((120, 200, RUSSIAN), (120, 900, ENGLISH))
        (reading,) = tesseract.read(page)
        first, second = reading.blocks
        assert word_recall(RUSSIAN, first.text) >= 0.95
        assert word_recall(ENGLISH, second.text) >= 0.95
        assert "\n" not in first.text + second.text
        assert first.confidence is not None
        assert first.confidence > 0.8

    @pytest.mark.parametrize("degrees", [90, 180, 270])
    def test_turned_pages_read_well_and_boxes_are_those_of_the_page_given(self, tesseract: Reader, degrees: int) -> None:
        page = drawn_page((120, 200, RUSSIAN), (120, 900, ENGLISH)).rotate(degrees, expand=True)
        (reading,) = tesseract.read(page)
        assert word_recall(RUSSIAN + " " + ENGLISH, text_of(reading)) >= 0.95
        assert reading.blocks[0].text.startswith("Договор")
        for found, drawn in zip(around([block.box for block in reading.blocks]), ink(page), strict=True):
            assert abs(found - drawn) <= 15

    def test_a_picture_is_cut_out(self, tesseract: Reader) -> None:
        page = drawn_page((120, 200, RUSSIAN), (120, 1300, ENGLISH))
        picture = Image.effect_mandelbrot((500, 400), (-2, -1.2, 1, 1.2), 100).convert("RGB")
        page.paste(picture, (300, 700))
        (reading,) = tesseract.read(page)
        (figure,) = [block for block in reading.blocks if block.label == "image"]
        left, top, right, bottom = figure.box
        assert left < 500 < right
        assert top < 900 < bottom
        assert figure.figure is not None
        with Image.open(BytesIO(figure.figure)) as cut:
            assert cut.format == "JPEG"
            assert cut.size == (right - left, bottom - top)

    def test_a_ruled_table_is_read_row_by_row(self, tesseract: Reader) -> None:
        rows = [("Товар", "Цена", "Количество"), ("бумага", "250", "14"), ("краска", "1900", "3"), ("щебень", "320", "8")]
        lines = [line.split() for line in tesseract.text(drawn_table(rows)).splitlines() if line]
        assert lines == [list(row) for row in rows]

    def test_several_pages_a_call_keep_their_order(self, tesseract: Reader) -> None:
        readings = tesseract.read(drawn_page((120, 200, RUSSIAN)), drawn_page(), drawn_page((120, 200, ENGLISH)))
        assert [text_of(reading).split(" ")[0] for reading in readings] == ["Договор", "", "The"]

    @pytest.mark.parametrize("mode", ["1", "L"])
    def test_bilevel_and_grey_pages_of_unknown_resolution_are_read(self, tesseract: Reader, mode: str) -> None:
        assert word_recall(RUSSIAN, tesseract.text(drawn_page((120, 200, RUSSIAN)).convert(mode), dpi=0)) >= 0.95


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (65, 11), (600, 800)])
@pytest.mark.parametrize("engine", ["tesseract", "rapidocr"])
def test_pages_with_nothing_on_them_have_no_blocks(engine: str, size: tuple[int, int], request: pytest.FixtureRequest) -> None:
    reader: Reader = request.getfixturevalue(engine)
    (reading,) = reader.read(Image.new("RGB", size, color="white"))
    assert reading.blocks == ()


def test_tesseract_without_its_language_data_does_not_load(make_reader: MakeReader, tmp_path: Path) -> None:
    reader = make_reader(EngineSpec("tesseract", {"languages": "rus", "tessdata": str(tmp_path)}))
    with pytest.raises(ChildUnstartableError, match="RuntimeError"):
        reader.info()


def test_rapidocr_tells_what_it_is(rapidocr: Reader) -> None:
    info = rapidocr.info()
    assert info.name == "rapidocr"
    assert set(info.models) == {"det", "cls", "rec"}
    assert set(info.packages) == {"onnxruntime"}


@pytest.mark.usefixtures("font")
def test_rapidocr_reads_a_drawn_page_as_blocks(rapidocr: Reader) -> None:
    page = drawn_page((120, 200, ENGLISH), (120, 900, "The second block stands lower."))
    (reading,) = rapidocr.read(page)
    first, second = reading.blocks
    assert word_recall(ENGLISH, first.text) >= 0.95
    assert second.text == "The second block stands lower."
    assert first.confidence is not None
    assert first.confidence > 0.8


def corpus_image(name: str) -> tuple[Image.Image, float]:
    with Image.open(CORPUS / "img" / name) as file:
        image = ImageOps.exif_transpose(file)
        return image.convert("L" if image.mode in ("1", "L") else "RGB"), float(file.info.get("dpi", (0, 0))[0])


# Floors are a little below what was measured on Tesseract 5.5.4 and RapidOCR 3.10.0.
@pytest.mark.parametrize(
    ("engine", "name", "floor"),
    [
        pytest.param(*case, marks=corpus)
        for case in [
            ("tesseract", "dedoc-example.bmp", 0.95),
            ("tesseract", "dedoc-example.gif", 0.95),
            ("tesseract", "dedoc-example.webp", 0.95),
            ("tesseract", "ocrmypdf-linn.png", 0.93),
            ("tesseract", "rapidocr-eslav.jpg", 1.0),
            ("tesseract", "tesstest-eurotext.tif", 0.85),
            ("tesseract", "tesstest-phototest.tif", 1.0),
            ("tesseract", "tesstest-phototest-rotated-180.png", 1.0),
            ("rapidocr", "tesstest-eurotext.tif", 0.95),
            ("rapidocr", "tesstest-phototest.tif", 1.0),
            ("rapidocr", "rapidocr-img_exif_orientation.jpg", 1.0),
        ]
    ],
)
def test_word_recall_on_the_corpus(engine: str, name: str, floor: float, request: pytest.FixtureRequest) -> None:
    reader: Reader = request.getfixturevalue(engine)
    truth = (CORPUS / "truth" / f"{name}.txt").read_text(encoding="utf-8")
    assert word_recall(truth, reader.text(*corpus_image(name))) >= floor


@pytest.mark.corpus
@corpus[1]
def test_a_scan_that_lies_on_its_side_reads_upright(tesseract: Reader) -> None:
    text = tesseract.text(*corpus_image("dedoc-orient_1.png"))
    for phrase in ("Ведомственный перечень", "Наименование услуги", "осуществляющего полномочия учредителя"):
        assert phrase in text
