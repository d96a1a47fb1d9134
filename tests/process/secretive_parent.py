"""A program that starts a child, with its own secrets kept or not, and tells what the child could read of them. Then it waits to be killed."""

from __future__ import annotations

import json
import os
import signal
import sys

from process import misbehaviour

from watcher.workers.pool import ChildPool
from watcher.workers.secrecy import close_memory, forget_secrets

if __name__ == "__main__":
    if sys.argv[1] == "keeps-secrets":
        forget_secrets()
        close_memory()
    pool = ChildPool("test", processes=1, memory_bytes=None, calls_per_child=0)
    found = pool.call(misbehaviour.readable_secrets, os.getpid(), "CLOUDRU_S3_SECRET_KEY", seconds=60)
    told = {"found": found, "child": pool.call(misbehaviour.pid, seconds=60), "child_bytes": pool.memory_bytes()}
    print(json.dumps(told), flush=True)
    signal.pause()
