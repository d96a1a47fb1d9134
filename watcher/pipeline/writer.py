"""Write-once results: each file is created, or what stands there already is adopted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from watcher.domain.page import Output
from watcher.lease.claim import Claim
from watcher.results.names import content_type
from watcher.storage.digest import sha256_of
from watcher.storage.port import AlreadyExistsError, NotFoundError, OutcomeUnknownError, Store

_MAX_ADOPTED_BYTES = 2**50
_CREATES_BEFORE_UNKNOWN = 3
_READ_AT_ONCE_BYTES = 1 << 20
"""Of a file that is read whole before it is sent: sending it a piece at a time takes longer than the request."""


@dataclass(frozen=True)
class ResultWriter:
    """Writes files of the scratch folder `folder` under the same names below `prefix` (R, with its slash)."""

    store: Store
    prefix: str
    folder: Path
    claim: Claim

    def create(self, name: str, body: Path | None = None) -> Output:
        """Creates one result from `body`, by default the scratch file `name`. Where something stands there already, that becomes the scratch file.

        A create that got no answer and left nothing is sent again: should both arrive, the second is refused. Raises `FencedError`, and
        `OutcomeUnknownError` where that does not help.
        """
        path = body or self.folder / name
        size = path.stat().st_size
        return self._create(name, path.read_bytes() if size <= _READ_AT_ONCE_BYTES else path, size)

    def write(self, name: str, content: bytes) -> tuple[Output, bytes]:
        """The same of a scratch file that is made of `content`; and what stands there now, which is `content` itself where that was created."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        output = self._create(name, content, len(content))
        return output, content if output.sha256 == sha256_of(content) else path.read_bytes()

    def _create(self, name: str, content: bytes | Path, size: int) -> Output:
        unknown = ""
        for _ in range(_CREATES_BEFORE_UNKNOWN):
            self.claim.check()
            try:
                etag = self.store.create(self.prefix + name, content, content_type(name))
            except (AlreadyExistsError, OutcomeUnknownError) as error:
                try:
                    return self.adopt(name)
                except NotFoundError:
                    unknown = str(error)
                    continue
            return Output(name=name, size=size, sha256=sha256_of(content), etag=etag)
        raise OutcomeUnknownError(unknown)

    def adopt(self, name: str) -> Output:
        """Brings what stands under `name` to scratch. Raises `NotFoundError`."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        info = self.store.download(self.prefix + name, path, _MAX_ADOPTED_BYTES)
        return Output(name=name, size=info.size, sha256=sha256_of(path), etag=info.etag)
