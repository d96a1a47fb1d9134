"""A parent with a busy and an idle child, for a test that kills it with SIGKILL. Prints the children's process ids."""

from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path

from process.misbehaviour import hang_for_good, pid

from watcher.workers.pool import ChildPool

if __name__ == "__main__":
    idle = ChildPool("idle", processes=1, memory_bytes=None, calls_per_child=0)
    busy = ChildPool("busy", processes=1, memory_bytes=None, calls_per_child=0)
    mark = Path(sys.argv[1])
    threading.Thread(target=partial(busy.call, hang_for_good, str(mark), seconds=3600), daemon=True).start()
    print(idle.call(pid, seconds=60), flush=True)
    threading.Event().wait()
