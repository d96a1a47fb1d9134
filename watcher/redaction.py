"""Takes secrets out of whatever is about to be written, in each form that libraries put them into their texts."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from math import isfinite
from pathlib import PurePath
from typing import Any

REDACTED = "[redacted]"
_MIN_BASE64 = 8  # shorter runs of base64 would be found in innocent text

Fields = dict[str, Any]


def redactor(secrets: Iterable[str]) -> Callable[[Fields], Fields]:
    """A function from named values of any kind to text, numbers, lists and dicts without the secrets."""
    forms = [form for secret in sorted(secrets, key=len, reverse=True) if secret for form in (_spelled(secret), *_encoded(secret.encode()))]
    pattern = re.compile("|".join(forms)) if forms else None

    def text(value: object) -> str:
        return pattern.sub(REDACTED, str(value)) if pattern else str(value)

    def redact(value: object) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, dict):
            return fields(value)
        if isinstance(value, (list, tuple, set, frozenset)):
            return [redact(item) for item in value]
        plain = _plain(value)
        safe = text(plain)
        return safe if isinstance(plain, str) or safe != str(plain) else plain

    def fields(values: Mapping[Any, object]) -> Fields:
        return {text(_plain(name)): redact(item) for name, item in values.items()}

    return fields


def _plain(value: object) -> str | int | float:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):  # JSON has no NaN
        return value
    return str(value) if isinstance(value, (str, PurePath)) else repr(value)


def _spelled(secret: str) -> str:
    """A pattern for the secret as it is and as JSON, `repr` and addresses spell it, also several times over."""
    return "".join(character if character.isascii() and character.isalnum() else _escaped(character) for character in secret)


def _escaped(character: str) -> str:
    raw = character.encode()
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in raw)
    hexed = "".join(rf"\\+x{byte:02x}" for byte in raw)
    unicode = "".join(
        rf"\\+u{unit:04x}" for unit in struct.unpack(f">{len(character.encode('utf-16-be')) // 2}H", character.encode("utf-16-be"))
    )
    blank = r"|\+" if character == " " else ""
    return rf"(?:\\*{re.escape(character)}|(?i:{percent}|{hexed}|{unicode}|\\+x{ord(character):02x}){blank})"


def _encoded(raw: bytes) -> Iterator[str]:
    """Patterns for the secret alone or anywhere inside of something that is encoded as base64, such as `user:secret`."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield re.escape(encode(raw).decode())
        for shift in range(3):  # where it may begin within a group of three bytes
            characters = encode(b"\0" * shift + raw).decode()
            run = characters[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]  # those that depend on the secret alone
            if len(run) >= _MIN_BASE64:
                yield re.escape(run)
