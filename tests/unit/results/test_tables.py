from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.results.tables import safe_table

ALLOWED = {"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "br", "sub", "sup", "div"}


class Seen(HTMLParser):
    """The tags and attributes of some HTML, and whether it holds a comment or declaration."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.other: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def test_a_table_keeps_its_structure_one_row_a_line() -> None:
    html = '<table border=1 style="x"><tr><td rowspan="2" colspan=\'3\' class="c">10<sup>5</sup></td>\n\n<td>a<br>b</td></tr><tr><td>&lt;i&gt;</td></tr></table>'

    assert safe_table(html) == (
        '<table><tbody><tr><td rowspan="2" colspan="3">10<sup>5</sup></td> <td>a<br>b</td></tr>\n<tr><td>&lt;i&gt;</td></tr>\n</tbody></table>'
    )


@pytest.mark.parametrize("span", ["0", "-1", "1001", "99999999999", "2;x", "٣", "", "1e3"])
def test_spans_that_are_no_plausible_number_are_left_out(span: str) -> None:
    assert safe_table(f'<table><tr><td colspan="{span}">a</td></tr></table>') == "<table><tbody><tr><td>a</td></tr>\n</tbody></table>"


def test_text_beside_a_table_is_wrapped_so_that_markdown_does_not_read_it() -> None:
    assert safe_table("[x](javascript:y)<table><tr><td>a</td></tr></table>").startswith("<div>[x](javascript:y)<table>")
    assert safe_table("<table></table>[x](javascript:y)<table></table>").startswith("<div>")


PIECES = st.lists(
    st.sampled_from(
        ["<table>", "</table>", "<tr>", "<td>", "</td>", "</tr>", "<td colspan=2 onclick=x>", "<script>alert(1)</script>", "<style>", "<img src=x onerror=y>", "<svg><a href='javascript:x'>", "<!-- page 7 -->",
         "<![CDATA[x]]>", "<a href=javascript:x>", "<math><mtext><table><mglyph><style>", "\n\n", "a", "&lt;script&gt;", "<br>", "<th rowspan='\"><script>'>", "<plaintext>", "<template>", "<noscript><p title='</noscript><img>'>"]
    ),
    max_size=15,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.one_of(PIECES, st.text(max_size=60)))
def test_nothing_but_a_table_comes_through(html: str) -> None:
    table = safe_table(html)
    seen = Seen(table)

    assert set(seen.tags) <= ALLOWED
    assert {name for name, _ in seen.attributes} <= {"rowspan", "colspan"}
    assert seen.other == []
    assert table.startswith(("<table>", "<div>"))
    assert "\n\n" not in table
    assert safe_table(table) == table
    assert all(line.strip() for line in table.splitlines())
