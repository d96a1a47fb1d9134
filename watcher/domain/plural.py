"""Numbers that choose the words beside them: "1 page", "3 pages"; "21 страница", "22 страницы", "25 страниц"."""

from __future__ import annotations


class Counted(int):
    """A number whose format specification holds the words to choose from, `#` in them stands for the number: `{found:# page|# pages}`.

    Two forms: one, all others. Three: the plural rule of Russian, see
    https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html. Four: exactly one, then these three.
    Without a specification it is formatted like any number.
    """

    def __format__(self, forms: str) -> str:
        if not forms:
            return str(int(self))
        return forms.split("|")[self._chosen(forms.count("|") + 1)].replace("#", str(int(self)))

    def _chosen(self, forms: int) -> int:
        if forms == 2:
            return 0 if self == 1 else 1
        if forms == 3:
            return _russian(self)
        if forms == 4:
            return 0 if self == 1 else 1 + _russian(self)
        raise ValueError(f"two to four forms, not {forms}")


def _russian(number: int) -> int:
    """0 as for 1 and 21, 1 as for 2 to 4 and 22 to 24, 2 for all others, 11 to 14 among them."""
    last, last_two = number % 10, number % 100
    if last == 1 and last_two != 11:
        return 0
    return 1 if last in (2, 3, 4) and last_two not in (12, 13, 14) else 2
