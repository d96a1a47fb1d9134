"""deploy/compose.yaml: as docker-compose reads it, and its commands run against real processes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.manifests import DEPLOY, ROOT, dotenv, load
from servers.daemon import Daemon
from servers.model_server import ModelServer
from servers.s3_server import free_port

from watcher import __version__
from watcher.settings import load_settings

COMPOSE = load(DEPLOY / "compose.yaml")
WATCHER, MODEL_SERVER = COMPOSE["services"]["watcher"], COMPOSE["services"]["model-server"]
EXAMPLE = dotenv(DEPLOY / "env.example")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SETTINGS = load_settings(None, {**EXAMPLE, **WATCHER["environment"]})


@pytest.fixture
def compose(require_program: Callable[[str, str], str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`compose(*arguments)` in a folder with the two files, where .env is the example without the lines of `without`."""
    program = require_program("docker-compose", "docker-compose")
    shutil.copy(DEPLOY / "compose.yaml", tmp_path)

    def run(*arguments: str, without: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
        variables = {**EXAMPLE, **changes}
        lines = [f"{name}={value}\n" for name, value in variables.items() if name != without]
        (tmp_path / ".env").write_text("".join(lines), encoding="utf-8")
        command = [program, "--file", str(tmp_path / "compose.yaml"), *arguments]
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)

    return run


def in_seconds(text: str) -> int:
    assert re.fullmatch(r"\d+s", text)
    return int(text[:-1])


def at_port(command: list[str], told: int, port: int) -> list[str]:
    """The health check's command, with a free port in the place of the container's, and this Python in that of the image."""
    test, program, *arguments = command
    assert test == "CMD"
    assert sum(f"127.0.0.1:{told}/" in word for word in arguments) == 1
    words = [word.replace(f"127.0.0.1:{told}/", f"127.0.0.1:{port}/") for word in arguments]
    return [sys.executable if program == "python" else program, *words]


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


def test_docker_compose_takes_it_and_fills_in_the_example(compose: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    made = compose("config")
    assert made.returncode == 0, made.stderr
    services: dict[str, Any] = yaml.safe_load(made.stdout)["services"]
    assert set(services) == {"watcher", "model-server"}
    assert services["watcher"]["image"] == EXAMPLE["IMAGE"]
    assert services["model-server"]["image"] == EXAMPLE["MODEL_SERVER_IMAGE"]
    assert EXAMPLE["MODEL_NAME"] in services["model-server"]["command"]
    passed = services["watcher"]["environment"]
    assert passed == {**EXAMPLE, **WATCHER["environment"]}
    assert not set(services["model-server"].get("environment", {})) & set(EXAMPLE), "the model server needs no key of the bucket"
    for service in services.values():
        (device,) = service["deploy"]["resources"]["reservations"]["devices"]
        assert device["device_ids"] == [EXAMPLE["GPU"]]


@pytest.mark.parametrize("name", ["IMAGE", "MODEL_SERVER_IMAGE", "MODEL_NAME"])
def test_what_has_no_default_is_asked_for_by_name(compose: Callable[..., subprocess.CompletedProcess[str]], name: str) -> None:
    made = compose("config", "--quiet", without=name)
    assert made.returncode != 0
    assert name in made.stderr
    assert "env.example" in made.stderr


def test_it_names_no_version_of_the_format() -> None:
    assert "version" not in COMPOSE


def test_the_example_names_the_image_that_make_builds() -> None:
    assert EXAMPLE["IMAGE"] == f"paddleocr-watcher:{__version__}"
    assert re.search(r"^IMAGE \?= paddleocr-watcher$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_settings_of_the_daemon_are_valid_and_name_the_server_beside_it() -> None:
    assert SETTINGS.s3.configured
    assert SETTINGS.ocr.backend == "vllm-server"
    command = MODEL_SERVER["command"]
    assert SETTINGS.ocr.server.url == (f"http://model-server:{command[command.index('--port') + 1]}/v1",)


def test_without_a_bucket_they_are_valid_too() -> None:
    without = {name: value for name, value in EXAMPLE.items() if not name.startswith("CLOUDRU_")}
    assert not load_settings(None, {**without, **WATCHER["environment"]}).s3.configured


def test_every_folder_that_the_daemon_writes_to_can_be_written() -> None:
    assert WATCHER["read_only"] is True
    writable = {mount.split(":")[0] for mount in WATCHER["tmpfs"]} | {mount.split(":")[1] for mount in WATCHER["volumes"]}
    assert SETTINGS.watch.scratch == "", "scratch is the system's temporary folder"
    assert SETTINGS.output.folder == ""
    (folder,) = re.findall(r"WATCHER_STORAGE__FOLDER=(\S+)", DOCKERFILE)
    assert writable == {"/tmp", folder}
    assert WATCHER["environment"]["PADDLE_PDX_CACHE_HOME"].startswith("/tmp/")
    (mode,) = re.findall(r"mode=(\d+)", WATCHER["tmpfs"][0])
    assert mode == "1777"


def test_models_are_where_the_image_has_them() -> None:
    start = (ROOT / "start.sh").read_text(encoding="utf-8")
    (home,) = re.findall(r"PADDLE_PDX_CACHE_HOME:-(\S+)\}", start)
    assert SETTINGS.ocr.models == f"{home}/official_models"


@pytest.mark.parametrize("service", [WATCHER, MODEL_SERVER], ids=["watcher", "model-server"])
def test_nobody_is_root_or_may_become_it(service: dict[str, Any]) -> None:
    assert service["user"] == "1000:1000"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_the_port_is_the_images_and_stays_on_this_machine() -> None:
    (published,) = WATCHER["ports"]
    assert published == f"127.0.0.1:{SETTINGS.http.port}:{SETTINGS.http.port}"
    assert re.search(rf"^EXPOSE {SETTINGS.http.port}$", DOCKERFILE, re.MULTILINE)
    assert "ports" not in MODEL_SERVER


def test_the_model_server_reaches_nobody() -> None:
    assert MODEL_SERVER["networks"] == ["models"]
    assert COMPOSE["networks"]["models"] == {"internal": True}
    assert set(WATCHER["networks"]) > {"models"}


def test_there_is_time_to_hand_documents_back_before_the_model_server_ends() -> None:
    assert in_seconds(WATCHER["stop_grace_period"]) >= SETTINGS.watch.grace_seconds + SETTINGS.watch.hand_back_seconds + 5
    assert "model-server" in WATCHER["depends_on"]


def test_health_check_of_the_daemon_tells_one_that_runs_from_none(busy_daemon: Daemon) -> None:
    command = WATCHER["healthcheck"]["test"]
    assert succeeds(at_port(command, SETTINGS.http.port, busy_daemon.port))
    assert not succeeds(at_port(command, SETTINGS.http.port, free_port()))


def test_health_check_of_the_model_server_tells_one_that_runs_from_none(
    model_server: ModelServer, require_program: Callable[[str, str], str]
) -> None:
    require_program("curl", "curl")
    command = MODEL_SERVER["healthcheck"]["test"]
    assert succeeds(at_port(command, 8080, model_server.port))
    assert not succeeds(at_port(command, 8080, free_port()))
