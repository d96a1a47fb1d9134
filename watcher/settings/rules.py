"""Rules that bounds cannot express. Each raises `ValueError`, or returns the fault, in words for the person who set the value."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from itertools import combinations
from urllib.parse import urlsplit

from pydantic import SecretStr

_UNSAFE = re.compile(r'[\x00-\x1f\x7f:*?"<>|!\\»]')
_ONE_NAME = re.compile(r"[^/\x00-\x1f\x7f]+")
_MAX_PREFIX_BYTES = 200  # leaves most of a key's 1,024 bytes to the document's path


def to_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("give text of one line without control characters")
    return value


def to_secret(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isprintable():
        raise ValueError("give a key of one line without control characters")
    return value


def to_token(value: SecretStr) -> SecretStr:
    """Empty stays empty. What may stand unescaped in a header and in an address; long enough that nobody guesses it."""
    token = value.get_secret_value().strip()
    if token and not re.fullmatch(r"[A-Za-z0-9._~-]{20,200}", token):
        raise ValueError("give 20 to 200 of letters, digits, - . _ ~, such as `openssl rand -hex 24` prints")
    return SecretStr(token)


def to_prefix(value: object) -> str:
    """`results`, `/results` and `results/` alike become `results/`."""
    if not isinstance(value, str):
        raise ValueError("give a prefix as text, such as incoming/")
    prefix = value.strip("/") + "/"
    parts = prefix[:-1].split("/")
    if not all(part.strip() == part and part not in ("", ".", "..") for part in parts):
        raise ValueError("give a prefix of one or more plain names joined by /, such as incoming/")
    if _UNSAFE.search(prefix):
        raise ValueError('a prefix may hold none of : * ? " < > | ! \\ » and no control characters')
    if len(prefix.encode()) > _MAX_PREFIX_BYTES:
        raise ValueError(f"a prefix may have at most {_MAX_PREFIX_BYTES} bytes")
    return prefix


def to_patterns(value: object) -> tuple[str, ...]:
    """A list from the file; from the environment a JSON list, or names joined by commas."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else [part.strip() for part in value.split(",") if part.strip()]
        except ValueError:
            raise ValueError('give patterns joined by commas, or a JSON list such as [".*", "*.tmp"]') from None
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) and _ONE_NAME.fullmatch(name) for name in value):
        raise ValueError("give a list of patterns, each for one name without /, such as *.tmp")
    return tuple(value)


def to_labels(value: object) -> tuple[str, ...]:
    """A list from the file; from the environment a JSON list, or labels joined by commas. An empty one keeps everything."""
    labels = _listed(value)
    if not all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in labels):
        raise ValueError("give a list of labels in lower case, such as header, footer, page_number")
    return labels


def to_devices(value: object) -> tuple[str, ...]:
    """`auto`, or each of `cpu` and `gpu:N` at most once."""
    devices = _listed(value)
    named = all(re.fullmatch(r"cpu|gpu:[0-9]{1,3}", device) for device in devices) and len(set(devices)) == len(devices)
    if devices != ("auto",) and not (devices and named):
        raise ValueError("give auto, or a list without repetition such as gpu:0, gpu:1")
    return devices


def to_addresses(value: object) -> tuple[str, ...]:
    """Addresses of model servers, without a trailing slash."""
    return tuple(to_endpoint(address).rstrip("/") for address in _listed(value))


def _listed(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else [part.strip() for part in value.split(",") if part.strip()]
        except ValueError:
            raise ValueError("give a list joined by commas, or a JSON list") from None
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ValueError("give a list of texts")
    return tuple(value)


def backend_fault(backend: str, needs_server: bool, served: bool) -> str:
    if needs_server and not served:
        return f"backend = {backend} needs a server: set ocr.server.url to where one answers, or ocr.server.command to start one here"
    if served and not needs_server:
        return f"backend = {backend} asks no server, though ocr.server names one: set ocr.backend to vllm-server, or leave ocr.server out"
    return ""


def overlap_fault(prefixes: Mapping[str, str]) -> str:
    """Prefixes under one another would make the daemon read its own results; empty where they are apart."""
    for (name, prefix), (other, other_prefix) in combinations(prefixes.items(), 2):
        if prefix == other_prefix:
            return f"layout.{name} and layout.{other} are both {prefix!r}; give each its own prefix"
        for inner, inner_prefix, outer, outer_prefix in ((other, other_prefix, name, prefix), (name, prefix, other, other_prefix)):
            if inner_prefix.startswith(outer_prefix):
                return f"layout.{inner} {inner_prefix!r} lies under layout.{outer} {outer_prefix!r}; give it a prefix outside"
    return ""


def ascending_fault(values: Mapping[str, float], low: str, high: str) -> str:
    if values[low] <= values[high]:
        return ""
    return f"{low} is {values[low]:g} and {high} is {values[high]:g}; give a {high} that is not less"


def to_endpoint(value: str) -> str:
    """An http(s) address without anything secret in it; empty stays empty."""
    endpoint = value.strip()
    if not endpoint:
        return ""
    if "://" not in endpoint:
        raise ValueError(
            f"the address has no scheme; write https://{endpoint.lstrip('/').partition('?')[0]}" if "@" not in endpoint else _NO_USER
        )
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
        parts = urlsplit("")
    if "@" in endpoint:
        raise ValueError(_NO_USER)
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f\x7f]", endpoint):
        raise ValueError("give an http or https address, such as https://s3.cloud.ru")
    if parts.query or parts.fragment:
        raise ValueError("give the address without ? and #, such as https://s3.cloud.ru")
    return endpoint.rstrip("/")


_NO_USER = "give the address without user and password, such as https://s3.cloud.ru; the keys have variables of their own"


def to_bucket(value: str) -> str:
    """The bucket's bare name; empty stays empty."""
    bucket = value.strip()
    if bucket and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", bucket):
        raise ValueError("give the bucket's name alone, without s3:// or a path: letters, digits, dots, hyphens and underscores")
    return bucket
