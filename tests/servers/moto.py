"""moto's S3 in this process: a second implementation of the protocol, which checks no credentials.

Its conditional PUT looks and writes in two steps, so racing requests may both win unless they are handled one at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from servers.s3_server import S3Server
from werkzeug.serving import make_server

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Quiet(MotoRequestHandler):
    def log_request(self, *args: object) -> None:
        """Thousands of lines would hide what a failing test has to say."""


@contextmanager
def run_moto(one_at_a_time: bool) -> Iterator[S3Server]:
    application: Application = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1",
        0,
        _in_turn(application) if one_at_a_time else application,
        threaded=True,
        request_handler=_Quiet,
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield S3Server(f"http://127.0.0.1:{server.server_port}", "test", "test")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _in_turn(application: Application) -> Application:
    turn = threading.Lock()

    def handle(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with turn:
            return application(environ, start_response)

    return handle
