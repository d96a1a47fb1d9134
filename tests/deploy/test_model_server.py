"""The command that starts vLLM: the same wherever it is told, and one that PaddleOCR takes."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from deploy.manifests import DEPLOY, KUBERNETES, ROOT, dotenv, environment, find, load
from deploy.manifests import build as build_folder

from watcher.engines.paddle.models import RELEASES
from watcher.settings import load_settings

ENGINES = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
EXAMPLE = dotenv(DEPLOY / "env.example")
# The generative part is refused where vLLM is not installed, which needs a GPU; its command line and names are there all the same.
ASK = """
import json, sys
import paddlex.utils.deps as deps
deps.require_genai_engine_plugin = lambda *arguments, **named: None
from paddlex.inference.genai.models import ALL_MODEL_INFO
from paddlex.inference.genai.server import get_arg_parser
print(json.dumps([sorted(ALL_MODEL_INFO), vars(get_arg_parser().parse_args(json.loads(sys.argv[1])))]))
"""


def told_in_engines() -> list[str]:
    (command,) = re.findall(r'^command = "(paddleocr genai_server .*)"$', ENGINES, re.MULTILINE)
    return str(command).replace("--host 127.0.0.1", "--host 0.0.0.0").split()  # not beside the daemon, but in a container of its own


def of_compose() -> list[str]:
    command = load(DEPLOY / "compose.yaml")["services"]["model-server"]["command"]
    return [EXAMPLE["MODEL_NAME"] if word.startswith("${MODEL_NAME:?") else word for word in command]


def of_kubernetes() -> list[str]:
    (container,) = load(KUBERNETES / "model-server" / "deployment.yaml")["spec"]["template"]["spec"]["containers"]
    return [*container["command"], *container["args"]]


def of_guide(name: str) -> list[str]:
    (command,) = re.findall(r"^paddleocr genai_server .*$", (DEPLOY / name).read_text(encoding="utf-8"), re.MULTILINE)
    return str(command).split()


@pytest.mark.parametrize(
    "command",
    [of_compose(), of_kubernetes(), of_guide("cloudru.md"), of_guide("cloudru.ru.md")],
    ids=["compose", "kubernetes", "cloudru.md", "cloudru.ru.md"],
)
def test_command_is_that_of_the_manual_of_engines(command: list[str]) -> None:
    assert command == told_in_engines()


def rows() -> dict[str, tuple[str, str]]:
    """The model and the version that go with images of a release of PaddleOCR."""
    found = re.findall(r"^\| `paddleocr([\d.]+)` \| `([^`]+)` \| `([^`]+)` \|$", README, re.MULTILINE)
    assert len(found) > 1
    return {release: (model, version) for release, model, version in found}


@pytest.mark.parametrize("release", rows())
def test_paddleocr_takes_the_command_and_knows_the_model(release: str) -> None:
    python = ROOT / "build" / f"paddle-{release}" / "bin" / "python"
    if not python.exists():
        reason = f"PaddleOCR {release} is not installed: scripts/paddle.sh"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    command = [str(python), "-c", ASK, json.dumps(of_compose()[2:])]
    environ = {**os.environ, "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True"}
    asked = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert asked.returncode == 0, asked.stderr[-2000:]
    models, taken = json.loads(asked.stdout.splitlines()[-1])
    assert {name: taken[name] for name in ("backend", "host", "port")} == {"backend": "vllm", "host": "0.0.0.0", "port": 8080}
    assert rows()[release][0] in models


def test_image_model_and_version_go_together() -> None:
    server = load(KUBERNETES / "model-server" / "deployment.yaml")
    secret = load(KUBERNETES / "watcher" / "secret.example.yaml")
    (container,) = find(build_folder(KUBERNETES / "model-server"), "Deployment", "watcher")["spec"]["template"]["spec"]["containers"]
    kubernetes = load_settings(None, environment(container, secret)).ocr.pipeline_version
    for image, version in (
        (EXAMPLE["MODEL_SERVER_IMAGE"], EXAMPLE["WATCHER_OCR__PIPELINE_VERSION"]),
        (server["spec"]["template"]["spec"]["containers"][0]["image"], kubernetes),
    ):
        (release,) = re.findall(r"paddleocr-genai-vllm-server:paddleocr([\d.]+)-", image)
        assert (of_compose()[3], version) == rows()[release]


def test_versions_are_those_that_the_daemon_knows() -> None:
    assert {version for _, version in rows().values()} <= {release.version for release in RELEASES}
