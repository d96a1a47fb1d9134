"""What is looked at of a command that is not run. Each check gets the command and the folder that it is given in, and raises `AssertionError`, or a
parser's own error."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path

import typer
import yaml

from scripts.site_pages import ROOT
from watcher import __version__
from watcher.cli.main import app
from watcher.engines.paddle.models import RELEASES
from watcher.settings import MODEL_SERVERS, Settings
from watcher.settings.wording import variables

IMAGE = f"paddleocr-watcher:{__version__}"
"""As scripts/image.sh calls it; tests/image builds it."""


def is_a_target(text: str, _folder: Path) -> None:
    """`make` would do it: the target and all that it needs exist."""
    program, *arguments = shlex.split(text)
    assert program == "make"
    done = subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def has_such_options(text: str) -> None:
    """`watcher COMMAND --option ...` as a page speaks of it, mostly without arguments: command and options exist."""
    _, *words = shlex.split(text)
    group = typer.main.get_command(app)
    name = next((word for word in words if not word.startswith("-")), "")
    command = group.commands[name] if name else group
    known = {option for parameter in [*command.params, *group.params] for option in parameter.opts} | {"--help", "-h"}
    assert {word for word in words if word.startswith("-")} <= known


def names_services(text: str, folder: Path) -> None:
    """`docker compose`: what looks like a service is one, and what is copied lies on a volume of it."""
    services = yaml.safe_load((folder / "compose.yaml").read_text(encoding="utf-8"))["services"]
    words = shlex.split(text)
    command = next(word for word in words[2:] if not word.startswith("-"))
    assert command in ("up", "down", "logs", "cp", "ps", "exec", "stop", "pull", "config")
    if command == "cp":
        ((service, path),) = [word.split(":") for word in words if ":" in word]
        mounts = [volume.split(":")[1] for volume in services[service]["volumes"]]
        assert any(Path(path).is_relative_to(mount) for mount in mounts)
    elif command in ("logs", "exec"):
        assert set(services) & set(words)


def names_manifests(text: str, folder: Path) -> None:
    """`kubectl apply`: the folder has a kustomization, the file is there or an example of it is."""
    given = [word for word in shlex.split(text)[2:] if not word.startswith("-")]
    assert given
    for name in given:
        path = folder / name
        example = path.with_suffix(f".example{path.suffix}")
        (found,) = [file for file in (path / "kustomization.yaml", path, example) if file.is_file()]
        assert list(yaml.safe_load_all(found.read_text(encoding="utf-8")))


def names_the_image(text: str, _folder: Path) -> None:
    assert re.search(rf"[ /]{re.escape(IMAGE)}( |$)", text)


def names_a_registry(text: str, _folder: Path) -> None:
    """No secret stands in the command, where the shell's history would keep it."""
    assert re.fullmatch(r"docker login [a-z0-9.-]+ --username test", text)


def starts_a_model_server(text: str, _folder: Path) -> None:
    """Model and backend are such as the daemon knows."""
    (name,) = re.findall(r"--model_name (\S+)", text)
    (backend,) = re.findall(r"--backend (\S+)", text)
    assert name.removesuffix("-0.9B") in {release.language for release in RELEASES}
    assert f"{backend}-server" in MODEL_SERVERS


def names_our_prefixes(text: str, _folder: Path) -> None:
    """Another program at the bucket: files that it sends are there, JSON can be read, and keys stand under prefixes that the daemon has."""
    prefixes = tuple(Settings().layout.model_dump().values())
    words = shlex.split(text)
    for before, word in zip(["", *words], words, strict=False):
        assert not word.startswith("samples/") or (ROOT / word).is_file()
        assert before != "--prefix" or word in prefixes
        if word.startswith("s3://"):
            assert word.split("/", 3)[3].startswith(prefixes)
        if word.startswith("{"):
            named = re.findall(r'"prefix", "Value": "([^"]*)"', json.dumps(json.loads(word)))
            assert set(named) <= set(prefixes)


def sets_a_variable(text: str, _folder: Path) -> None:
    (name,) = re.findall(r"^export ([A-Z][A-Z0-9_]*)=", text)
    assert not name.startswith("WATCHER_") or name in variables()
