"""Document text as text: without control characters, and escaped so that Markdown takes nothing in it as markup.

Rules are CommonMark 0.31 and the extensions of GitHub (tables, strikethrough, footnotes, `$` mathematics). A character is
escaped only where it would be markup, so that prose stays prose: `2 * 3`, `snake_case`, `[1]`, `слово*`, `C:\\dir` keep
their form. Bare URLs stay as they are; some viewers make links of them, which show where they lead.
"""

from __future__ import annotations

import re

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PUNCTUATION = r"[!-/:-@\[-`{-~]"
_ALWAYS = re.compile(
    rf"""
      `                                    # code spans and fences
    | \\(?={_PUNCTUATION}|\n|\Z)           # backslash escapes and hard line breaks
    | &(?=\#?[0-9A-Za-z]+;)                # character references
    | (?<=\])\(                            # inline links and images
    """,
    re.VERBOSE,
)
_DEFINITION = re.compile(r"(?<=\]):")
_RUN = re.compile(r"\*+|_+|~+|\$+")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_LINE_START = re.compile(
    r"""
      ^(?:[-=:|*_][^\S\n]*)+$              # thematic breaks, underlines of headings, delimiter rows of tables
    | ^\#{1,6}(?=[ \t]|$)                  # headings
    | ^>                                   # quotes
    | ^[-+*](?=[ \t]|$)                    # bullets
    """,
    re.VERBOSE | re.MULTILINE,
)
_NUMBERED = re.compile(r"^[0-9]{1,9}([.)])(?=[ \t]|$)", re.MULTILINE)
_TILDE_FENCE = re.compile(r"^~{3,}", re.MULTILINE)
_CLOSING_HASHES = re.compile(r"(?:^|(?<=\s))#(?=#*$)")


def clean(text: str) -> str:
    """Every kind of line break as `\\n`, other control characters gone, lines and the whole stripped of surrounding space."""
    return "\n".join(_CONTROLS.sub("", line).strip() for line in text.splitlines()).strip()


def paragraphs(text: str) -> list[str]:
    """Paragraphs of a text, parted where it has empty lines; each holds no empty line."""
    return [paragraph for paragraph in re.split(r"\n{2,}", clean(text)) if paragraph]


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def escape_paragraph(paragraph: str) -> str:
    """Markdown that renders as exactly `paragraph`, one of `paragraphs()`."""
    return _escaped(paragraph, _inline(paragraph) | _line_starts(paragraph))


def escape_line(line: str) -> str:
    """Markdown that renders as exactly `line`, one of `one_line()`, where it does not begin a line: in a heading or behind other text."""
    return _escaped(line, _inline(line) | {match.start() for match in _CLOSING_HASHES.finditer(line)})


def _escaped(text: str, marks: set[int]) -> str:
    # Tags become `&lt;`, not `\<`: the raw file then holds no tag and no page marker but ours for those who search it as text.
    substitutes = {at: "\\" + text[at] for at in marks} | {match.start(): "&lt;" for match in _TAG.finditer(text)}
    pieces, end = [], 0
    for at in sorted(substitutes):
        pieces += [text[end:at], substitutes[at]]
        end = at + 1
    return "".join(pieces) + text[end:]


def _inline(text: str) -> set[int]:
    marks = {match.start() for match in _ALWAYS.finditer(text)}
    if text.startswith("["):  # definitions of links and footnotes stand only at the start of a paragraph
        marks |= {match.start() for match in _DEFINITION.finditer(text)}
    last_closer: dict[str, int] = {}
    runs = [(match.start(), match.end()) for match in _RUN.finditer(text)]
    for start, end in runs:
        if _can_close(text, start, end):
            last_closer[text[start]] = start
    for start, end in runs:
        pairs = _can_open(text, start, end) and last_closer.get(text[start], 0) > start
        if pairs or (text[start] == "$" and end - start > 1):
            marks.update(range(start, end))
    return marks


def _can_open(text: str, start: int, end: int) -> bool:
    return end < len(text) and not text[end].isspace() and not _within_word(text, start, end)


def _can_close(text: str, start: int, end: int) -> bool:
    # At the start of a line the first character of a run may get a backslash, behind which the rest could close.
    at_line_start = start == 0 or text[start - 1] == "\n"
    return (at_line_start or not text[start - 1].isspace()) and not _within_word(text, start, end)


def _within_word(text: str, start: int, end: int) -> bool:
    return text[start] == "_" and start > 0 and end < len(text) and text[start - 1].isalnum() and text[end].isalnum()


def _line_starts(text: str) -> set[int]:
    marks = {match.start() for match in _LINE_START.finditer(text)}
    marks |= {match.start(1) for match in _NUMBERED.finditer(text)}
    for match in _TILDE_FENCE.finditer(text):
        marks.update(range(match.start(), match.end()))
    return marks
