"""HTML that an engine made of a table, reduced to a table: hostile documents reach the browser through it."""

from __future__ import annotations

import re

import nh3

from watcher.results.text import clean

_SPAN_LIMIT = 1000  # what browsers take a larger colspan for, by the HTML standard

_TABLE = {"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td"}
_CELL = {"br", "sub", "sup"}  # without them words run together and 10⁵ reads 105


def _span(_tag: str, _attribute: str, value: str) -> str | None:
    """The value of a rowspan or colspan where it is a plausible number, else the attribute is left out."""
    return value if re.fullmatch(r"[1-9][0-9]{0,3}", value) and int(value) <= _SPAN_LIMIT else None


_CLEANER = nh3.Cleaner(
    tags=_TABLE | _CELL,
    attributes={"td": {"rowspan", "colspan"}, "th": {"rowspan", "colspan"}},
    attribute_filter=_span,
    link_rel=None,
)


def safe_table(html: str) -> str:
    """Well-formed HTML of table tags only, without empty lines, one row a line. Text outside the table stays, in a `<div>` with it.

    What it returned before stays as it is. It begins with `<table` or `<div`, so that Markdown takes it for a block of HTML up to the next empty line.
    """
    table = re.sub("</tr> ?", "</tr>\n", " ".join(_CLEANER.clean(clean(html)).split()))
    return table if re.fullmatch(r"<table>(?:(?!</?table>).)*</table>", table, re.DOTALL) else f"<div>{table}</div>"
