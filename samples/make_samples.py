"""Make the three sample documents that `make run` reads, each with the words that stand on it.

    python samples/make_samples.py [FOLDER]

The files are committed, so that nobody needs the fonts to try the program. Needs Pillow and DejaVu (Debian: fonts-dejavu-core).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import gmtime

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

FONTS = Path("/usr/share/fonts/truetype/dejavu")
DPI = 150
PAGE = (1240, 1754)  # A4 at 150 dpi, in pixels
MARGIN = 130
PAPER, INK, RULE = 255, 20, 90  # grey levels
EPOCH = gmtime(0)  # the PDF's dates: the same bytes from every run


@dataclass(frozen=True)
class Style:
    face: str
    size: int  # pixels

    def font(self) -> ImageFont.FreeTypeFont:
        try:
            return ImageFont.truetype(FONTS / f"{self.face}.ttf", self.size)
        except OSError:
            raise SystemExit(f"The font {FONTS / self.face}.ttf is not there: apt-get install fonts-dejavu-core") from None


TITLE = Style("DejaVuSerif-Bold", 40)
HEADING = Style("DejaVuSans-Bold", 30)
SERIF = Style("DejaVuSerif", 25)
SANS = Style("DejaVuSans", 24)
BOLD = Style("DejaVuSans-Bold", 24)

Text = tuple[Style, str]

LETTER: Sequence[Text] = (
    (TITLE, "Harbour Street Library"),
    (SERIF, "14 March 1987"),
    (SERIF, "Dear members of the reading circle,"),
    (
        SERIF,
        "The repairs to the east roof are finished, and the reading room opens again on Monday. During the winter we moved four thousand "
        "volumes to the cellar. They are now back on their shelves, and for the first time every one of them has a card in the catalogue.",
    ),
    (
        SERIF,
        "Twenty-seven books are still missing. Most of them were lent before the fire, so please look at home once more: a book that "
        "comes back this month costs nobody anything.",
    ),
    (
        SERIF,
        "The circle meets on Thursday evenings at seven. In April we read the travel diaries of the harbour pilots, which Mrs. Whitfield "
        "found in a biscuit tin and typed out over three summers.",
    ),
    (SERIF, "With kind regards,"),
    (SERIF, "Edwin Marlowe, librarian"),
)

ORDER: Sequence[Text] = (
    (TITLE, "ПРИКАЗ № 214"),
    (SERIF, "город Вологда, 3 сентября 2024 года"),
    (HEADING, "О проведении инвентаризации архива"),
    (
        SERIF,
        "В связи с переездом архива в новое здание и необходимостью проверки сохранности документов приказываю:",
    ),
    (
        SERIF,
        "1. Провести инвентаризацию всех дел постоянного хранения в период с 9 по 30 сентября.",
    ),
    (
        SERIF,
        "2. Назначить ответственной за проведение работ заведующую архивом Соколову Марину Павловну.",
    ),
    (
        SERIF,
        "3. Повреждённые и неразборчивые документы передать в отдел реставрации, а их цифровые копии разместить в общем хранилище.",
    ),
    (
        SERIF,
        "4. Отчёт о результатах представить директору не позднее 7 октября. Контроль за исполнением приказа оставляю за собой.",
    ),
    (SERIF, "Директор                                      А. В. Громов"),
)

STOCK_INTRO: Sequence[Text] = (
    (TITLE, "Workshop stock"),
    (SANS, "Counted on 30 June. Quantities are pieces unless the unit says otherwise. The list goes on overleaf."),
)
STOCK_END: Sequence[Text] = (
    (HEADING, "Notes"),
    (SANS, "Items below twenty pieces were ordered again on the same day. Prices are in roubles, without tax."),
)
STOCK_HEAD = ("Item", "Unit", "Quantity", "Price")
STOCK_ROWS = tuple(  # by page
    [tuple(row.split(", ")) for row in page]
    for page in (
        (
            "Hexagon bolt, piece, 1240, 14.50",
            "Lock washer, piece, 3100, 2.10",
            "Copper pipe, metre, 86, 412.00",
            "Ball valve, piece, 18, 655.00",
            "Rubber gasket, piece, 440, 9.75",
            "Pressure gauge, piece, 12, 1890.00",
        ),
        (
            "Machine oil, litre, 75, 320.00",
            "Grinding disc, piece, 160, 88.40",
            "Safety goggles, pair, 24, 275.00",
            "Work gloves, pair, 130, 64.00",
            "Cable drum, metre, 500, 37.90",
        ),
    )
)
STOCK_COLUMNS = (0, 440, 620, 800, 980)  # left edges of the cells and the right edge of the last, from the margin
ROW_HEIGHT = 56


def blank_page() -> Image.Image:
    return Image.new("L", PAGE, PAPER)


def write_texts(page: Image.Image, texts: Sequence[Text], top: int) -> int:
    """Write each text as a paragraph wrapped to the margins; returns the y below the last."""
    draw = ImageDraw.Draw(page)
    for style, text in texts:
        font = style.font()
        wrapped = wrap(text, font, PAGE[0] - 2 * MARGIN)
        draw.multiline_text((MARGIN, top), wrapped, font=font, fill=INK, spacing=style.size * 0.5)
        lines = wrapped.count("\n") + 1
        top += round(lines * style.size * 1.65 + style.size * 0.9)
    return top


def wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    lines: list[str] = []
    for word in text.split(" "):
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def draw_table(page: Image.Image, rows: Sequence[Sequence[str]], top: int) -> int:
    """Draw a ruled table under the stock list's headings; returns the y below it."""
    draw = ImageDraw.Draw(page)
    edges = [MARGIN + x for x in STOCK_COLUMNS]
    for index, row in enumerate((STOCK_HEAD, *rows)):
        font = (SANS if index else BOLD).font()
        for left, cell in zip(edges, row, strict=False):  # one more edge than cells
            draw.text((left + 16, top + index * ROW_HEIGHT + 13), cell, font=font, fill=INK)
    bottom = top + (len(rows) + 1) * ROW_HEIGHT
    for y in range(top, bottom + 1, ROW_HEIGHT):
        draw.line((edges[0], y, edges[-1], y), fill=RULE, width=2)
    for x in edges:
        draw.line((x, top, x, bottom), fill=RULE, width=2)
    return bottom + ROW_HEIGHT


def scanned(page: Image.Image, seed: int) -> Image.Image:
    """The page as an old scanner gives it: a little crooked, soft, grey to one side, with grain."""
    crooked = page.rotate(0.7, resample=Image.Resampling.BICUBIC, fillcolor=PAPER).filter(ImageFilter.GaussianBlur(0.7))
    shade = Image.linear_gradient("L").rotate(90).resize(PAGE).point(lambda level: 225 + level * 25 // 255)
    grain = Image.frombytes("L", PAGE, random.Random(seed).randbytes(PAGE[0] * PAGE[1])).point(lambda level: level // 9)  # noqa: S311
    return ImageChops.subtract(ImageChops.multiply(crooked, shade), grain)


def english_scan() -> Image.Image:
    page = blank_page()
    write_texts(page, LETTER, top=180)
    return scanned(page, seed=1987)


def russian_page() -> Image.Image:
    page = blank_page()
    write_texts(page, ORDER, top=180)
    return page


def stock_pages() -> list[Image.Image]:
    first, second = blank_page(), blank_page()
    draw_table(first, STOCK_ROWS[0], write_texts(first, STOCK_INTRO, top=140))
    write_texts(second, STOCK_END, draw_table(second, STOCK_ROWS[1], top=140))
    return [first, second]


def stock_words() -> str:
    def table(rows: Sequence[Sequence[str]]) -> list[str]:
        return [" ".join(row) for row in (STOCK_HEAD, *rows)]

    first = [text for _, text in STOCK_INTRO] + table(STOCK_ROWS[0])
    second = table(STOCK_ROWS[1]) + [text for _, text in STOCK_END]
    return "\f".join("\n".join(page) + "\n" for page in (first, second))


def words(texts: Sequence[Text]) -> str:
    return "".join(f"{' '.join(text.split())}\n" for _, text in texts)


def make_samples(folder: Path) -> None:
    """Write the documents and, beside each, `<name>.txt` with its words (pages split by a form feed)."""
    folder.mkdir(parents=True, exist_ok=True)
    english_scan().save(folder / "english-scan.jpg", quality=55, dpi=(DPI, DPI))
    russian_page().save(folder / "russian-page.png", optimize=True, dpi=(DPI, DPI))
    first, *others = stock_pages()
    first.save(
        folder / "table-two-pages.pdf",
        save_all=True,
        append_images=others,
        resolution=DPI,
        quality=80,
        title="Workshop stock",
        creationDate=EPOCH,
        modDate=EPOCH,
    )
    (folder / "english-scan.txt").write_text(words(LETTER), encoding="utf-8")
    (folder / "russian-page.txt").write_text(words(ORDER), encoding="utf-8")
    (folder / "table-two-pages.txt").write_text(stock_words(), encoding="utf-8")


if __name__ == "__main__":
    make_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
