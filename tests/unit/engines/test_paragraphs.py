from __future__ import annotations

import pytest

from watcher.engines.paragraphs import Line, join, paragraphs

HEIGHT, WIDTH = 20, 10  # of a line, and of a character


def page(*rows: str, indent: int = 0) -> list[Line]:
    """Lines of monospaced text, 30 pixels apart; leading spaces indent, an empty row leaves a gap."""
    lines = []
    for number, row in enumerate(rows):
        text = row.strip()
        if text:
            left = indent + WIDTH * (len(row) - len(row.lstrip()))
            first = WIDTH * len(text.split()[0])
            lines.append(Line(text, (left, 30 * number, left + WIDTH * len(text), 30 * number + HEIGHT), first))
    return lines


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ((), ""),
        (("one line",), "one line"),
        (("a line that is quite full and", "flows on to the next one, which", "ends."), "a line that is quite full and flows on to the next one, which ends."),
        (("Chapter 1", "a line that is quite full and", "flows on"), "Chapter 1\n\na line that is quite full and flows on"),
        (("a line that is quite full and", "short.", "a line that is quite full, and"), "a line that is quite full and short.\n\na line that is quite full, and"),
        (("a line that is quite full and", "another one follows it, closely", "    An indented line opens another", "paragraph."),
         "a line that is quite full and another one follows it, closely\n\nAn indented line opens another paragraph."),
        (("a line that is quite full and", "", "behind a gap, the next begins"), "a line that is quite full and\n\nbehind a gap, the next begins"),
        (("1. the first point of this list", "2. the second point of the list"), "1. the first point of this list\n\n2. the second point of the list"),
        (("а) первый пункт перечня здесь", "б) второй пункт перечня здесь"), "а) первый пункт перечня здесь\n\nб) второй пункт перечня здесь"),
        (("это произошло зимой, а именно", "19 декабря, в полдень, во дворе"), "это произошло зимой, а именно 19 декабря, в полдень, во дворе"),
        (("слово в конце строки пере-", "носится без черты, как принято"), "слово в конце строки переносится без черты, как принято"),
    ],
)  # fmt: skip
def test_a_line_break_stays_only_where_it_was_meant(rows: tuple[str, ...], text: str) -> None:
    assert paragraphs(page(*rows)) == text


def test_a_centred_title_of_two_lines_is_one_paragraph() -> None:
    assert (
        paragraphs(page("a centred title that takes two", "     lines of the page")) == "a centred title that takes two lines of the page"
    )


def test_the_margin_of_the_page_does_not_count_as_an_indent() -> None:
    rows = ("a line that is quite full and", "flows on to the next one")
    assert paragraphs(page(*rows, indent=400)) == paragraphs(page(*rows))


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("two", "words", "two words"),
        ("divi-", "ded", "divided"),
        ("soft\u00ad", "hyphen", "softhyphen"),
        ("Nord-", "Süd", "Nord- Süd"),
        ("1914-", "1918", "1914- 1918"),
        ("a dash -", "here", "a dash - here"),
        ("我是", "中国人", "我是中国人"),
        ("我是", "Latin", "我是 Latin"),
    ],
)
def test_joining(first: str, second: str, joined: str) -> None:
    assert join(first, second) == joined
