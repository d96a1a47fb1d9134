"""What is answered at which address."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from watcher.domain.health import Answer, HealthSnapshot, judge, judge_ready
from watcher.pipeline.vitals import Pulse
from watcher.web.events import Events, receive
from watcher.web.languages import preferred
from watcher.web.page import HEADERS, status_page

_METHODS = ["GET", "HEAD"]


def create_app(
    health: Callable[[], HealthSnapshot],
    metrics: Callable[[], bytes],
    pulse: Callable[[], Pulse],
    events: Events | None = None,
    *,
    document_names: bool = False,
) -> FastAPI:
    """All of these are called on the server's only thread for each request: they must not block. Without `events` there is no /events.

    `document_names`: whether the page names the documents in progress.
    """
    app = FastAPI(title="watcher", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.api_route("/", methods=_METHODS)
    async def page_route(request: Request) -> Response:
        language = preferred(request.query_params.get("lang", ""), request.headers.get("accept-language", ""))
        return HTMLResponse(status_page(health(), pulse(), language, names=document_names), headers=HEADERS)

    @app.api_route("/health", methods=_METHODS)
    async def health_route() -> Response:
        return _respond(judge(health()))

    @app.api_route("/ready", methods=_METHODS)
    async def ready_route() -> Response:
        return _respond(judge_ready(health()))

    @app.api_route("/metrics", methods=_METHODS)
    async def metrics_route() -> Response:
        return Response(metrics(), media_type=CONTENT_TYPE_LATEST)

    if events is not None:

        @app.post("/events")
        async def events_route(request: Request) -> Response:
            return await receive(request, events)

    @app.exception_handler(Exception)
    async def internal_error(_request: Request, _error: Exception) -> Response:
        return JSONResponse({"status": "unhealthy", "reason": "internal error; see the log"}, status_code=500)

    return app


def _respond(answer: Answer) -> Response:
    return JSONResponse(answer.document, status_code=answer.status, headers={"Cache-Control": "no-store"})
