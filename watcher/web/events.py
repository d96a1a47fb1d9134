"""POST /events: the store tells that something was dropped, and the inbox is looked into at once."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from watcher.web.notifications import NotificationError, concern, new_keys

_PATIENCE = 16
"""Times the allowed length that is read, and thrown away, of a body that is too long: a client that still sends would not see the answer."""


@dataclass(frozen=True)
class Events:
    """`token`: the secret that senders bring; `incoming`: the inbox's prefix; `most_bytes`: the longest body that is taken.

    `wake` makes the scan look at once, `count` is told what came of each; neither may block.
    """

    token: str = field(repr=False)
    incoming: str
    most_bytes: int
    wake: Callable[[], None]
    count: Callable[[str], None]


async def receive(request: Request, events: Events) -> Response:
    """Nothing of the body is read before the token was found to be right."""
    if not _may(request.headers.get("authorization", ""), events.token):
        events.count("unauthorized")
        reason = "bring the token of http.events_token: as `Authorization: Bearer TOKEN`, or as the password of Basic authentication"
        return _refuse(401, reason, {"WWW-Authenticate": 'Bearer, Basic realm="events"'})
    try:
        body = await _body(request, events.most_bytes)
    except ClientDisconnect:
        events.count("cut_off")
        return Response(status_code=400)  # nobody is left to read it
    if body is None:
        events.count("too_large")
        return _refuse(413, f"a notification may have {events.most_bytes} bytes (http.events_bytes)")
    try:
        keys = new_keys(body)
    except NotificationError as error:
        events.count("malformed")
        return _refuse(400, str(error))
    if not concern(keys, events.incoming):
        events.count("ignored")
        return JSONResponse({"status": "ignored", "reason": f"it tells of no new object under {events.incoming}"}, status_code=202)
    events.count("woke")
    events.wake()
    return JSONResponse({"status": "accepted"}, status_code=202)


def _refuse(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"status": "refused", "reason": reason}, status_code=status, headers=headers)


def _may(authorization: str, token: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            _, _, given = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return False
    elif scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), token.encode())


async def _body(request: Request, most_bytes: int) -> bytes | None:
    """None where it is too long."""
    size, body = 0, bytearray()
    async for piece in request.stream():
        size += len(piece)
        if size > _PATIENCE * most_bytes:
            return None
        if size <= most_bytes:
            body += piece
    return bytes(body) if size <= most_bytes else None
