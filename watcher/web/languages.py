"""Which language a reader wants, and how numbers, sizes and durations are written in it."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "ru"]

_LANGUAGES: dict[str, Language] = {"en": "en", "ru": "ru"}

_UNITS: dict[Language, tuple[tuple[str, int], ...]] = {
    "en": (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)),
    "ru": (("д", 86400), ("ч", 3600), ("мин", 60), ("с", 1)),
}
_SIZES: dict[Language, tuple[str, ...]] = {"en": ("bytes", "KB", "MB", "GB", "TB"), "ru": ("байт", "КБ", "МБ", "ГБ", "ТБ")}


def preferred(asked: str, accepted: str) -> Language:
    """`asked` for by the address, else the first of ours by the weights of the header `Accept-Language`, else English."""
    if asked in _LANGUAGES:
        return _LANGUAGES[asked]
    weights: dict[Language, float] = {"en": 0.0, "ru": 0.0}
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";q=")
        language = _LANGUAGES.get(tag.lower().partition("-")[0])
        if language:
            weights[language] = max(weights[language], _weight(weight))
    return "ru" if weights["ru"] > weights["en"] else "en"


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0) if text else 1.0
    except ValueError:
        return 0.0


def number(value: float, language: Language) -> str:
    """Three figures at most, whole from 10 on: 0.25, 3.5, 12, 12 345."""
    whole = value >= 9.95 or abs(value - round(value)) < 0.005
    text = f"{value:,.0f}" if whole else f"{value:.1f}" if value >= 0.995 else f"{value:.2f}"
    return text.replace(",", "\N{NO-BREAK SPACE}").replace(".", "," if language == "ru" else ".")


def size(count: int, language: Language) -> str:
    """Of a file, by powers of 1000."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_SIZES[language]) - 1:
        value, unit = value / 1000, unit + 1
    return f"{number(value, language)}\N{NO-BREAK SPACE}{_SIZES[language][unit]}"


def duration(seconds: float, language: Language) -> str:
    """Its two largest units: `2 h 5 min`, `45 s`."""
    left, parts = int(max(seconds, 0.0) + 0.5), list[str]()
    for unit, length in _UNITS[language]:
        count, left = divmod(left, length)
        if count or parts or length == 1:
            parts.append(f"{count}\N{NO-BREAK SPACE}{unit}")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0") or len(parts) == 1)
