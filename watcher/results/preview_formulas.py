r"""Formulas as MathML, which browsers draw by themselves: no script, no font, no request. Pure.

The TeX is a model's reading of hostile paper. What the converter does not understand stays as it was read, and so does what would cost too
much: 20,000 characters take it up to 0.3 s. Definitions of macros (`\def`) are no part of a formula on paper and could grow without bound.
What comes out here still goes through the sanitiser of `preview_markup`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element

_MOST_TEX = 20_000
"""Characters of TeX that are drawn on one page; a page full of formulas has about 4,000."""

_DEPTH = 40
"""Braces within braces: far more than on paper, and few enough that no limit of the interpreter on recursion is near."""

_DEFINITION = re.compile(r"\\(?:(?:re)?new(?:command|environment)|providecommand|[gex]?def|let|DeclareMathOperator)(?![A-Za-z])")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{\s*([A-Za-z]+)\*?\s*\}")
_OPERATOR = re.compile(r"\\operatorname\s*(\*?)\s*\{([^{}]*)\}")
_TAG = re.compile(r"\\tag\s*\*?\s*\{([^{}]*)\}")
_REFERENCE = re.compile("&#x([0-9A-Fa-f]{2,6});")

_ALIKE = {"align": "align*", "aligned": "split", "gather": "matrix", "gathered": "matrix", "multline": "matrix", "equation": "equation*"}
"""Environments that the converter does not know, or would number, as no paper does, by those that look like them."""

_UNDER = {"lim", "max", "min", "sup", "inf"}
"""Operators that the converter sets an index beside, while a displayed formula has it below."""


@dataclass
class Formulas:
    """Draws the formulas of one page, as far as the page's share goes."""

    left: int = _MOST_TEX

    def mathml(self, tex: str, *, display: bool) -> str | None:
        """None: to be shown as TeX."""
        if not tex.strip() or len(tex) > self.left or _depth(tex) > _DEPTH or _DEFINITION.search(tex):
            return None
        self.left -= len(tex)
        try:
            drawn = convert_to_element(_known(tex), display="block" if display else "inline")
        except Exception:  # of TeX that nobody checked the converter raises what it likes, RecursionError and IndexError among it
            return None
        for node in drawn.iter():
            if display and node.tag == "msub" and node[0].text in _UNDER:
                node.tag = "munder"
            # the converter writes symbols as references, for its own serialiser, which escapes nothing
            node.text = _REFERENCE.sub(_character, node.text or "")
        return ElementTree.tostring(drawn, encoding="unicode")


def _depth(tex: str) -> int:
    depth = deepest = 0
    for match in re.finditer(r"\\.|[{}]", tex, re.DOTALL):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _known(tex: str) -> str:
    tex = _ENVIRONMENT.sub(lambda match: rf"\{match[1]}{{{_ALIKE.get(match[2], match[2])}}}", tex)
    tex = _TAG.sub(lambda match: rf"\qquad\text{{({match[1]})}}", tex)  # the converter puts the number right behind the formula
    return _OPERATOR.sub(_operator, tex)


def _operator(match: re.Match[str]) -> str:
    r"""Models write `\operatorname { l i m }`."""
    name = "".join(match[2].split())
    return rf"\operatorname{match[1]}{{{name}}}" if name.isalpha() else rf"\mathrm{{{match[2]}}}"


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if 0x20 <= code <= 0x10FFFF and not 0x7F <= code <= 0x9F and not 0xD800 <= code <= 0xDFFF else match[0]
