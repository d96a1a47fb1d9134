"""Which language a browser gets, and how figures look in it."""

from __future__ import annotations

import pytest

from watcher.web.languages import Language, duration, number, preferred, size


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "ru"),
        ("", "en-US,en;q=0.9,ru;q=0.8", "en"),
        ("", "de-DE,de;q=0.9,ru;q=0.5", "ru"),
        ("", "de", "en"),
        ("", "RU", "ru"),
        ("", "ru;q=0, en", "en"),
        ("", "ru;q=x", "en"),
        ("", "ru;q=nan", "en"),
        ("", "rue", "en"),
        ("", "*", "en"),
        ("", ",;,ru;q=;q=1", "en"),
        ("en", "ru", "en"),
        ("ru", "en", "ru"),
        ("xx", "ru", "ru"),
        ("<script>", "", "en"),
    ],
)
def test_language(asked: str, accepted: str, language: Language) -> None:
    assert preferred(asked, accepted) == language


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("value", "en", "ru"),
    [(0, "0", "0"), (0.25, "0.25", "0,25"), (3.46, "3.5", "3,5"), (4, "4", "4"), (12.3, "12", "12"), (1234567, "1 234 567", "1 234 567")],
)
def test_numbers(value: float, en: str, ru: str) -> None:
    assert (plain(number(value, "en")), plain(number(value, "ru"))) == (en, ru)


@pytest.mark.parametrize(
    ("count", "en", "ru"),
    [
        (0, "0 bytes", "0 байт"),
        (999, "999 bytes", "999 байт"),
        (1000, "1 KB", "1 КБ"),
        (999_400, "999 KB", "999 КБ"),
        (999_999, "1 MB", "1 МБ"),
        (1_234_567, "1.2 MB", "1,2 МБ"),
        (5 * 10**9, "5 GB", "5 ГБ"),
        (10**16, "10 000 TB", "10 000 ТБ"),
    ],
)
def test_sizes(count: int, en: str, ru: str) -> None:
    assert (plain(size(count, "en")), plain(size(count, "ru"))) == (en, ru)


@pytest.mark.parametrize(
    ("seconds", "en", "ru"),
    [
        (-1, "0 s", "0 с"),
        (0.4, "0 s", "0 с"),
        (59.6, "1 min", "1 мин"),
        (61, "1 min 1 s", "1 мин 1 с"),
        (3600, "1 h", "1 ч"),
        (3661, "1 h 1 min", "1 ч 1 мин"),
        (86_400 + 59, "1 d", "1 д"),
        (200_000, "2 d 7 h", "2 д 7 ч"),
    ],
)
def test_durations(seconds: float, en: str, ru: str) -> None:
    assert (plain(duration(seconds, "en")), plain(duration(seconds, "ru"))) == (en, ru)
