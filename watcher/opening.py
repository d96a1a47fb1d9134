"""How the place that the settings name is opened: by itself, so that commands which only look at it start at once."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.domain.document import Layout
from watcher.settings import Settings
from watcher.storage.folder import FolderStore
from watcher.storage.port import Store
from watcher.storage.walk import PassedOver

if TYPE_CHECKING:
    from watcher.storage.s3_client import Observed


def _tell_nobody(first: str, second: str) -> None:
    pass


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


def open_store(settings: Settings, observed: Observed = _tell_nobody, passed_over: PassedOver = _tell_nobody) -> Store:
    """The bucket where all four variables are set, else the folder. Raises `RefusedError`.

    `observed` is told of each answer of the bucket, `passed_over` of each file of the folder that cannot be a document.
    """
    storage = settings.storage
    if settings.s3.configured:
        return _bucket(settings, observed)
    return FolderStore(Path(storage.folder), settings.layout.incoming, storage.settle_seconds, utc_now, passed_over)


def open_store_to_look(settings: Settings, observed: Observed = _tell_nobody) -> Store:
    """The same to be told of, not to be read: of a folder also what is younger than `storage.settle_seconds`, and results without ETags.

    Raises `RefusedError`.
    """
    if settings.s3.configured:
        return _bucket(settings, observed)
    layout = settings.layout
    return FolderStore(Path(settings.storage.folder), layout.incoming, 0.0, utc_now, unhashed=(layout.processed, layout.failed))


def _bucket(settings: Settings, observed: Observed) -> Store:
    from watcher.storage.s3 import S3Config, S3Store  # boto3 takes longer to import than a folder to be looked through

    s3, storage = settings.s3, settings.storage
    return S3Store(
        S3Config(
            endpoint=s3.endpoint,
            bucket=s3.bucket,
            access_key=s3.access_key.get_secret_value(),
            secret_key=s3.secret_key.get_secret_value(),
            region=storage.region,
            connect_timeout=storage.connect_seconds,
            read_timeout=storage.read_seconds,
            attempts=storage.attempts,
            pool_size=settings.connections,
        ),
        observed,
    )


def layout_of(settings: Settings) -> Layout:
    return Layout(settings.layout.incoming, settings.layout.claims, settings.layout.processed, settings.layout.failed)


def new_nonce() -> str:
    return uuid.uuid4().hex
