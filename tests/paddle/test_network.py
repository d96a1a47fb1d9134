"""Nothing asks the network but for the model server, from the first import on: every other attempt is refused and written down."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from doubles.paddle_reader import Draw, engine_options, models
from servers.scripted_model import Script

from watcher.engines import child
from watcher.engines.port import EngineSpec
from watcher.workers.pool import ChildPool

ONE = [("text", 0.1, 0.1, 0.9, 0.3), ("table", 0.1, 0.4, 0.9, 0.9)]


class NetworkRefusedError(OSError):
    """What every attempt gets."""


def refuse_network(record: str, allowed_port: int) -> None:
    """In the child, before anything is imported: connections to the loopback's `allowed_port` alone are let through."""

    def attempted(what: object) -> NetworkRefusedError:
        with Path(record).open("a", encoding="utf-8") as file:
            file.write(f"{what}\n")
        return NetworkRefusedError("the network is refused")

    def checked(address: Any) -> None:
        if isinstance(address, tuple) and address[:2] != ("127.0.0.1", allowed_port):
            raise attempted(address)

    connect, connect_ex, sendto, look_up = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto, socket.getaddrinfo

    def checked_connect(self: socket.socket, address: Any) -> None:
        checked(address)
        return connect(self, address)

    def checked_connect_ex(self: socket.socket, address: Any) -> int:
        checked(address)
        return connect_ex(self, address)

    def checked_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        checked(rest[-1])
        return sendto(self, data, *rest)

    def checked_look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        if host not in ("127.0.0.1", b"127.0.0.1", None):
            raise attempted((host, port))
        return look_up(host, port, *args, **options)

    socket.socket.connect = checked_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = checked_connect_ex  # type: ignore[method-assign]
    socket.socket.sendto = checked_sendto  # type: ignore[method-assign,assignment]
    socket.getaddrinfo = checked_look_up
    for name in ("gethostbyname", "gethostbyname_ex", "create_connection"):
        setattr(socket, name, refusing(name, getattr(socket, name), checked, attempted))


def refusing(name: str, real: Any, checked: Any, attempted: Any) -> Any:
    def call(target: Any, *args: Any, **options: Any) -> Any:
        if name == "create_connection":
            checked(tuple(target))
        elif target != "127.0.0.1":
            raise attempted((name, target))
        return real(target, *args, **options)

    return call


def load_without_network(record: str, allowed_port: int, spec: EngineSpec) -> None:
    refuse_network(record, allowed_port)
    child.load(spec)


def ask_a_host() -> None:
    socket.create_connection(("192.0.2.1", 443), timeout=5)


def look_up_a_host() -> None:
    socket.getaddrinfo("paddle-model-ecology.bj.bcebos.com", 443)


@pytest.mark.parametrize("served", [False, True], ids=["native", "server"])
def test_loading_and_reading_ask_no_host(
    tmp_path: Path, script: Script, release: str, draw: Draw, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # with none of the caches of this machine
    record = tmp_path / "attempts"
    url = script.url if served else ""
    port = int(url.rpartition(":")[2].partition("/")[0]) if served else 0
    spec = EngineSpec("paddleocr-vl", engine_options(models(ONE), release, url))
    pool = ChildPool(
        "engine",
        processes=1,
        memory_bytes=None,
        calls_per_child=0,
        initializer=load_without_network,
        initargs=(str(record), port, spec),
        start_seconds=120,
    )
    with closing(pool):
        assert pool.call(child.try_out, seconds=120).version
        readings = pool.call(child.read, (draw(), draw()), seconds=120)
        assert [len(reading.blocks) for reading in readings] == [2, 2]
        assert not record.exists(), record.read_text()
        assert bool(script.asked) is served
        for attempt in (ask_a_host, look_up_a_host):  # the record works
            with pytest.raises(NetworkRefusedError):
                pool.call(attempt, seconds=120)
        assert len(record.read_text().splitlines()) == 2
