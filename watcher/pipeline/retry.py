"""`failed/` back to the inbox: a closed log reopens with fresh attempts, and goes on from the pages that were read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pydantic import ValidationError

from watcher.domain.claim import Phase
from watcher.domain.document import Document, Layout, version_of
from watcher.domain.manifest import ErrorReport
from watcher.lease.log import ClaimLog, UnreadableEntryError
from watcher.pipeline.restore import OTHER_STANDS, Answer, NotRestoredError, Original, path_of, put_back, require_key, standing_etag
from watcher.results.names import ERROR_JSON, MANIFEST
from watcher.storage.port import NotFoundError, Store, UnstorableKeyError

_REPORT = re.compile(rf"(?P<path>.+)/[0-9a-f]{{12}}/{re.escape(ERROR_JSON)}", re.DOTALL)


@dataclass(frozen=True)
class Retry:
    """`store` must keep creates from overwriting, as `suited` gives it."""

    store: Store
    layout: Layout

    def find(self, place: str | None = None) -> list[str]:
        """Keys of the reports of one document's failed versions, or of all documents'; the newest version of each first. Raises `StoreError`."""
        path = None if place is None else path_of(self.layout, self.layout.failed, place)
        listed = self.store.list(self.layout.failed if path is None else f"{self.layout.failed}{path}/")
        matches = ((info, _REPORT.fullmatch(info.key.removeprefix(self.layout.failed))) for info in listed)
        found = [(match["path"], info) for info, match in matches if match and path in (None, match["path"])]
        newest_first = sorted(found, key=lambda pair: pair[1].modified, reverse=True)
        return [info.key for _, info in sorted(newest_first, key=lambda pair: pair[0])]

    def run(self, keys: list[str], code: str | None = None) -> Iterator[Answer]:
        """Restores the documents of these reports, or those of one code among them. Raises `StoreError` where the store does not answer."""
        for key in keys:
            try:
                report = self._report(key)
                if code is None or report.code == code:
                    yield Answer(report.source.key, True, self._restore(key.removesuffix(ERROR_JSON), report))
            except (NotRestoredError, UnstorableKeyError) as error:
                yield Answer(key.removesuffix(ERROR_JSON), False, str(error))

    def _report(self, key: str) -> ErrorReport:
        try:
            return ErrorReport.model_validate_json(self.store.get(key)[1])
        except NotFoundError:
            raise NotRestoredError("it has just left: it was restored by somebody else, or finished") from None
        except ValidationError:
            raise NotRestoredError("its error.json is none of ours: copy the original back into the inbox by hand") from None

    def _restore(self, folder: str, report: ErrorReport) -> str:
        source = report.source
        document = self.layout.document(source.key, source.etag, source.size, source.dropped_at)
        require_key(self.layout, source.key, folder.removeprefix(self.layout.failed).removesuffix(f"/{document.version}/"), ERROR_JSON)
        standing = standing_etag(self.store, source.key)
        if standing == source.etag:
            return "stands in the inbox already"
        if standing is not None:
            raise NotRestoredError(OTHER_STANDS)
        if self._in_work(self.layout.claim_log(document)):
            raise NotRestoredError("a replica is still at work on it: try again in a minute")
        if report.original is None:
            raise NotRestoredError("its original was gone before it could be kept: drop the document again")
        original = Original(folder + report.original, source.key, source.sha256)
        self._require_unread(folder, document, original)
        version = put_back(self.store, original)
        if version != document.version:
            return f"restored as version {version}, since the store names it anew: every page is read again; {folder} stays until you remove it"
        return "restored, it will be read again"

    def _in_work(self, log_prefix: str) -> bool:
        """Whoever still moves it to `failed/` would move it there again at once."""
        log = ClaimLog(self.store, log_prefix)
        tail = log.tail()
        try:
            return tail is not None and log.read(tail.entries).phase is not Phase.CLOSED
        except (NotFoundError, UnreadableEntryError):
            return True

    def _require_unread(self, folder: str, document: Document, original: Original) -> None:
        """A file that was uploaded in parts has another ETag, and with it another version, since it came back in one piece."""
        try:
            kept = self.store.head(original.at)
            again = replace(document, version=version_of(kept.etag, kept.size))
            self.store.head(self.layout.result(again) + MANIFEST)
        except NotFoundError:
            return
        if again.version != document.version:
            raise NotRestoredError(f"was restored and read since, as version {again.version}: remove {folder}")
