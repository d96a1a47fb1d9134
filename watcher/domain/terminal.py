"""Characters that a terminal obeys instead of showing them."""

from __future__ import annotations

import re

OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0 and C1 controls, line separators, changes of writing direction; and what UTF-8 cannot carry."""

_OBEYED_BUT_LINES = re.compile(
    OBEYED.pattern.replace("\x00-\x1f", "\x00-\t\x0b-\x1f")
)  # each find costs memory, and a manifest has many lines


def escaped_json(text: str) -> str:
    """JSON of the same meaning that is safe to look at in a terminal; the line breaks between its values stay."""
    return _OBEYED_BUT_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escaped_text(text: str) -> str:
    """Text that is safe to look at in a terminal; its line breaks stay."""
    return _OBEYED_BUT_LINES.sub(lambda found: ascii(found[0])[1:-1], text)
