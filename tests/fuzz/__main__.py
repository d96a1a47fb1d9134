"""`make fuzz`: each target for its share of FUZZ_SECONDS, from the inputs that are kept; what breaks a target is kept beside them.

python -m fuzz [TARGET ...]
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

from fuzz.targets import TARGETS

HERE = Path(__file__).parent
KEPT = HERE / "corpus"
FOUND = HERE.parents[1] / "build" / "fuzz"
"""New inputs that reach new code: too many to keep in the repository."""
NO_FUZZER = (
    f"atheris is not installed: it has wheels for Linux on x86-64 up to Python 3.14, and this is {sys.version.split()[0]} on {sys.platform}"
)
MAX_BYTES = 20_000
SLOWEST_SECONDS = 30
MEMORY_MIB = 3000


def fuzz(target: str, limits: list[str], found: Path) -> tuple[int, str]:
    """The exit status (0: nothing was found) and the end of what the fuzzer said; inputs that reach new code go to the folder `found`."""
    found.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, HERE / "fuzzer.py", target, *limits, f"-max_len={MAX_BYTES}", f"-timeout={SLOWEST_SECONDS}"]
    command += [f"-rss_limit_mb={MEMORY_MIB}", f"-artifact_prefix={KEPT / target}/", found, KEPT / target]
    paths = os.pathsep.join((str(HERE.parent), str(HERE.parents[1])))
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stderr[-8000:] + done.stdout[-2000:]


def main() -> int:
    if importlib.util.find_spec("atheris") is None:
        sys.exit(NO_FUZZER)
    targets = sys.argv[1:] or list(TARGETS)
    seconds = max(1, int(os.environ.get("FUZZ_SECONDS", "60")) // len(targets))
    failed = []
    for target in targets:
        status, said = fuzz(target, [f"-max_total_time={seconds}"], FOUND / target)
        runs = re.search(r"Done (\d+) runs", said)
        print(f"{target:10} {runs[1] if runs else '?':>9} inputs in {seconds} s: {'broken' if status else 'nothing found'}", flush=True)
        if status:
            failed.append(target)
            print(said)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
