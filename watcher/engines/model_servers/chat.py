"""What is asked of a model server and what it may answer, in OpenAI's protocol: POST /chat/completions, GET /models. Without I/O.

The server's answers are hostile input: whatever is not as the protocol has it is refused, and nothing of it gets into an error's text
but names of models, shortened and printable.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import cache

from PIL import Image, ImageDraw

_LONGEST_NAME = 200
_MOST_NAMES = 5


@dataclass(frozen=True)
class Answer:
    """What the model made of one crop. `text` None: the server gave `content: null`. `finish_reason` "length": the text is cut off."""

    text: str | None
    finish_reason: str | None


class MalformedAnswerError(Exception):
    """The answer is not what the protocol asks for. The text says in which way, and quotes nothing."""


class Fault(Enum):
    """Why a request came to nothing."""

    UNREACHABLE = "unreachable"
    OVERLOADED = "overloaded"  # later, or elsewhere
    FAILED = "failed"  # perhaps by this request, perhaps not
    UNAUTHORISED = "unauthorised"
    UNKNOWN = "unknown"  # no such model, or no such path: never the page's fault
    REFUSED = "refused"  # this request, and it would be again


def fault_of(status: int) -> Fault | None:
    """What an HTTP status means for the one who asked; None: served."""
    if status == 200:
        return None
    if status in (408, 409, 425, 429, 502, 503, 504):  # 502 and 504: a proxy's, whose server is down or slow
        return Fault.OVERLOADED
    if status >= 500:
        return Fault.FAILED
    if status in (401, 403, 407):
        return Fault.UNAUTHORISED
    if status in (404, 405):
        return Fault.UNKNOWN
    return Fault.REFUSED


def prompt_of(messages: Sequence[Mapping[str, object]]) -> str:
    """The words that were put beside the image."""
    contents = [message.get("content") for message in messages]
    parts = [part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict)]
    texts = [content for content in contents if isinstance(content, str)]
    return "\n".join([*texts, *(str(part["text"]) for part in parts if part.get("type") == "text" and "text" in part)])


def unnamed_body(messages: Sequence[Mapping[str, object]], options: Mapping[str, object]) -> bytes:
    """The request without the model's name, which differs between servers; `extra_body` is laid over the rest, as OpenAI's client does."""
    extra = options.get("extra_body") or {}
    plain = {name: value for name, value in options.items() if name != "extra_body" and value is not None}
    return json.dumps({"messages": list(messages), **plain, **extra}).encode()  # type: ignore[dict-item]


def named(body: bytes, model: str) -> bytes:
    return b'{"model": ' + json.dumps(model).encode() + b", " + body[1:]


@cache
def trial_body() -> bytes:
    """A small request that every model of this kind can answer at once: one letter."""
    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).text((16, 8), "A", fill="black", font_size=40)
    with io.BytesIO() as file:
        image.save(file, "PNG")
        url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "OCR:"}]
    return unnamed_body([{"role": "user", "content": content}], {"temperature": 0, "max_completion_tokens": 8})


def read_answer(body: bytes) -> Answer:
    """Raises MalformedAnswerError."""
    choices = _document(body).get("choices")
    if not isinstance(choices, list) or not choices:
        raise MalformedAnswerError("it holds no choices")
    choice = choices[0]
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise MalformedAnswerError("its first choice holds no message")
    text, reason = message.get("content"), choice.get("finish_reason")
    if text is not None and not isinstance(text, str):
        raise MalformedAnswerError("its content is not text")
    if reason is not None and not isinstance(reason, str):
        raise MalformedAnswerError("its finish_reason is not text")
    return Answer(None if text is None else _whole(text), None if reason is None else reason[:_LONGEST_NAME])


def read_models(body: bytes) -> tuple[str, ...]:
    """Names of the models that the server offers, at least one. Raises MalformedAnswerError."""
    listed = _document(body).get("data")
    ids = [entry.get("id") for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    names = tuple(name for name in ids if isinstance(name, str) and name and len(name) <= _LONGEST_NAME and name.isprintable())
    if not names:
        raise MalformedAnswerError("it names no model")
    return names


def told(names: Sequence[str]) -> str:
    """Some names, for a sentence."""
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")


def pause_asked(retry_after: str | None, now: datetime, at_most: float) -> float:
    """Seconds of a Retry-After header, which may be a number or a date; 0 where it is absent or makes no sense."""
    if not retry_after or len(retry_after) > 100:
        return 0.0
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - now).total_seconds()
        except (TypeError, ValueError, OverflowError):  # TypeError: a date without a zone
            return 0.0
    return min(seconds, at_most) if seconds > 0 else 0.0  # NaN is not more than 0


def _document(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedAnswerError("it is not JSON") from None
    if not isinstance(document, dict):
        raise MalformedAnswerError("it is not a JSON object")
    return document


def _whole(text: str) -> str:
    """Halves of surrogate pairs, which JSON can spell and UTF-8 cannot, become replacement characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
