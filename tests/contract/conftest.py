"""The stores that every contract is checked on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from servers.s3_server import S3Server

from watcher.storage.folder import FolderStore
from watcher.storage.memory import MemoryStore
from watcher.storage.port import Store
from watcher.storage.s3 import S3Config, S3Store

SERVERS = {"moto": "moto_server", "ceph": "ceph"}


@pytest.fixture(scope="session")
def opened() -> dict[str, tuple[S3Config, S3Store]]:
    """One store for each server: making its clients takes longer than most tests."""
    return {}


@pytest.fixture(params=["memory", "folder", *SERVERS])
def store(request: pytest.FixtureRequest, tmp_path: Path, opened: dict[str, tuple[S3Config, S3Store]]) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "folder":
        yield FolderStore(tmp_path / "root", settle_prefix=None, settle_seconds=0, wall_clock=lambda: datetime.now(timezone.utc))
    else:
        server: S3Server = request.getfixturevalue(SERVERS[request.param])
        if request.param not in opened:
            config = server.new_bucket()
            opened[request.param] = config, S3Store(config)
        config, s3 = opened[request.param]
        yield s3
        server.empty(config.bucket)


@pytest.fixture(params=["memory", *SERVERS])
def versioned_store(request: pytest.FixtureRequest) -> Store:
    """An empty store of each kind that can keep versions, keeping them."""
    if request.param == "memory":
        return MemoryStore(versioned=True)
    server: S3Server = request.getfixturevalue(SERVERS[request.param])
    return S3Store(server.new_bucket(versioned=True))
