"""`make chaos`: a run as long as one likes. The exit code is 1 where a promise was broken; the logs then stay."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from chaos.rampage import Plan, rampage
from servers.ceph import PACKAGES, PROGRAMS, run_ceph


def main() -> int:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        sys.stderr.write(f"chaos needs {', '.join(missing)}: sudo apt-get install {PACKAGES}\n")
        return 2
    plan = Plan(
        seconds=float(os.environ.get("CHAOS_SECONDS", "300")),
        documents=int(os.environ.get("CHAOS_DOCUMENTS", "500")),
        seed=int(os.environ.get("CHAOS_SEED", "1")),
        versioned=os.environ.get("CHAOS_VERSIONED", "0") == "1",
    )
    root = Path(tempfile.mkdtemp(prefix="chaos-"))
    (root / "ceph").mkdir()
    (root / "logs").mkdir()
    with run_ceph(root / "ceph") as server:
        report = rampage(server, plan, root / "logs")
    print(report)
    if report.broken:
        print(f"{'logs:':20} {root / 'logs'}")
        return 1
    shutil.rmtree(root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
