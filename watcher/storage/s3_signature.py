"""Signs requests to S3 as its manual has it: AWS Signature Version 4, in headers, with the hash of the body.

By ourselves, since the SDK's signer takes as long as all else that a small request needs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

_ALGORITHM = "AWS4-HMAC-SHA256"


class Signer:
    """Any thread may call it."""

    def __init__(self, access_key: str, secret_key: str, region: str) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._region = region
        self._key_of_day = "", b""

    def signed(self, method: str, path: str, query: str, headers: Mapping[str, str], body_sha256: str, now: datetime) -> dict[str, str]:
        """`headers`, among them `Host`, and those that sign them; what is added to them later is not signed.

        `path` is percent-encoded, `query` too and its names sorted; `now` is in UTC.
        """
        moment = now.strftime("%Y%m%dT%H%M%SZ")
        all_headers = {**headers, "X-Amz-Date": moment, "X-Amz-Content-SHA256": body_sha256}
        lines = sorted((name.lower(), " ".join(value.split())) for name, value in all_headers.items())
        names = ";".join(name for name, _ in lines)
        canonical = "\n".join((method, path, query, *(f"{name}:{value}" for name, value in lines), "", names, body_sha256))
        scope = f"{moment[:8]}/{self._region}/s3/aws4_request"
        text = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        signature = hmac.new(self._key(moment[:8]), text.encode(), hashlib.sha256).hexdigest()
        credential = f"{self._access_key}/{scope}"
        all_headers["Authorization"] = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
        return all_headers

    def _key(self, day: str) -> bytes:
        """It changes once a day."""
        if self._key_of_day[0] != day:
            key = f"AWS4{self._secret_key}".encode()
            for part in (day, self._region, "s3", "aws4_request"):
                key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            self._key_of_day = day, key
        return self._key_of_day[1]
