"""The port of /health: free, or already our own daemon's."""

from __future__ import annotations

import errno
import json
import socket
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from watcher.doctor.wording import failed, ok, warning
from watcher.domain.doctor import Finding

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - what is asked instead
_ANSWER_BYTES = 64 << 10
_OURS = {"status", "claim_mode", "replica", "version"}


def port(host: str, number: int, timeout: float) -> Finding:
    if number == 0:
        return ok("Any free port will do (http.port = 0); the log's daemon_started tells which.")
    try:
        _bind(host, number)
    except PermissionError:
        return failed(f"This user may not listen on port {number}.", "Set http.port to 1024 or more, such as 8081.")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return in_use(number, _health(host, number, timeout))
        return failed(
            f"No server can listen on {host}, port {number}: {error.strerror}.", "Set http.host to 0.0.0.0, and http.port to a free port."
        )
    return ok(f"Port {number} is free.")


def in_use(number: int, health: dict[str, Any] | None) -> Finding:
    """`health`: what answers there, None where it is not ours."""
    if health is None:
        return failed(f"Another program uses port {number}.", "End that program, or set http.port to another port.")
    seen = f"A watcher runs already and has port {number}: version {health['version']}, replica {health['replica']}, {health['status']}."
    if health["status"] != "healthy" or health.get("reason"):
        return warning(f"{seen} It says: {health.get('reason', 'nothing')}.", "Mend what it names; its log says more.")
    return ok(f"{seen} A second one on this machine needs another http.port.")


def _bind(host: str, number: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host or None, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


def _health(host: str, number: int, timeout: float) -> dict[str, Any] | None:
    place = _ANYWHERE.get(host, f"[{host}]" if ":" in host else host)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{place}:{number}/health", timeout=timeout) as answer:
            return _read(answer.read(_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return _read(error.read(_ANSWER_BYTES))
    except (OSError, HTTPException, ValueError):
        return None


def _read(answer: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and set(told) >= _OURS else None
