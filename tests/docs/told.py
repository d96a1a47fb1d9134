"""How each command of the pages is checked. A command that matches no line of these tables fails the tests.

`RUN` are really given, in a working copy with the daemon of `make run` in it. `NOT_RUN` are those that cannot be, with the reason, and with what is
checked in their place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from docs import checks
from watcher.settings.s3 import S3_VARIABLES


@dataclass(frozen=True)
class Run:
    """`says` is looked for in what it prints; one that does not end is given at a terminal, and interrupted once it said that."""

    pattern: str
    says: str
    endless: bool = False
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class NotRun:
    """`check` is given the command and the folder that it is given in, and raises what is wrong with it."""

    pattern: str
    why: str
    check: Callable[[str, Path], None]


Told = Run | NotRun

NOWHERE = tuple((name, "http://127.0.0.1:9" if name == "CLOUDRU_S3_ENDPOINT" else "test") for name in S3_VARIABLES.values())
"""A bucket at an address where nobody answers."""
WATCHER = r"(?:\.venv/bin/)?watcher"

RUN = (
    Run(r"make help", says=r"make run +\S"),
    Run(r"cd deploy", says=""),
    Run(r"cp env\.example \.env", says=""),
    Run(r"curl http://127\.0\.0\.1:8081/health", says=r'"status":"healthy"'),
    Run(r"curl https://address-of-the-service/health", says=r'"status":"healthy"'),
    Run(r"curl -i -H .*http://127\.0\.0\.1:8081/events .*", says=r"202 Accepted[\s\S]*accepted"),
    Run(r"cat data/processed/russian-page\.png/\*/document\.md", says=r"<!-- page 1 -->\n\n\S"),
    Run(rf"{WATCHER} run( --config watcher\.toml)?", says=r'"event": ?"daemon_started"', endless=True),
    Run(rf"{WATCHER} run --drain", says=r'"event": ?"inbox_drained"'),
    Run(rf"{WATCHER} put scans/? letter\.pdf", says=r": 2\n"),
    Run(rf"{WATCHER} put letter\.pdf", says=r": 1\n"),
    Run(rf"{WATCHER} put scans( letter\.pdf)? --wait( --timeout 600)?", says=r"scans/page\.png"),
    Run(rf"{WATCHER} get letter\.pdf( --markdown)?", says=r"letter|<!-- page 1 -->"),
    Run(rf"{WATCHER} get scans/contract\.pdf results", says=r"results"),
    Run(rf"{WATCHER} status", says=r"finished"),
    Run(rf"{WATCHER} status --watch", says=r"finished", endless=True),
    Run(rf"{WATCHER} status --json", says=r'"finished"'),
    Run(rf"{WATCHER} doctor( --no-engine| --json)?", says=r"engine"),
    Run(rf"{WATCHER} doctor --policy .*", says=r'"Statement"', variables=NOWHERE),
    Run(rf"{WATCHER} retry --all", says=r"broken\.pdf"),
    Run(rf"{WATCHER} retry --code encrypted_pdf", says=r"secret\.pdf"),
    Run(rf"{WATCHER} retry scans/broken\.pdf", says=r"broken\.pdf"),
    Run(rf"{WATCHER} redo (scans/)?letter\.pdf", says=r"letter\.pdf"),
)

NO_ENGINE = "needs a container engine; tests/image builds and runs the image without one"
NO_CLUSTER = "needs a cluster; tests/deploy checks the files"

NOT_RUN = (
    NotRun(r"make run", "it is what runs already while the others are given", checks.is_a_target),
    NotRun(r"make (test|check)", "runs these very tests, and takes minutes", checks.is_a_target),
    NotRun(r"make (venv|deps)", "would install packages", checks.is_a_target),
    NotRun(r"make image( .*)?", NO_ENGINE, checks.is_a_target),
    NotRun(r"docker push .*", NO_ENGINE, checks.names_the_image),
    NotRun(r"docker login .*", "asks for the secret of a registry", checks.names_a_registry),
    NotRun(r"docker compose .*", NO_ENGINE, checks.names_services),
    NotRun(r"kubectl apply .*", NO_CLUSTER, checks.names_manifests),
    NotRun(r"paddleocr genai_server .*", "needs a GPU and vLLM", checks.starts_a_model_server),
    NotRun(r"aws .* (s3|s3api|sns) .*", "is another program, at a bucket elsewhere", checks.names_our_prefixes),
    NotRun(r"mc event add .*|minio server \.\.\.", "is another program, at a server elsewhere", checks.names_our_prefixes),
    NotRun(r"export .*", "is for the shell that it is given in", checks.sets_a_variable),
)


def told_of(text: str) -> list[Told]:
    return [told for told in (*RUN, *NOT_RUN) if re.fullmatch(told.pattern, text, re.DOTALL)]
