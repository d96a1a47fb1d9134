"""What was wrong with the model's answers, carried through a pipeline that never asks.

PaddleX passes on the text of an answer alone. So an answer that is not whole is given a mark within its text, in characters of Unicode's private use
with a word that nobody outside this process knows; afterwards the mark is found in the very block that the answer became, and taken out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

from watcher.engines.model_servers.chat import Answer
from watcher.engines.paddle.repetition import without_repetition
from watcher.engines.port import EngineFaultError

_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
_TABLE_PROMPT = "Table Recognition:"
_CELLS = re.compile(r"<fcel>|<ecel>")

EMPTY = "the model returned no text for this block"
REPEATED = "the model repeated itself; what it repeated was left out"
BROKEN_OFF = "the model server broke off the answer"


class LostAnswerError(EngineFaultError):
    """An answer that was not whole is in no block of its pages. Read one by one, each page's own are known."""


class Marks:
    """Of one call at a time. `observe` may be called from any thread; `word` is random and short, without regular expression's signs."""

    def __init__(self, word: str, max_new_tokens: int) -> None:
        self._pattern = re.compile(f"{_OPEN}{word}:([0-9]+){_CLOSE}")
        self._word = word
        self._cut_off = f"cut off at the model's limit of {max_new_tokens} tokens (ocr.max_new_tokens)"
        self._numbers = count(1)
        self._reasons: dict[int, str] = {}

    def begin(self) -> None:
        """Forgets what an earlier call left."""
        self._reasons.clear()

    def observe(self, prompt: str, answer: Answer) -> str:
        """The answer's text, marked where it is not whole."""
        text = self._pattern.sub("", answer.text or "")
        ended_by_limit = answer.finish_reason == "length"
        shorter = without_repetition(text, cut_off=ended_by_limit, table=prompt == _TABLE_PROMPT)
        reasons = [
            *([EMPTY] if not text.strip() else []),
            *([REPEATED] if shorter is not None else []),
            *([self._cut_off] if ended_by_limit else []),
            *([BROKEN_OFF] if answer.finish_reason not in (None, "", "stop", "length") else []),
        ]
        text = text if shorter is None else shorter
        return self._marked(text, "; ".join(reasons), prompt) if reasons else text

    def take(self, text: str) -> tuple[str, str]:
        """The text without marks, and why some of it is missing, or ""."""
        if _OPEN not in text:
            return text, ""
        reasons = [self._reasons.pop(int(number[1]), "") for number in self._pattern.finditer(text)]
        return self._pattern.sub("", text), "; ".join(dict.fromkeys(filter(None, reasons)))

    def left(self) -> list[str]:
        """The reasons that no block carried."""
        return list(dict.fromkeys(self._reasons.values()))

    def _marked(self, text: str, reason: str, prompt: str) -> str:
        number = next(self._numbers)
        self._reasons[number] = reason
        mark = f"{_OPEN}{self._word}:{number}{_CLOSE}"
        if prompt != _TABLE_PROMPT or (cell := _CELLS.search(text)) is None:
            return mark + text
        # Between cells no text survives: it goes into the first that has any, and else makes an empty one hold it.
        cell = next((found for found in _CELLS.finditer(text) if found[0] == "<fcel>"), cell)
        return f"{text[: cell.start()]}<fcel>{mark}{text[cell.end() :]}"


Observe = Callable[[str, Answer], str]
"""From the prompt and the model's answer to the text that the pipeline gets."""
