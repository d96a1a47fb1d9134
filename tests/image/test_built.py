"""What the built image is made of."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath

import pytest
from image.build import Built
from image.container import Container

from watcher import __version__

pytestmark = pytest.mark.timeout(1800)  # the first test waits for the build

MOST_BYTES = 100 * 10**6
PERSON = 1000
PACKAGES = re.compile(r"usr/local/lib/python3\.\d+/site-packages/")
OURS = re.compile(rf"app(/(start\.sh|output|data))?|usr/local/bin/[\w.-]+(/.*\.pyc)?|{PACKAGES.pattern}.+")
PASSED_THROUGH = re.compile(
    r"(usr|usr/local|usr/local/bin|usr/local/lib|usr/local/lib/python3\.\d+(/site-packages)?|run|tmp(/lent)?|srv|mnt|etc)"
)
HELD = re.compile(r"paddle(paddle|ocr|x)|opencv-.*|numpy|safetensors")

Entry = tuple[tarfile.TarInfo, bytes]


@pytest.fixture(scope="module")
def layers(image: Built, tmp_path_factory: pytest.TempPathFactory) -> list[list[Entry]]:
    """What each of our layers holds."""
    archives = image.buildah.layers_above(image.base, image.name, tmp_path_factory.mktemp("layers"))
    return [list(_entries(archive)) for archive in archives]


def _entries(archive: Path) -> Iterator[Entry]:
    with tarfile.open(archive) as opened:
        for entry in opened:
            file = opened.extractfile(entry) if entry.isreg() else None
            yield entry, file.read() if file else b""


@pytest.fixture(scope="module")
def entries(layers: list[list[Entry]]) -> list[Entry]:
    return [entry for layer in layers for entry in layer]


def installed(container: Container) -> dict[str, str]:
    listing = container.run("python", "-m", "pip", "list", "--format=json", "--disable-pip-version-check")
    assert listing.returncode == 0, listing.stderr
    return {package["name"].lower().replace("_", "-"): package["version"] for package in json.loads(listing.stdout)}


def test_configuration_is_what_the_platform_asks_for(image: Built) -> None:
    found = image.buildah.inspect(image.name)
    assert (found["OCIv1"]["os"], found["OCIv1"]["architecture"]) == ("linux", "amd64")
    config = image.config
    assert config["User"] == str(PERSON)
    assert config["WorkingDir"] == "/app"
    assert "8081/tcp" in config["ExposedPorts"]
    assert not config["Volumes"]
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Labels"]["org.opencontainers.image.version"] == __version__


def test_the_base_images_own_command_is_gone(image: Built) -> None:
    base = image.config_of(image.base)
    assert base["Cmd"][0] == "paddlex"
    assert (image.config["Entrypoint"], image.config["Cmd"] or []) == (["/app/start.sh"], [])


def test_environment_is_the_base_images_and_ours(image: Built) -> None:
    base = image.config_of(image.base)["Env"]
    ours = ["WATCHER_OUTPUT__FOLDER=/app/output", "WATCHER_STORAGE__FOLDER=/app/data", "WATCHER_LOG__FORMAT=json"]
    assert image.config["Env"] == base + ours


def test_layers_hold_the_program_and_its_packages_and_nothing_else(entries: list[Entry]) -> None:
    names = [entry.name.removeprefix("./").rstrip("/") for entry, _ in entries]
    assert "app/start.sh" in names
    assert [name for name in names if not OURS.fullmatch(name) and not PASSED_THROUGH.fullmatch(name)] == []
    files = [entry.name for entry, _ in entries if PASSED_THROUGH.fullmatch(entry.name.rstrip("/")) and not entry.isdir()]
    assert files == []


def test_no_layer_holds_a_secret_or_the_way_to_the_package_index(image: Built, layers: list[list[Entry]]) -> None:
    steps = image.buildah.inspect(image.name)["History"][len(image.buildah.inspect(image.base)["History"]) :]
    assert [step for step in steps if "start.sh" in step["created_by"]]
    told = json.dumps([steps, image.config])
    assert not any(text in told for text in image.private)
    needles = [text.encode() for text in image.private]
    found = [entry.name for layer in layers for entry, body in layer if any(needle in body for needle in needles)]
    assert found == []


def test_everybody_may_read_it_and_the_daemon_may_write_in_two_folders_only(entries: list[Entry]) -> None:
    theirs = {entry.name.rstrip("/") for entry, _ in entries if entry.uid == PERSON}
    assert theirs == {"app/output", "app/data"}
    assert {(entry.uid, entry.gid) for entry, _ in entries} == {(0, 0), (PERSON, PERSON)}
    needed = {True: 0o005, False: 0o004}
    there = [entry for entry, _ in entries if not PurePosixPath(entry.name).name.startswith(".wh.")]  # those only tell what was removed
    assert [entry.name for entry in there if entry.mode & needed[entry.isdir()] != needed[entry.isdir()]] == []
    writable = [entry for entry in there if not entry.issym() and entry.mode & 0o022]
    assert {(entry.name.rstrip("/"), entry.mode & 0o7777) for entry in writable} <= {("tmp", 0o1777)}
    assert [entry.name for entry, _ in entries if entry.isreg() and entry.mode & 0o6000] == []


def test_size_that_we_add_stays_small(layers: list[list[Entry]], tell: Callable[[str], None]) -> None:
    size = sum(entry.size for layer in layers for entry, _ in layer)
    tell(f"adds {size / 10**6:.1f} MB in {len(layers)} layers to its base; {MOST_BYTES / 10**6:.0f} MB are allowed")
    assert 10**6 < size < MOST_BYTES


def test_the_whole_package_is_installed(image: Built, entries: list[Entry]) -> None:
    packaged = {PACKAGES.sub("", entry.name) for entry, _ in entries if entry.isreg() and PACKAGES.match(entry.name)}
    source = {path.relative_to(image.source).as_posix() for path in (image.source / "watcher").rglob("*") if path.is_file()}
    source -= {"watcher/.env"}
    assert {name for name in packaged if name.startswith("watcher/") and not name.endswith(".pyc")} == source


def test_the_ocr_stack_of_the_base_stays_as_it_is(image: Built, container: Callable[[], AbstractContextManager[Container]]) -> None:
    with container() as it, image.buildah.mounted(image.base) as files:
        base = Container(files, {**image.config, "WorkingDir": "/"})
        before, after = installed(base), installed(it)
        broken_before, broken_after = (one.run("python", "-m", "pip", "check").stdout.splitlines() for one in (base, it))
    held = {name: version for name, version in before.items() if HELD.fullmatch(name)}
    assert set(held) >= {"paddlepaddle", "paddleocr", "paddlex", "opencv-contrib-python", "numpy", "safetensors"}
    assert {name: version for name, version in after.items() if HELD.fullmatch(name)} == held
    assert "paddleocr-watcher" in set(after) - set(before)
    # of the packages that the base has and we lack, none is left without what it needs
    assert set(broken_after) - set(broken_before) <= {"No broken requirements found."}
