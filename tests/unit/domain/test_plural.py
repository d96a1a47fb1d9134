"""Numbers and the words beside them agree."""

from __future__ import annotations

import pytest

from watcher.domain.errors import DocumentError, ErrorCode
from watcher.domain.plural import Counted
from watcher.domain.russian import in_russian


@pytest.mark.parametrize(("number", "told"), [(0, "0 pages"), (1, "1 page"), (2, "2 pages"), (21, "21 pages")])
def test_english_knows_one_and_many(number: int, told: str) -> None:
    assert f"{Counted(number):# page|# pages}" == told


@pytest.mark.parametrize(
    ("numbers", "word"),
    [
        ((1, 21, 31, 101, 121), "страница"),
        ((2, 3, 4, 22, 24, 104), "страницы"),
        ((0, 5, 10, 11, 12, 13, 14, 20, 25, 100, 111, 112, 114), "страниц"),
    ],
)
def test_russian_goes_by_the_last_digits(numbers: tuple[int, ...], word: str) -> None:
    assert [f"{Counted(number):# страница|# страницы|# страниц}" for number in numbers] == [f"{number} {word}" for number in numbers]


@pytest.mark.parametrize(("number", "told"), [(1, "одна"), (21, "21 страница"), (2, "2 страницы"), (11, "11 страниц")])
def test_exactly_one_may_have_words_of_its_own(number: int, told: str) -> None:
    assert f"{Counted(number):одна|# страница|# страницы|# страниц}" == told


def test_a_number_alone_is_a_number() -> None:
    assert f"{Counted(1000)}" == "1000"
    with pytest.raises(ValueError, match="two to four forms, not 5"):
        format(Counted(1), "a|b|c|d|e")


@pytest.mark.parametrize(
    ("details", "english", "russian"),
    [
        ({"found": 1, "total": 9}, "Page 7 of 9 cannot be read. Save", "Не удаётся прочитать страницу 7 из 9. Сохраните"),
        (
            {"found": 2, "total": 10},
            "2 of 10 pages cannot be read, the first is page 7. Save",
            "Не удаётся прочитать 2 страницы из 10, первая из них — 7-я. Сохраните",
        ),
        (
            {"found": 21, "total": 50},
            "21 of 50 pages cannot be read, the first is page 7. Save",
            "Не удаётся прочитать 21 страницу из 50, первая из них — 7-я. Сохраните",
        ),
    ],
)
def test_unreadable_pages_are_told_as_people_say_it(details: dict[str, int], english: str, russian: str) -> None:
    error = DocumentError(ErrorCode.PAGE_UNREADABLE, 7, **details)
    assert error.message.startswith(english)
    assert in_russian(error).startswith(russian)


@pytest.mark.parametrize(
    ("code", "found", "english", "russian"),
    [
        (ErrorCode.WORKER_LOST, 1, "The only attempt ended with", "Единственная попытка кончилась тем, что служба"),
        (ErrorCode.WORKER_LOST, 3, "Every one of the 3 attempts ended with", "Все попытки (3) кончились тем, что служба"),
        (ErrorCode.TOO_MANY_PAGES, 5001, "The document has 5001 pages,", "В документе 5001 страница, а допускается"),
        (ErrorCode.TOO_MANY_PAGES, 5002, "The document has 5002 pages,", "В документе 5002 страницы, а допускается"),
        (ErrorCode.TOO_MANY_PIXELS, 11, "An image of 11 pixels", "В изображении 11 пикселей, а допускается"),
        (ErrorCode.FILE_TOO_LARGE, 22, "The file has 22 bytes,", "Файл занимает 22 байта, а параметр"),
    ],
)
def test_other_counts_too(code: ErrorCode, found: int, english: str, russian: str) -> None:
    error = DocumentError(code, found=found, limit=10, setting="limits.file_bytes")
    assert error.message.startswith(english)
    assert in_russian(error).startswith(russian)


@pytest.mark.parametrize(
    ("limit", "told"), [(1, "больше 1 байта памяти"), (2, "больше 2 байт памяти"), (2**31, "больше 2147483648 байт памяти")]
)
def test_a_limit_of_bytes_is_told_in_its_case(limit: int, told: str) -> None:
    assert told in in_russian(DocumentError(ErrorCode.PARSER_MEMORY, limit=limit))
