"""Buckets to measure in: filled at once, emptied when they are done with, since the store keeps them in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from servers.s3_server import S3Server

from watcher.storage.s3 import S3Config
from watcher.workers.cores import use

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 8  # connections of the client


@contextmanager
def bucket_with(server: S3Server, documents: Mapping[str, bytes]) -> Iterator[S3Config]:
    """A new bucket with these documents in its inbox, by their names there."""
    config = server.new_bucket()
    try:
        drop(server.client, config.bucket, documents)
        yield config
    finally:
        server.empty(config.bucket)
        server.client.delete_bucket(Bucket=config.bucket)


def drop(client: S3Client, bucket: str, documents: Mapping[str, bytes]) -> None:
    def put(name: str) -> None:
        client.put_object(Bucket=bucket, Key=f"incoming/{name}", Body=documents[name])

    at_once(_AT_ONCE, [partial(put, name) for name in documents])


def at_once(threads: int, tasks: list[Callable[[], None]], cores: Collection[int] = ()) -> None:
    """Runs all of them, in their order, on so many threads. Raises what the first that failed raised. `cores`: those that the threads use; none: all."""
    with ThreadPoolExecutor(threads, initializer=use, initargs=(cores,)) as pool:
        for future in [pool.submit(task) for task in tasks]:
            future.result()
