"""Text of an engine as HTML of the preview: Markdown and TeX are rendered, and all of it goes through a sanitiser. Pure.

No link, picture or HTML of a document becomes one here: these rules of Markdown are off, and the sanitiser knows no such element.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from watcher.results.markdown import formula_body
from watcher.results.preview_formulas import Formulas
from watcher.results.tables import safe_table
from watcher.results.text import clean

_PROSE = {"p", "br", "em", "strong", "s", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "h3", "h4", "h5", "h6"}
_PROSE |= {"table", "thead", "tbody", "tr", "th", "td"}
_MATHEMATICS = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "mstyle", "mpadded", "mphantom", "menclose"}
_MATHEMATICS |= {"msub", "msup", "msubsup", "munder", "mover", "munderover", "mtable", "mtr", "mtd"}
_ATTRIBUTES = {
    "math": {"display"},
    "mo": {"stretchy", "fence", "form", "movablelimits", "minsize", "maxsize"},
    "mi": {"mathvariant"},
    "mn": {"mathvariant"},
    "mtext": {"mathvariant"},
    "mspace": {"width"},
    "mfrac": {"linethickness"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "menclose": {"notation"},
    "mtable": {"columnspacing", "displaystyle"},
    "mtd": {"columnalign"},
    "ol": {"start"},
}
_VALUE = re.compile(r"[a-z][a-z -]{0,30}|-?[0-9]{0,2}(\.[0-9]{1,4})?(em|ex|pt|px|mu)?|[0-9]{1,9}|0em( [02]em)?")
"""Words and small numbers: a space of 9,999 em would push the rest of the page out of sight."""

_CLEANER = nh3.Cleaner(
    tags=_PROSE | _MATHEMATICS,
    attributes=_ATTRIBUTES,
    attribute_filter=lambda _tag, _name, value: value if _VALUE.fullmatch(value) else None,
    link_rel=None,
)
_TEX = re.compile(r"[\\^_=+<>{}]")
_IN_CELL = re.compile(r"(\${1,2})([^$<>]{1,2000})\1")


def formula(text: str, formulas: Formulas) -> Markup | None:
    """A formula that stands by itself; None: to be shown as TeX."""
    drawn = formulas.mathml(formula_body(text), display=True)
    return None if drawn is None else _sanitised(drawn)


def marked(text: str, formulas: Formulas) -> Markup:
    """Markdown with `$` mathematics. Lines end where they end on paper."""
    env = {"formulas": formulas}
    tokens = _MARKDOWN.parse(clean(text), env)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + 2, 6)}"  # below the document's name and the page's number
    return _sanitised(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, env))


def marked_line(text: str, formulas: Formulas) -> Markup:
    """The same for a heading, whose own `#` say nothing new."""
    line = " ".join(clean(text).split()).lstrip("# ")
    return _sanitised(_MARKDOWN.renderInline(line, {"formulas": formulas}))


def table(html: str, formulas: Formulas) -> Markup:
    """A table of an engine, with the formulas in its cells."""

    def drawn(match: re.Match[str]) -> str:
        tex = unescape(match[2])
        mathml = formulas.mathml(formula_body(tex), display=False) if _TEX.search(tex) else None
        return match[0] if mathml is None else _sanitised(mathml)

    return Markup(_IN_CELL.sub(drawn, safe_table(html)))  # noqa: S704  # both are sanitised


def _sanitised(html: str) -> Markup:
    return Markup(_CLEANER.clean(html))  # noqa: S704  # just cleaned


def _inline_formula(_renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:
    return _drawn(tokens[at], env["formulas"], display=False)


def _display_formula(_renderer: RendererHTML, tokens: Sequence[Token], at: int, _options: Any, env: Any) -> str:
    return _drawn(tokens[at], env["formulas"], display=True)


def _drawn(token: Token, formulas: Formulas, *, display: bool) -> str:
    if " " in token.content.strip() and not _TEX.search(token.content):  # `5 $ and 6 $` is money
        return escape(f"{token.markup}{token.content}{token.markup}")
    drawn = formulas.mathml(formula_body(token.content), display=display)
    return f"<code>{escape(token.content)}</code>" if drawn is None else drawn


def _parser() -> MarkdownIt:
    """`html` off: tags are text. Without the rules for what leads or loads elsewhere, or depends on other places of the text."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    parser.disable(["link", "image", "autolink", "html_inline", "html_block", "reference", "code"])
    parser.use(dollarmath_plugin, allow_labels=False, allow_digits=False, double_inline=True)
    # it looks for its end through all that follows, once for each `$$`, up to 8 s on a page; within a paragraph `$$` works without it
    parser.disable("math_block")
    parser.add_render_rule("math_inline", _inline_formula)
    parser.add_render_rule("math_inline_double", _display_formula)
    return parser


_MARKDOWN = _parser()
