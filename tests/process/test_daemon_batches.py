"""Pages of several documents in one call of the engine: the daemon finds the guilty one, and charges its document alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from bucket import Bucket
from doubles.daemon import drop, running, wait_for
from doubles.recognising import CRASH, MARKS, REFUSE, SWELL

from watcher.app import utc_now
from watcher.domain.page import PageStatus
from watcher.engines.port import EngineSpec
from watcher.settings import Ocr, OcrServer
from watcher.storage.folder import FolderStore

DOCUMENTS = 8
GATHERING = Ocr(
    engine="fake",
    backend="vllm-server",  # a call waits for more pages
    server=OcrServer(url=("http://127.0.0.1:9/v1",)),
    gather_seconds=10,
    batch_pages=DOCUMENTS,
    restart_seconds=0.05,
    restart_max_seconds=0.2,
)


@pytest.mark.parametrize(("mark", "code"), [(CRASH, "engine_crashed"), (REFUSE, "engine_error"), (SWELL, "engine_memory")])
def test_the_guilty_document_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: tuple[int, int, int], code: str) -> None:
    folder = tmp_path / "data"
    bucket = Bucket(FolderStore(folder, None, 0, utc_now))
    for number in range(DOCUMENTS - 1):
        drop(folder, f"{number}.png")
    drop(folder, "guilty.png", mark)
    with running(folder, EngineSpec("fake", dict(MARKS)), monkeypatch, GATHERING, max_attempts=1):
        wait_for(lambda: not bucket.keys("incoming/"))
    assert {key: report.code for key, report in bucket.errors().items()} == {"incoming/guilty.png": code}
    manifests = bucket.manifests().values()
    assert len(manifests) == DOCUMENTS - 1
    assert {(page.status, manifest.attempt) for manifest in manifests for page in manifest.pages} == {(PageStatus.RETRIED, 1)}
    bucket.check_finished()
